/** Assistants as agents of A2A, for the SDK's clients of both versions of the protocol. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  ClientFactory as FormerFactory,
  DefaultAgentCardResolver as FormerResolver,
  JsonRpcTransportFactory as FormerTransport,
} from "a2a-0.3/client";
import type { Message as FormerMessage, Task as FormerTask } from "a2a-0.3";
import { Role, TaskState, type Message, type Part, type StreamResponse, type Task } from "@a2a-js/sdk";
import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  type Client,
} from "@a2a-js/sdk/client";
import { Auth } from "@langchain/langgraph-sdk/auth";
import { beforeEach, describe, expect, it } from "vitest";
import { createApp } from "../../../src/edge/app";
import type { Run } from "../../../src/wire/runs/run";
import { callAs, owners, restoreAuthAfterEach, useAuth } from "../../support/auth";
import { call, create, edgeFetch } from "../../support/edge";
import { gateReached, openGate, waitAt } from "../../support/graphs/steps";
import { createThread } from "../../support/threads";

restoreAuthAfterEach();

const cardPath = (assistant: string): string => `/.well-known/agent-card.json?assistant_id=${assistant}`;

/** A `fetch` of somebody with this token. */
const fetchAs =
  (token: string): typeof fetch =>
  (input, init) => {
    const request = new Request(input, init);
    if (token !== "") request.headers.set("authorization", `Bearer ${token}`);
    return edgeFetch(request);
  };

/** A client of today, which has found the assistant by its card. */
function clientOf(assistant: string, token = ""): Promise<Client> {
  const fetchImpl = fetchAs(token);
  // The SDK asks for an object of these fields, by the type of a class that has nothing else.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  const transports = [new JsonRpcTransportFactory({ fetchImpl })];
  const cardResolver = new DefaultAgentCardResolver({ fetchImpl });
  return new ClientFactory({ transports, cardResolver }).createFromUrl("http://edge", cardPath(assistant));
}

/** A client of version 0.3. */
function formerClientOf(assistant: string): ReturnType<FormerFactory["createFromUrl"]> {
  const fetchImpl = fetchAs("");
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  const transports = [new FormerTransport({ fetchImpl })];
  const cardResolver = new FormerResolver({ fetchImpl });
  return new FormerFactory({ transports, cardResolver }).createFromUrl("http://edge", cardPath(assistant));
}

const part = (value: string | object): Part => ({
  content: typeof value === "string" ? { $case: "text", value } : { $case: "data", value },
  metadata: undefined,
  filename: "",
  mediaType: "",
});

const messageOf = (value: string | object, ids: { taskId?: string; contextId?: string } = {}): Message => ({
  messageId: crypto.randomUUID(),
  contextId: "",
  taskId: "",
  ...ids,
  role: Role.ROLE_USER,
  parts: [part(value)],
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
});

const request = (message: Message, returnImmediately = false) => ({
  tenant: "",
  message,
  configuration: {
    acceptedOutputModes: [],
    taskPushNotificationConfig: undefined,
    returnImmediately,
  },
  metadata: undefined,
});

const send = async (client: Client, message: Message, returnImmediately = false): Promise<Task> =>
  (await client.sendMessage(request(message, returnImmediately))) as Task;

const stateOf = ({ status }: Task): string =>
  String(TaskState[status?.state ?? 0]).replace("TASK_STATE_", "");

const textOf = (parts: readonly Part[] = []): string =>
  parts
    .map(({ content }) => (content?.$case === "text" ? content.value : JSON.stringify(content?.value)))
    .join("");

const answerOf = ({ artifacts }: Task): string => artifacts.map(({ parts }) => textOf(parts)).join("|");

/** Cancels the run of a thread by the API. */
async function cancelRunOf(threadId: string): Promise<void> {
  const [run] = (await call<Run[]>("GET", `/threads/${threadId}/runs`)).body;
  expect((await call("POST", `/threads/${threadId}/runs/${run?.run_id}/cancel`)).status).toBe(202);
}

