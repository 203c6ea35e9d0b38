/** Streams of runs: their events, in every mode, and what becomes of both when a client goes away. */
import {
  abortAllDurableObjects,
  createExecutionContext,
  runDurableObjectAlarm,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import worker from "../../../src/index";
import type { Run } from "../../../src/wire/runs/run";
import type { Thread } from "../../../src/wire/threads/thread";
import { atClock, createCron, ringAt, setClock, slotsOf, threadStub } from "../../support/crons";
import { call } from "../../support/edge";
import { gateReached, openGate, resetGate } from "../../support/graphs/steps";
import { open, type ReceivedEvent } from "../../support/sse";

atClock("2040-01-01T00:00:00.000Z");

const createThread = async (): Promise<string> => (await call<Thread>("POST", "/threads", {})).body.thread_id;
const names = (events: ReceivedEvent[]): string[] => events.map(({ event }) => event);
const ask = { messages: [{ role: "user", content: "What time is it?" }] };

const statusOf = async (threadId: string, runId: string): Promise<string> =>
  (await call<Run>("GET", `/threads/${threadId}/runs/${runId}`)).body.status;

const runOf = (events: ReceivedEvent[]): string => (events[0]?.data as { run_id: string }).run_id;

describe("the stream of a new run", () => {
  it("tells of the run, its values after each step, and ends with it", async () => {
    const threadId = await createThread();
    const stream = await open("POST", `/threads/${threadId}/runs/stream`, {
      assistant_id: "steps",
      input: {},
    });
    expect(stream.response.headers.get("content-type")).toContain("text/event-stream");
    const events = await stream.until();
    expect(names(events)).toEqual(["metadata", "values", "values", "values"]);
    expect(events.at(-1)?.data).toMatchObject({ trail: ["one", "two", "three"] });
    const path = `/threads/${threadId}/runs/${runOf(events)}`;
    expect(stream.response.headers.get("content-location")).toBe(path);
    expect(stream.response.headers.get("location")).toBe(`${path}/stream?last_event_id=-1`);
    expect(await statusOf(threadId, runOf(events))).toBe("success");
    const ids = events.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  });

  it("of a stateless run leaves no thread behind", async () => {
    const stream = await open("POST", "/runs/stream", { assistant_id: "steps", input: {} });
    const threadId = stream.response.headers.get("content-location")?.split("/")[2] ?? "";
    expect((await stream.until()).at(-1)?.data).toMatchObject({ trail: ["one", "two", "three"] });
    expect((await call("GET", `/threads/${threadId}`)).status).toBe(404);
  });

  it("has several modes at once", async () => {
    const stream = await open("POST", "/runs/stream", {
      assistant_id: "steps",
      input: {},
      stream_mode: ["updates", "tasks", "checkpoints", "debug"],
    });
    const events = await stream.until();
    expect(new Set(names(events))).toEqual(new Set(["metadata", "updates", "tasks", "checkpoints", "debug"]));
    expect(events.filter(({ event }) => event === "updates").map(({ data }) => data)).toEqual([
      { one: { trail: ["one"] } },
      { two: { trail: ["two"] } },
      { three: { trail: ["three"] } },
    ]);
    const checkpoint = events.findLast(({ event }) => event === "checkpoints")?.data;
    expect(checkpoint).toMatchObject({
      values: { trail: ["one", "two", "three"] },
      next: [],
      metadata: { source: "loop", step: 3 },
      checkpoint: { checkpoint_ns: "", checkpoint_id: expect.any(String) as string },
      parent_checkpoint: { checkpoint_ns: "" },
    });
    // Nothing of the machinery goes out.
    expect(JSON.stringify(events)).not.toMatch(/"__pregel_[a-z_]+":|callbacks/);
  });

  it("has messages as they are written, and when they are complete", async () => {
    const stream = await open("POST", "/runs/stream", {
      assistant_id: "agent",
      input: ask,
      stream_mode: "messages",
    });
    const events = await stream.until();
    expect(new Set(names(events))).toEqual(
      new Set(["metadata", "messages/complete", "messages/metadata", "messages/partial"]),
    );
    const partial = events
      .filter(({ event }) => event === "messages/partial")
      .map(({ data }) => data as { content: string }[]);
    const complete = events.findLast(({ event }) => event === "messages/complete")?.data as {
      content: string;
    }[];
    expect(partial.at(-1)?.[0]?.content).toBe(complete[0]?.content);
    expect(partial.length).toBeGreaterThan(3);
    for (const [i, [message]] of partial.slice(2).entries()) {
      expect(message?.content.startsWith(partial[i + 1]?.[0]?.content ?? "")).toBe(true);
    }
  });

  it("has the messages of subgraphs as they are written, and nothing else of them unless asked to", async () => {
    const fields = { assistant_id: "nested-agent", input: ask, stream_mode: ["messages", "updates"] };
    const own = await (await open("POST", "/runs/stream", fields)).until();
    const all = await (await open("POST", "/runs/stream", { ...fields, stream_subgraphs: true })).until();
    const partial = (events: ReceivedEvent[]): number =>
      events.filter(({ event }) => event === "messages/partial").length;
    expect(partial(own)).toBeGreaterThan(3);
    expect(partial(own)).toBe(partial(all));
    expect(names(own).filter((name) => !name.startsWith("messages/"))).toEqual(["metadata", "updates"]);
    // Of the root alone: the question, and what came of it.
    expect(names(own).filter((name) => name === "messages/complete")).toHaveLength(2);
    expect(names(all).some((name) => name.startsWith("updates|"))).toBe(true);
  });

  it("has tokens with their metadata in the mode messages-tuple", async () => {
    const stream = await open("POST", "/runs/stream", {
      assistant_id: "agent",
      input: ask,
      stream_mode: ["messages-tuple"],
    });
    const tuples = (await stream.until()).filter(({ event }) => event === "messages").map(({ data }) => data);
    expect(tuples.length).toBeGreaterThan(3);
    expect(tuples[0]).toMatchObject([{ type: "ai" }, { langgraph_node: "agent" }]);
  });

  it("has LangChain's events in the mode events", async () => {
    const stream = await open("POST", "/runs/stream", {
      assistant_id: "agent",
      input: ask,
      stream_mode: ["events", "values"],
    });
    const events = await stream.until();
    const inner = events
      .filter(({ event }) => event === "events")
      .map(({ data }) => (data as { event: string }).event);
    expect(inner).toContain("on_chat_model_stream");
    expect(inner).toContain("on_tool_end");
    expect(events.findLast(({ event }) => event === "values")?.data).toHaveProperty("messages");
  });

  it("has the events of subgraphs under their names, when asked to", async () => {
    const fields = { assistant_id: "nested", input: {}, stream_mode: ["updates", "values"] };
    const all = await (await open("POST", "/runs/stream", { ...fields, stream_subgraphs: true })).until();
    const own = await (await open("POST", "/runs/stream", fields)).until();
    expect(names(all).some((name) => /^updates\|/.test(name))).toBe(true);
    expect(names(own).some((name) => name.includes("|"))).toBe(false);
  });

  it("ends with the error of a run that fails", async () => {
    const stream = await open("POST", "/runs/stream", {
      assistant_id: "fails",
      input: { message: "no quota left" },
    });
    const events = await stream.until();
    expect(events.at(-1)).toMatchObject({
      event: "error",
      data: { error: "Error", message: "no quota left" },
    });
  });

  it("misses nothing of what came right before the error", async () => {
    const stream = await open("POST", "/runs/stream", {
      assistant_id: "streams",
      input: { pieces: 5, length: 1, fails: true },
      stream_mode: ["custom", "tasks"],
    });
    expect(names(await stream.until())).toEqual([
      "metadata",
      "tasks",
      ...Array.from({ length: 5 }, () => "custom"),
      "tasks",
      "error",
    ]);
  });

  it("is refused like any run that cannot be", async () => {
    for (const [path, fields, status] of [
      ["/runs/stream", { assistant_id: "nothing" }, 404],
      ["/runs/stream", { assistant_id: "echo", stream_mode: "nonsense" }, 422],
      [`/threads/${crypto.randomUUID()}/runs/stream`, { assistant_id: "echo" }, 404],
    ] as const) {
      expect((await call("POST", path, fields)).status, path).toBe(status);
    }
  });
});

describe("a client that goes away", () => {
  it("stops the run, unless it was to continue", async () => {
    for (const [onDisconnect, expected] of [
      ["cancel", "interrupted"],
      ["continue", "success"],
    ] as const) {
      const key = crypto.randomUUID();
      const threadId = await createThread();
      const stream = await open("POST", `/threads/${threadId}/runs/stream`, {
        assistant_id: "steps",
        input: { key, gate: key },
        on_disconnect: onDisconnect,
      });
      const events = await stream.until(({ event }) => event === "values");
      await gateReached(key);
      await stream.leave();
      if (onDisconnect === "continue") openGate(key);
      await call("GET", `/threads/${threadId}/runs/${runOf(events)}/join`);
      expect(await statusOf(threadId, runOf(events)), onDisconnect).toBe(expected);
    }
  });

  it("stops the run also when it is gone before the run is made", async () => {
    for (const path of ["runs/stream", "runs/wait"]) {
      const key = crypto.randomUUID();
      const threadId = await createThread();
      const request = new Request(`http://edge/threads/${threadId}/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ assistant_id: "steps", input: { key, gate: key }, on_disconnect: "cancel" }),
        signal: AbortSignal.abort(),
      });
      const context = createExecutionContext();
      const { body: unread } = await worker.fetch(request, env, context);
      await unread?.cancel();
      await waitOnExecutionContext(context);
      const { body: runs } = await call<Run[]>("GET", `/threads/${threadId}/runs`);
      await call("GET", `/threads/${threadId}/runs/${runs[0]?.run_id ?? ""}/join`);
      expect(await statusOf(threadId, runs[0]?.run_id ?? ""), path).toBe("interrupted");
    }
  });

  it("comes back to a resumable stream and misses nothing, nor hears it twice", async () => {
    const key = crypto.randomUUID();
    const threadId = await createThread();
    const body = {
      assistant_id: "steps",
      input: { key, gate: key },
      stream_mode: ["values", "updates"],
      stream_resumable: true,
      on_disconnect: "continue",
    };
    const stream = await open("POST", `/threads/${threadId}/runs/stream`, body);
    const first = await stream.until(({ event }) => event === "values");
    await gateReached(key);
    await stream.leave();
    const path = `/threads/${threadId}/runs/${runOf(first)}/stream`;
    const again = await open("GET", path, undefined, { "Last-Event-ID": first.at(-1)?.id ?? "" });
    const second = await again.until(({ event }) => event === "updates");
    await again.leave();
    openGate(key);
    const last = await open("GET", path, undefined, { "Last-Event-ID": second.at(-1)?.id ?? "" });
    const third = await last.until();

    const everything = await (await open("GET", path, undefined, { "Last-Event-ID": "-1" })).until();
    expect([...first, ...second, ...third]).toEqual(everything);
    expect(names(everything)).toEqual([
      "metadata",
      "values",
      "updates",
      "values",
      "updates",
      "values",
      "updates",
      "values",
    ]);
    // Without an id it is a run that is over.
    expect(await (await open("GET", path)).until()).toEqual([]);
  });

  it("comes back to a resumable stream whose host died, and of a stateless run that is over", async () => {
    const key = crypto.randomUUID();
    const stream = await open("POST", "/runs/stream", {
      assistant_id: "steps",
      input: { key, gate: key },
      stream_mode: "updates",
      stream_resumable: true,
    });
    const first = await stream.until(({ event }) => event === "updates");
    const [, , threadId = "", , runId = ""] =
      stream.response.headers.get("content-location")?.split("/") ?? [];
    await gateReached(key);
    await abortAllDurableObjects();
    resetGate(key);
    openGate(key);
    setClock("2040-01-01T00:01:00.000Z");
    await runDurableObjectAlarm(threadStub(threadId));
    const path = `/threads/${threadId}/runs/${runId}/stream`;
    const rest = await (
      await open("GET", path, undefined, { "Last-Event-ID": first.at(-1)?.id ?? "" })
    ).until();
    expect(names(rest)).toEqual(["metadata", "updates", "updates"]);
    expect(rest[0]?.data).toEqual({ run_id: runId, attempt: 2 });
    // Its events are forgotten after a while, and nothing is left then.
    setClock("2040-01-01T00:07:00.000Z");
    await runDurableObjectAlarm(threadStub(threadId));
    expect(await (await open("GET", path, undefined, { "Last-Event-ID": "-1" })).until()).toEqual([]);
  });
});

describe("joining", () => {
  it("a run of a cron streams it like any other", async () => {
    const key = crypto.randomUUID();
    const cron = await createCron({
      assistant_id: "steps",
      input: { key, gate: key },
      stream_mode: ["updates", "values"],
    });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    await gateReached(key);
    const [slot] = await slotsOf(cron.cron_id);
    const stream = await open(
      "GET",
      `/threads/${slot?.thread_id}/runs/${slot?.run_id}/stream?stream_mode=updates`,
    );
    openGate(key);
    expect(names(await stream.until())).toEqual(["updates", "updates"]);
  });

  it("a thread hears all its runs, one after the other", async () => {
    const threadId = await createThread();
    await call("POST", `/threads/${threadId}/runs/wait`, { assistant_id: "echo", input: { text: "before" } });
    const stream = await open("GET", `/threads/${threadId}/stream`);
    for (const text of ["one", "two"]) {
      await call("POST", `/threads/${threadId}/runs/wait`, { assistant_id: "echo", input: { text } });
    }
    const heard: ReceivedEvent[] = [];
    while (heard.filter(({ event }) => event === "metadata").length < 2 || heard.at(-1)?.event !== "values") {
      const event = await stream.next();
      if (event === undefined) break;
      heard.push(event);
    }
    expect(
      new Set(heard.filter(({ event }) => event === "metadata").map(({ data }) => (data as Run).run_id)).size,
    ).toBe(2);
    await stream.leave();
  });

  it("a run in the background from its first event, if it is the first to hear it", async () => {
    const threadId = await createThread();
    const key = crypto.randomUUID();
    const fields = { assistant_id: "steps", input: { gate: key, key } };
    const { body: run } = await call<Run>("POST", `/threads/${threadId}/runs`, fields);
    await gateReached(key);
    const path = `/threads/${threadId}/runs/${run.run_id}/stream`;
    const first = await open("GET", path);
    const begun = await first.until(({ data }) => (data as { trail?: string[] }).trail?.length === 1);
    expect(names(begun)).toEqual(["metadata", "values", "values"]);
    const second = await open("GET", path);
    openGate(key);
    expect(names(await first.until())).toEqual(["values", "values"]);
    expect(names(await second.until())).toEqual(["values", "values"]);
    expect(await (await open("GET", path)).until()).toEqual([]);
  });

  it.each<Record<string, string>>([{}, { "Last-Event-ID": "-1" }])(
    "a run in the background that is over already, once, with the headers %j",
    async (headers) => {
      for (const path of ["/runs", `/threads/${await createThread()}/runs`]) {
        const { body: run } = await call<Run>("POST", path, { assistant_id: "echo", input: { text: "a" } });
        const at = `/threads/${run.thread_id}/runs/${run.run_id}`;
        await call("GET", `${at}/join`);
        const events = await (await open("GET", `${at}/stream`, undefined, headers)).until();
        expect(names(events)).toEqual(["metadata", "values", "values"]);
        expect(await (await open("GET", `${at}/stream`, undefined, headers)).until()).toEqual([]);
      }
    },
  );

  it("a run in the background from now on when it has streamed more than is held", async () => {
    const threadId = await createThread();
    const streams = async (pieces: number, length: number): Promise<Run> => {
      const input = { pieces, length };
      const fields = { assistant_id: "streams", input, stream_mode: "custom" };
      const { body: run } = await call<Run>("POST", `/threads/${threadId}/runs`, fields);
      await call("GET", `/threads/${threadId}/runs/${run.run_id}/join`);
      return run;
    };
    const [small, large, last] = [await streams(1, 10), await streams(9, 100_000), await streams(3, 50_000)];
    const heard = async ({ run_id }: Run): Promise<number> =>
      (await (await open("GET", `/threads/${threadId}/runs/${run_id}/stream`)).until()).length;
    expect([await heard(small), await heard(large), await heard(last)]).toEqual([0, 0, 4]);
    expect(await heard(await streams(11, 100_000))).toBe(0);
  });

  it("is refused for runs and threads that are not there", async () => {
    const nothing = crypto.randomUUID();
    for (const path of [
      `/threads/${nothing}/runs/${nothing}/stream`,
      `/runs/${nothing}/stream`,
      `/threads/${nothing}/stream`,
    ]) {
      expect((await call("GET", path)).status, path).toBe(404);
    }
  });
});
