/**
 * Every method that the official clients have is called against the server: a method without a call here fails the
 * suite. What each is told and answers in full is in the other tests of the SDKs.
 */
import { Client } from "@langchain/langgraph-sdk";
import { Client as Client2 } from "sdk-2";
import { describe, expect, it } from "vitest";
import { assistantIdOf } from "../../src/d1/assistants-table";
import { sdkOptions } from "../support/sdk";

/** Methods that are not called, and why. */
const EXCEPTED: Record<string, string> = {
  "threads.stream":
    "the newer, thread-centric protocol (POST /threads/{id}/commands), which the server does not speak",
  "threads.patchState":
    "PATCH /threads/{id}/state is not in the API's specification; tested to be refused, below",
  "~ui.getComponent":
    "internal to the clients: components of a user interface, which the server does not serve",
};

const echo = assistantIdOf("echo");
const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;

async function all(stream: AsyncIterable<{ event: string }>): Promise<string[]> {
  const events: string[] = [];
  for await (const { event } of stream) events.push(event);
  return events;
}

const gone = { status: 404 };

const newAssistant = async ({ assistants }: Client): Promise<string> =>
  (await assistants.create({ graphId: "echo" })).assistant_id;
const newThread = async ({ threads }: Client): Promise<string> => (await threads.create()).thread_id;
const newCron = async ({ crons }: Client, metadata = {}): Promise<string> =>
  (await crons.create("echo", { schedule: "0 8 * * 1", input: { text: "a" }, metadata })).cron_id;

/** A thread with one run of the graph "echo" that has ended. */
async function usedThread(client: Client): Promise<{ threadId: string; runId: string }> {
  const threadId = await newThread(client);
  const { run_id: runId } = await client.runs.create(threadId, "echo", {
    input: { text: "a" },
    streamMode: "updates",
    streamResumable: true,
  });
  await client.runs.join(threadId, runId);
  return { threadId, runId };
}