describe("a card", () => {
  it("tells other agents what the assistant is and where", async () => {
    const { assistant_id: id } = await create({
      graph_id: "confers",
      name: "Listener",
      description: "It listens.",
    });
    const { body } = await call("GET", cardPath(id));
    expect(body).toMatchObject({
      name: "Listener",
      description: "It listens.",
      url: `http://edge/a2a/${id}`,
      protocolVersion: "0.3.0",
      supportedInterfaces: [
        { protocolVersion: "1.0", url: `http://edge/a2a/${id}` },
        { protocolVersion: "0.3" },
      ],
      capabilities: { streaming: true },
      skills: [{ id, name: "Listener" }],
    });
    expect((await clientOf(id)).protocolVersion).toBe("1.0");
  });

  it("is refused where there is none, with what was expected", async () => {
    expect(await call("GET", "/.well-known/agent-card.json")).toMatchObject({
      status: 422,
      body: { detail: expect.stringMatching(/^assistant_id: expected .*there are: .*confers/) as string },
    });
    expect(await call("GET", cardPath("echo"))).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining("no `messages`") as string },
    });
    expect((await call("GET", cardPath("nobody"))).status).toBe(404);
  });
});

describe("a message", () => {
  it("is a run on a thread, and a further one goes on with it", async () => {
    const client = await clientOf("confers");
    const task = await send(client, messageOf("hello"));
    expect([stateOf(task), answerOf(task)]).toEqual(["COMPLETED", "heard: hello (1)"]);
    const { body: run } = await call<Run>("GET", `/threads/${task.contextId}/runs/${task.id}`);
    expect(run.status).toBe("success");
    const next = await send(client, messageOf({ a: 1 }, { contextId: task.contextId }));
    expect(answerOf(next)).toBe('heard: {"a":1} (3)');
    expect(next.contextId).toBe(task.contextId);
    // What became of the first is still known.
    expect(answerOf(await client.getTask({ tenant: "", id: task.id }))).toBe("heard: hello (1)");
    expect((await client.getTask({ tenant: "", id: next.id, historyLength: 1 })).history).toHaveLength(1);
  });

  it("may be answered before its end, and be asked about and cancelled", async () => {
    const client = await clientOf("confers");
    const gate = crypto.randomUUID();
    const task = await send(client, messageOf(`wait ${gate}`), true);
    expect(["SUBMITTED", "WORKING"]).toContain(stateOf(task));
    await gateReached(gate);
    expect(stateOf(await client.getTask({ tenant: "", id: task.id }))).toBe("WORKING");
    const cancelled = await client.cancelTask({ tenant: "", id: task.id, metadata: undefined });
    expect(stateOf(cancelled)).toBe("CANCELED");
    openGate(gate);
    await expect(client.cancelTask({ tenant: "", id: task.id, metadata: undefined })).rejects.toMatchObject({
      name: "TaskNotCancelableError",
    });
  });

  it("is cancelled when somebody cancels its run by the API", async () => {
    const gate = crypto.randomUUID();
    const contextId = crypto.randomUUID();
    const task = send(await clientOf("confers"), messageOf(`wait ${gate}`, { contextId }));
    await gateReached(gate);
    await cancelRunOf(contextId);
    expect(stateOf(await task)).toBe("CANCELED");
  });

  it("is a failed task when the run fails", async () => {
    const task = await send(await clientOf("confers"), messageOf("fail no luck"));
    expect([stateOf(task), textOf(task.status?.message?.parts)]).toEqual(["FAILED", "no luck"]);
  });

  it("that is asked back needs an answer, and the task goes on with it", async () => {
    const client = await clientOf("confers");
    const asked = await send(client, messageOf("ask which one?"));
    expect([stateOf(asked), textOf(asked.status?.message?.parts)]).toEqual(["INPUT_REQUIRED", "which one?"]);
    const { id: taskId, contextId } = asked;
    const answered = await send(client, messageOf({ color: "blue" }, { taskId, contextId }));
    expect([answered.id, stateOf(answered), answerOf(answered)]).toEqual([
      taskId,
      "COMPLETED",
      'then {"color":"blue"}',
    ]);
    expect(answerOf(await client.getTask({ tenant: "", id: taskId }))).toBe('then {"color":"blue"}');
    await expect(send(client, messageOf("again", { taskId }))).rejects.toMatchObject({
      name: "UnsupportedOperationError",
    });
  });
});