/** One call of each method, and what it must come to. */
const CALLS: Record<string, (client: Client) => Promise<void>> = {
  "assistants.get": async ({ assistants }) => {
    expect(await assistants.get("echo")).toMatchObject({ assistant_id: echo, graph_id: "echo" });
  },
  "assistants.getGraph": async ({ assistants }) => {
    expect((await assistants.getGraph("echo")).nodes.map(({ id }) => id)).toContain("echo");
  },
  "assistants.getSchemas": async ({ assistants }) => {
    expect(await assistants.getSchemas("echo")).toMatchObject({ input_schema: { type: "object" } });
  },
  "assistants.getSubgraphs": async ({ assistants }) => {
    expect(Object.keys(await assistants.getSubgraphs("subgraphs"))).toEqual(["middle"]);
  },
  "assistants.create": async ({ assistants }) => {
    expect(await assistants.create({ graphId: "echo" })).toMatchObject({ assistant_id: UUID });
  },
  "assistants.update": async (client) => {
    const id = await newAssistant(client);
    expect(await client.assistants.update(id, { name: "n" })).toMatchObject({ name: "n", version: 2 });
  },
  "assistants.delete": async (client) => {
    const id = await newAssistant(client);
    await client.assistants.delete(id);
    await expect(client.assistants.get(id)).rejects.toMatchObject(gone);
  },
  "assistants.search": async ({ assistants }) => {
    const found = await assistants.search({ graphId: "steps" });
    expect(found).toMatchObject([{ assistant_id: assistantIdOf("steps") }]);
  },
  "assistants.count": async ({ assistants }) => {
    expect(await assistants.count({ graphId: "steps" })).toBe(1);
  },
  "assistants.getVersions": async (client) => {
    const id = await newAssistant(client);
    expect(await client.assistants.getVersions(id)).toMatchObject([{ assistant_id: id, version: 1 }]);
  },
  "assistants.setLatest": async (client) => {
    const id = await newAssistant(client);
    await client.assistants.update(id, { name: "n" });
    expect(await client.assistants.setLatest(id, 1)).toMatchObject({ version: 1 });
  },
  "threads.get": async (client) => {
    const id = await newThread(client);
    expect(await client.threads.get(id)).toMatchObject({ thread_id: id, status: "idle" });
  },
  "threads.create": async ({ threads }) => {
    expect(await threads.create({ metadata: { a: 1 } })).toMatchObject({ metadata: { a: 1 } });
  },
  "threads.copy": async (client) => {
    const { threadId } = await usedThread(client);
    const copy: unknown = await client.threads.copy(threadId);
    expect(copy).toMatchObject({ thread_id: UUID, values: { seen: ["a"] } });
  },
  "threads.update": async (client) => {
    const id = await newThread(client);
    expect(await client.threads.update(id, { metadata: { a: 1 } })).toMatchObject({ metadata: { a: 1 } });
  },
  "threads.delete": async (client) => {
    const id = await newThread(client);
    await client.threads.delete(id);
    await expect(client.threads.get(id)).rejects.toMatchObject(gone);
  },
  "threads.prune": async (client) => {
    expect(await client.threads.prune([await newThread(client)])).toEqual({ pruned_count: 1 });
  },
  "threads.search": async (client) => {
    const id = await newThread(client);
    expect(await client.threads.search({ ids: [id] })).toMatchObject([{ thread_id: id }]);
  },
  "threads.count": async ({ threads }) => {
    const metadata = { mine: crypto.randomUUID() };
    await threads.create({ metadata });
    expect(await threads.count({ metadata })).toBe(1);
  },
  "threads.getState": async (client) => {
    const { threadId } = await usedThread(client);
    expect(await client.threads.getState(threadId)).toMatchObject({ values: { seen: ["a"] }, next: [] });
  },
  "threads.updateState": async (client) => {
    const { threadId } = await usedThread(client);
    expect(await client.threads.updateState(threadId, { values: { text: "b" } })).toMatchObject({
      checkpoint: { thread_id: threadId, checkpoint_id: UUID },
    });
    expect((await client.threads.getState(threadId)).values).toMatchObject({ text: "b" });
  },
  "threads.getHistory": async (client) => {
    const { threadId } = await usedThread(client);
    expect(await client.threads.getHistory(threadId)).toHaveLength(3);
  },
  "threads.joinStream": async (client) => {
    const { threadId } = await usedThread(client);
    for await (const { event } of client.threads.joinStream(threadId, { lastEventId: "-1" })) {
      expect(event).toBe("metadata");
      break;
    }
  },
  "runs.stream": async ({ runs }) => {
    const stream = runs.stream(null, "echo", { input: { text: "a" }, streamMode: "updates" });
    expect(await all(stream)).toEqual(["metadata", "updates"]);
  },
  "runs.create": async (client) => {
    const run = await client.runs.create(await newThread(client), "echo");
    expect(run).toMatchObject({ run_id: UUID, status: "pending" });
  },
  "runs.createBatch": async ({ runs }) => {
    const made = await runs.createBatch([{ assistantId: "echo" }, { assistantId: "echo" }]);
    expect(made).toMatchObject([{ run_id: UUID }, { run_id: UUID }]);
  },
  "runs.wait": async ({ runs }) => {
    expect(await runs.wait(null, "echo", { input: { text: "a" } })).toMatchObject({ reply: "You said: a" });
  },
  "runs.list": async (client) => {
    const { threadId, runId } = await usedThread(client);
    const found = await client.runs.list(threadId, { select: ["run_id", "status"] });
    expect(found).toEqual([{ run_id: runId, status: "success" }]);
  },
  "runs.get": async (client) => {
    const { threadId, runId } = await usedThread(client);
    expect(await client.runs.get(threadId, runId)).toMatchObject({ run_id: runId, thread_id: threadId });
  },
  "runs.cancel": async (client) => {
    const threadId = await newThread(client);
    const { run_id: runId } = await client.runs.create(threadId, "echo", { afterSeconds: 1000 });
    await client.runs.cancel(threadId, runId, true, "interrupt");
    expect((await client.runs.get(threadId, runId)).status).toBe("interrupted");
  },
  "runs.cancelMany": async (client) => {
    const threadId = await newThread(client);
    const { run_id: runId } = await client.runs.create(threadId, "echo", { afterSeconds: 1000 });
    await client.runs.cancelMany({ threadId, runIds: [runId] });
    expect((await client.runs.get(threadId, runId)).status).toBe("interrupted");
  },
  "runs.join": async (client) => {
    const { threadId, runId } = await usedThread(client);
    expect(await client.runs.join(threadId, runId)).toMatchObject({ seen: ["a"] });
  },
  "runs.joinStream": async (client) => {
    const { threadId, runId } = await usedThread(client);
    const stream = client.runs.joinStream(threadId, runId, { lastEventId: "-1", streamMode: ["updates"] });
    expect(await all(stream)).toEqual(["metadata", "updates"]);
  },
  "runs.delete": async (client) => {
    const { threadId, runId } = await usedThread(client);
    await client.runs.delete(threadId, runId);
    await expect(client.runs.get(threadId, runId)).rejects.toMatchObject(gone);
  },
  "crons.createForThread": async (client) => {
    const threadId = await newThread(client);
    const job = await client.crons.createForThread(threadId, "echo", { schedule: "0 8 * * 1" });
    expect(job).toMatchObject({ cron_id: UUID, thread_id: threadId });
  },
  "crons.create": async ({ crons }) => {
    expect(await crons.create("echo", { schedule: "0 8 * * 1" })).toMatchObject({ cron_id: UUID });
  },
  "crons.update": async (client) => {
    const id = await newCron(client);
    expect(await client.crons.update(id, { enabled: false })).toMatchObject({
      cron_id: id,
      next_run_date: null,
    });
  },
  "crons.delete": async (client) => {
    const id = await newCron(client);
    await client.crons.delete(id);
    await expect(client.crons.delete(id)).rejects.toMatchObject(gone);
  },
  "crons.search": async (client) => {
    const metadata = { mine: crypto.randomUUID() };
    const id = await newCron(client, metadata);
    const query = { assistantId: echo, metadata, limit: 5 };
    expect((await client.crons.search(query)).map(({ cron_id: found }) => found)).toContain(id);
  },
  "crons.count": async (client) => {
    await newCron(client);
    expect(await client.crons.count({ assistantId: echo })).toBeGreaterThan(0);
  },
  "store.putItem": async ({ store }) => {
    await store.putItem(["methods", "put"], "k", { a: 1 }, { ttl: 5 });
    expect(await store.getItem(["methods", "put"], "k")).toMatchObject({ value: { a: 1 } });
  },
  "store.getItem": async ({ store }) => {
    expect(await store.getItem(["methods"], "nothing")).toBeNull();
  },
  "store.deleteItem": async ({ store }) => {
    await store.putItem(["methods", "delete"], "k", { a: 1 });
    await store.deleteItem(["methods", "delete"], "k");
    expect(await store.getItem(["methods", "delete"], "k")).toBeNull();
  },
  "store.searchItems": async ({ store }) => {
    await store.putItem(["methods", "search"], "k", { a: 1 });
    expect((await store.searchItems(["methods", "search"])).items).toMatchObject([{ value: { a: 1 } }]);
  },
  "store.listNamespaces": async ({ store }) => {
    const namespace = ["methods", "list"];
    await store.putItem(namespace, "k", { a: 1 });
    expect(await store.listNamespaces({ prefix: namespace })).toEqual({ namespaces: [namespace] });
  },
};

/** The methods of a client's parts, by the prototypes. */
function methodsOf(client: object): string[] {
  return Object.entries(client).flatMap(([name, part]: [string, unknown]) => {
    if (typeof part !== "object" || part === null) return [];
    const prototype = Object.getPrototypeOf(part) as object;
    return Object.getOwnPropertyNames(prototype)
      .filter((method) => method !== "constructor")
      .map((method) => `${name}.${method}`);
  });
}

describe.each([
  ["1.15", new Client(sdkOptions())],
  ["2.0", new Client2(sdkOptions()) as unknown as Client],
] as const)("SDK %s", (_, client) => {
  it.each(methodsOf(client).filter((method) => !(method in EXCEPTED)))("%s", async (method) => {
    const made = CALLS[method];
    if (made === undefined) throw new Error(`${method} is new: call it here`);
    await made(client);
  });

  it("threads.patchState is refused: no server has it any more", async () => {
    const threadId = await newThread(client);
    await expect(client.threads.patchState(threadId, { a: 1 })).rejects.toMatchObject(gone);
  });
});

it("nothing is called or excepted that is not there", () => {
  const known = methodsOf(new Client(sdkOptions()));
  for (const method of [...Object.keys(CALLS), ...Object.keys(EXCEPTED)]) expect(known).toContain(method);
});