it("of two answers at the same time only one is taken", async () => {
  const client = await clientOf("talks");
  const contextId = crypto.randomUUID();
  await createThread({
    thread_id: contextId,
    metadata: { graph_id: "talks" },
    supersteps: [{ updates: [{ values: { gate: contextId }, as_node: "__start__" }] }],
  });
  const asked = await send(client, messageOf("ask me", { contextId }));
  const answer = () => send(client, messageOf("yes", { taskId: asked.id, contextId }));
  const answers = [answer(), answer()];
  const refusal = await Promise.any(
    answers.map((sent) =>
      sent.then(
        () => Promise.reject(new Error("was taken")),
        (error: unknown) => error,
      ),
    ),
  );
  openGate(contextId);
  const results = await Promise.allSettled(answers);
  expect(refusal).toMatchObject({ message: expect.stringContaining("message.taskId") as string });
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(stateOf(await client.getTask({ tenant: "", id: asked.id }))).toBe("COMPLETED");
});

describe("an answer that comes just after somebody else's was taken", () => {
  /** Whoever is late has read the task, and waits at the gate of the test before the run begins. */
  const lateAt = (gate: string): Auth =>
    new Auth()
      .authenticate((request) => ({ identity: request.headers.get("authorization") ?? "", permissions: [] }))
      .on("threads:create_run", async ({ user }) => {
        if (user.identity === "Bearer late") await waitAt(gate, undefined);
        return true;
      });

  it.each(["the older API", "A2A"])("by %s is refused, and starts no run", async (way) => {
    const gate = crypto.randomUUID();
    useAuth(lateAt(gate));
    const [late, early] = await Promise.all([clientOf("confers", "late"), clientOf("confers", "early")]);
    const { id: taskId, contextId } = await send(early, messageOf("ask which one?"));
    const refusal = expect(send(late, messageOf("mine", { taskId, contextId }))).rejects.toMatchObject({
      name: "UnsupportedOperationError",
      message: expect.stringContaining("does not ask for anything") as string,
    });
    await gateReached(gate);
    if (way === "A2A") await send(early, messageOf("theirs", { taskId, contextId }));
    else {
      const body = { assistant_id: "confers", command: { resume: "theirs" } };
      await callAs("early", "POST", `/threads/${contextId}/runs/wait`, body);
    }
    openGate(gate);
    await refusal;
    const { body: runs } = await callAs<Run[]>("early", "GET", `/threads/${contextId}/runs`);
    expect(runs.map(({ status }) => status)).toEqual(["success", "success"]);
    expect(stateOf(await early.getTask({ tenant: "", id: taskId }))).toBe("COMPLETED");
  });
});

describe("a stream", () => {
  const eventsOf = async (events: AsyncGenerator<StreamResponse>): Promise<string[]> => {
    const told: string[] = [];
    for await (const { payload } of events) {
      if (payload?.$case === "task") told.push(`task ${stateOf(payload.value)}`);
      if (payload?.$case === "artifactUpdate") {
        told.push(`${payload.value.append ? "+" : ""}${textOf(payload.value.artifact?.parts)}`);
      }
      if (payload?.$case === "statusUpdate") told.push(String(TaskState[payload.value.status?.state ?? 0]));
    }
    return told;
  };

  it("tells the answer word by word", async () => {
    const client = await clientOf("talks");
    expect(await eventsOf(client.sendMessageStream(request(messageOf("hi"))))).toEqual([
      "task WORKING",
      "You ",
      "+said: ",
      "+hi",
      "+",
      "TASK_STATE_COMPLETED",
    ]);
  });

  it("tells an answer that no model wrote, a question, and a failure", async () => {
    const client = await clientOf("confers");
    const told = async (text: string): Promise<string[]> =>
      eventsOf(client.sendMessageStream(request(messageOf(text))));
    expect(await told("hello")).toEqual(["task WORKING", "heard: hello (1)", "+", "TASK_STATE_COMPLETED"]);
    expect(await told("ask why?")).toEqual(["task WORKING", "TASK_STATE_INPUT_REQUIRED"]);
    expect(await told("fail so")).toEqual(["task WORKING", "TASK_STATE_FAILED"]);
  });

  it("tells that somebody has cancelled the run by the API", async () => {
    const gate = crypto.randomUUID();
    const contextId = crypto.randomUUID();
    const message = messageOf(`wait ${gate}`, { contextId });
    const told = eventsOf((await clientOf("confers")).sendMessageStream(request(message)));
    await gateReached(gate);
    await cancelRunOf(contextId);
    expect(await told).toEqual(["task WORKING", "TASK_STATE_CANCELED"]);
  });

  it("is taken up again while the task goes on", async () => {
    const client = await clientOf("confers");
    const gate = crypto.randomUUID();
    const task = await send(client, messageOf(`wait ${gate}`), true);
    await gateReached(gate);
    const again = client.resubscribeTask({ tenant: "", id: task.id });
    // A task that has ended is not taken up again, so the stream has to be there first.
    await again.next();
    openGate(gate);
    expect((await eventsOf(again)).at(-1)).toBe("TASK_STATE_COMPLETED");
  });
});

it("a client of version 0.3 sends, streams, asks and cancels", async () => {
  const client = await formerClientOf("confers");
  const message = (text: string, ids: object = {}): FormerMessage => ({
    kind: "message",
    messageId: crypto.randomUUID(),
    role: "user",
    parts: [{ kind: "text", text }],
    ...ids,
  });
  const task = (await client.sendMessage({ message: message("hello") })) as FormerTask;
  expect(task).toMatchObject({
    kind: "task",
    status: { state: "completed" },
    artifacts: [{ name: "answer", parts: [{ kind: "text", text: "heard: hello (1)" }] }],
  });
  const kinds: unknown[] = [];
  for await (const event of client.sendMessageStream({
    message: message("ask so?", { contextId: task.contextId }),
  })) {
    kinds.push(event.kind === "status-update" ? event.status.state : event.kind);
  }
  expect(kinds).toEqual(["task", "input-required"]);
  expect((await client.getTask({ id: task.id })).status.state).toBe("completed");
  await expect(client.cancelTask({ id: task.id })).rejects.toThrow();
  await expect(client.getTask({ id: crypto.randomUUID() })).rejects.toThrow(/Task not found/);
});

describe("a request", () => {
  const post = async (body: unknown, headers: Record<string, string> = {}, assistant = "confers") =>
    call<{ error?: { code: number; message: string } }>("POST", `/a2a/${assistant}`, body, headers);
  const rpc = (method: string, params?: unknown) => ({ jsonrpc: "2.0", id: "1", method, params });
  const user = { role: "user", messageId: "1" };
  const sending = (message: object, configuration?: unknown) => ({
    message: { ...user, parts: [{ kind: "text", text: "x" }], ...message },
    configuration,
  });

  it.each([
    [rpc("message/send", {}), {}, -32602, /message: /],
    [rpc("message/send", { message: { ...user, parts: [] } }), {}, -32602, /message\.parts: /],
    [
      rpc("message/send", { message: { ...user, parts: "hi" } }),
      {},
      -32602,
      /message\.parts: expected array/,
    ],
    [
      rpc("message/send", { message: { ...user, parts: [{ kind: "text", text: "x" }], contextId: "here" } }),
      {},
      -32602,
      /contextId/,
    ],
    [
      rpc("message/send", { message: { ...user, parts: [{ kind: "file", file: { uri: "http://x/y" } }] } }),
      {},
      -32005,
      /files/,
    ],
    [
      rpc("message/send", { message: { ...user, parts: [{ kind: "text", text: "x" }], taskId: "t" } }),
      {},
      -32001,
      /no task t/,
    ],
    [rpc("tasks/get", { id: "nothing" }), {}, -32001, /no task/],
    [rpc("tasks/list", {}), {}, -32601, /tasks\/list/],
    [rpc("tasks/pushNotificationConfig/get", { id: "x" }), {}, -32003, /./],
    [
      rpc("SendMessage", { message: { ...user, role: "ROLE_USER", parts: [{ text: "x" }] } }),
      { "A2A-Version": "9" },
      -32009,
      /9/,
    ],
    [{ method: "message/send" }, {}, -32600, /./],
    [{}, {}, -32600, /./],
  ])("%j that is wrong gets the error of the protocol", async (body, headers, code, text) => {
    const { status, body: answer } = await post(body, headers);
    expect([status, answer.error?.code]).toEqual([200, code]);
    expect(answer.error?.message).toMatch(text);
  });

  it.each([
    ["tasks/get", {}, "params.id: expected the id of a task"],
    ["tasks/cancel", { id: 7 }, "params.id: "],
    ["tasks/resubscribe", { id: "" }, "params.id: "],
    ["GetTask", {}, "params.id: "],
    ["SubscribeToTask", { id: 7 }, "params.id: "],
    ["tasks/get", { id: "x", historyLength: -1 }, "params.historyLength: "],
    ["GetTask", { id: "x", historyLength: {} }, "params.historyLength: "],
    ["message/send", sending({ parts: [{}] }), "params.message.parts.0.kind: expected text, data or file"],
    ["message/send", sending({ parts: [{ kind: "audio" }] }), "params.message.parts.0.kind: "],
    ["message/send", sending({ parts: [{ kind: "text" }] }), "params.message.parts.0.text: "],
    ["message/send", sending({ parts: [{ kind: "text", text: 7 }] }), "params.message.parts.0.text: "],
    ["message/stream", sending({ parts: [{ kind: "data" }] }), "params.message.parts.0.data: "],
    ["SendMessage", sending({ role: "ROLE_USER", parts: [{ text: 7 }] }), "params.message.parts.0.text: "],
    ["message/send", sending({ extensions: 7 }), "params.message.extensions: "],
    ["message/send", sending({ taskId: 7 }), "params.message.taskId: "],
    ["message/send", sending({}, 7), "params.configuration: "],
    ["message/send", sending({}, { acceptedOutputModes: 7 }), "params.configuration.acceptedOutputModes: "],
    ["message/send", sending({}, { blocking: "x" }), "params.configuration.blocking: "],
    ["SendMessage", sending({}, { historyLength: 1.5 }), "params.configuration.historyLength: "],
    ["SendMessage", sending({}, { returnImmediately: 7 }), "params.configuration.returnImmediately: "],
  ])("%s of %j is told which field is wrong", async (method, params, text) => {
    const version = /^[A-Z]/.test(method) ? "1.0" : "0.3";
    const { body } = await post(rpc(method, params), { "A2A-Version": version });
    expect(body.error).toMatchObject({ code: -32602, message: expect.stringContaining(text) as string });
  });

  it("of version 0.3 is waited for also with a configuration that does not say so", async () => {
    const key = crypto.randomUUID();
    const parts = [{ kind: "text", text: `wait ${key}` }];
    const answer = post(rpc("message/send", sending({ parts }, { acceptedOutputModes: ["text/plain"] })));
    await gateReached(key);
    openGate(key);
    expect((await answer).body).toMatchObject({ result: { status: { state: "completed" } } });
  });

  it("for push notifications is refused, and starts no run", async () => {
    const config = { id: "1", url: "https://example.com/push" };
    const former = sending({}, { pushNotificationConfig: config });
    const today = sending(
      { role: "ROLE_USER", parts: [{ text: "x" }] },
      { taskPushNotificationConfig: config },
    );
    expect((await post(rpc("message/send", former))).body.error?.code).toBe(-32003);
    const { body } = await post(rpc("SendMessage", today), { "A2A-Version": "1.0" });
    expect(body.error?.code).toBe(-32003);
  });

  it("that is no JSON, or for no assistant, is refused", async () => {
    expect((await post("{")).status).toBe(422);
    expect((await post(rpc("tasks/get", { id: "x" }), {}, "nobody")).status).toBe(404);
    const { body } = await post(
      rpc("message/send", { message: { ...user, parts: [{ kind: "text", text: "x" }] } }),
      {},
      "echo",
    );
    expect(body.error).toMatchObject({
      code: -32004,
      message: expect.stringContaining("no `messages`") as string,
    });
  });
});

describe("two tenants", () => {
  beforeEach(() => {
    useAuth(owners());
  });

  it("do not see each other's tasks and assistants", async () => {
    const [alice, bob] = await Promise.all([clientOf("confers", "alice"), clientOf("confers", "bob")]);
    const task = await send(alice, messageOf("hello"));
    await expect(bob.getTask({ tenant: "", id: task.id })).rejects.toMatchObject({
      name: "TaskNotFoundError",
    });
    await expect(bob.cancelTask({ tenant: "", id: task.id, metadata: undefined })).rejects.toMatchObject({
      name: "TaskNotFoundError",
    });
    await expect(send(bob, messageOf("hello", { contextId: task.contextId }))).rejects.toThrow();
    expect(stateOf(await alice.getTask({ tenant: "", id: task.id }))).toBe("COMPLETED");
    await expect(clientOf("confers")).rejects.toThrow();
  });
});

it("is not there when langgraph.json switches it off, and knows its prefix", async () => {
  const get = async (http: object, path: string): Promise<Response> =>
    createApp({ http }).app.fetch(new Request(`http://localhost${path}`), env, createExecutionContext());
  expect((await get({ disable_a2a: true }, cardPath("confers"))).status).toBe(404);
  const card = await (
    await get({ mount_prefix: "/api" }, `/api${cardPath("confers")}`)
  ).json<{ url: string }>();
  expect(card.url).toMatch(/^http:\/\/localhost\/api\/a2a\//);
});
