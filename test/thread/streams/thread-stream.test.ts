/** `GET /threads/{id}/stream`: what is told in each of its modes, and how it is gone on with. */
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import type { Run } from "../../../src/wire/runs/run";
import type { WireState } from "../../../src/wire/threads/state";
import { call, edgeFetch } from "../../support/edge";
import { gateReached } from "../../support/graphs/steps";
import { open, type EventReader, type ReceivedEvent } from "../../support/sse";
import { createRun, createThread, joinRun, waitRun } from "../../support/threads";

const newThread = async (): Promise<string> => (await createThread()).thread_id;
const echo = (id: string, text = "a"): Promise<unknown> =>
  waitRun(id, { assistant_id: "echo", input: { text } });
const update = (id: string, values: object): Promise<unknown> =>
  call("POST", `/threads/${id}/state`, { values });
const listen = (id: string, query = ""): Promise<EventReader> => open("GET", `/threads/${id}/stream${query}`);

const isDone = ({ data }: ReceivedEvent): boolean =>
  typeof data === "object" && data !== null && "status" in data && data.status === "run_done";
const isUpdate = ({ event }: ReceivedEvent): boolean => event === "state_update";

/** What a stream has told up to an event. */
async function told(stream: EventReader, isLast: (event: ReceivedEvent) => boolean): Promise<string[]> {
  const events = await stream.until(isLast);
  await stream.leave();
  return events.map((event) => (isDone(event) ? "run_done" : event.event));
}

describe("the stream of a thread", () => {
  it("has the events of its runs, and their ends, when nothing else is said", async () => {
    for (const query of ["", "?stream_modes=run_modes", "?stream_mode=run_modes"]) {
      const id = await newThread();
      await echo(id);
      const stream = await listen(id, query);
      await update(id, { text: "b" });
      await echo(id);
      expect(await told(stream, isDone), query).toEqual(["metadata", "values", "values", "run_done"]);
    }
  });

  it("has the beginnings and ends of its runs alone with `lifecycle`", async () => {
    for (const query of ["?stream_modes=lifecycle", "?stream_mode=lifecycle"]) {
      const id = await newThread();
      await echo(id);
      const stream = await listen(id, query);
      await update(id, { text: "b" });
      const run = await createRun(id, { assistant_id: "echo", input: {} });
      const events = await stream.until(isDone);
      await stream.leave();
      expect(events.map(({ data }) => data)).toEqual([
        { run_id: run.run_id, attempt: 1 },
        { run_id: run.run_id, status: "run_done" },
      ]);
    }
  });

  it("has the states that are written from outside with `state_update`", async () => {
    const id = await newThread();
    await echo(id);
    const stream = await listen(id, "?stream_modes=state_update");
    await echo(id, "b");
    await update(id, { text: "c" });
    const [event, ...others] = await stream.until(isUpdate);
    await stream.leave();
    expect(others).toEqual([]);
    const { body: state } = await call<WireState>("GET", `/threads/${id}/state`);
    expect(event?.data).toEqual({ thread_id: id, state });
    expect(state.values).toMatchObject({ text: "c" });
  });

  it.each([
    ["?stream_modes=lifecycle&stream_modes=state_update", ["metadata", "run_done", "state_update"]],
    ["?stream_modes=state_update,lifecycle", ["metadata", "run_done", "state_update"]],
    ["?stream_mode=run_modes,state_update", ["metadata", "values", "values", "run_done", "state_update"]],
  ])("has several of them with %s", async (query, expected) => {
    const id = await newThread();
    const stream = await listen(id, query);
    await echo(id);
    await update(id, { text: "b" });
    expect(await told(stream, isUpdate)).toEqual(expected);
  });

  it("has no update that was refused, and a run's own stream has none of all this", async () => {
    const id = await newThread();
    await echo(id);
    const stream = await listen(id, "?stream_modes=state_update");
    await call("POST", `/threads/${id}/state`, { values: {}, as_node: "nobody" });
    const run = await open("POST", `/threads/${id}/runs/stream`, { assistant_id: "echo", input: {} });
    const events = (await run.until()).map((event) => (isDone(event) ? "run_done" : event.event));
    expect(events).toEqual(["metadata", "values"]);
    await update(id, { text: "told" });
    const [event] = await stream.until(isUpdate);
    await stream.leave();
    expect(event?.data).toMatchObject({ state: { values: { text: "told" } } });
  });

  it("tells the end of a run when the thread says so too, also of one that was cancelled or failed", async () => {
    const id = await newThread();
    const stream = await listen(id, "?stream_modes=lifecycle");
    const statusOf = async (): Promise<string> =>
      (await call<{ status: string }>("GET", `/threads/${id}`)).body.status;
    await createRun(id, { assistant_id: "fails", input: {} });
    await stream.until(isDone);
    expect(await statusOf()).toBe("error");
    const key = crypto.randomUUID();
    const run = await createRun(id, { assistant_id: "steps", input: { key, gate: key } });
    await gateReached(key);
    await call("POST", `/threads/${id}/runs/${run.run_id}/cancel`);
    const [, done] = await stream.until(isDone);
    expect(done?.data).toEqual({ run_id: run.run_id, status: "run_done" });
    expect(await statusOf()).toBe("idle");
    const later = await createRun(id, { assistant_id: "echo", input: {}, after_seconds: 1000 });
    await call("POST", `/threads/${id}/runs/${later.run_id}/cancel`);
    const [ended] = await stream.until(isDone);
    expect(ended?.data).toEqual({ run_id: later.run_id, status: "run_done" });
    await stream.leave();
  });

  it("goes on after an event, with the ends of resumable runs", async () => {
    const id = await newThread();
    const resumable = { assistant_id: "echo", input: {}, stream_mode: "updates", stream_resumable: true };
    await joinRun(await createRun(id, resumable));
    await joinRun(await createRun(id, resumable));
    const all = ["metadata", "updates", "run_done"];
    let seen = 0;
    const second = (event: ReceivedEvent): boolean => isDone(event) && ++seen === 2;
    const stream = await listen(id, "?last_event_id=-1");
    expect(await told(stream, second)).toEqual([...all, ...all]);
    seen = 0;
    const ends = await listen(id, "?last_event_id=-1&stream_mode=lifecycle");
    expect(await told(ends, second)).toEqual(["metadata", "run_done", "metadata", "run_done"]);
  });

  it("misses nothing when it breaks before the first event", async () => {
    const id = await newThread();
    const broken = await listen(id, "?stream_mode=lifecycle");
    const location = broken.response.headers.get("location") ?? "";
    await broken.leave();
    const run: Run = await createRun(id, { assistant_id: "echo", input: {}, stream_resumable: true });
    await joinRun(run);
    const stream = await open("GET", location);
    expect(await told(stream, isDone)).toEqual(["metadata", "run_done"]);
  });

  it("is what the SDK asks for", async () => {
    const { threads } = new Client({ apiUrl: "http://edge", callerOptions: { fetch: edgeFetch } });
    const id = await newThread();
    await joinRun(await createRun(id, { assistant_id: "echo", input: {}, stream_resumable: true }));
    const data: unknown[] = [];
    const streamMode: ("lifecycle" | "state_update")[] = ["lifecycle", "state_update"];
    for await (const part of threads.joinStream(id, { lastEventId: "-1", streamMode })) {
      data.push(part.data);
      if (data.length === 2) break;
    }
    expect(data).toMatchObject([{ attempt: 1 }, { status: "run_done" }]);
  });

  it.each(["stream_modes=values", "stream_mode=nonsense", "nonsense=1", "last_event_id=x"])(
    "is refused with %s",
    async (query) => {
      const { status, body } = await call("GET", `/threads/${await newThread()}/stream?${query}`);
      expect([status, body.detail]).toEqual([422, expect.stringContaining(query.split("=")[0] ?? "")]);
    },
  );
});

describe("`namespace` of a run's stream", () => {
  const run = {
    assistant_id: "subgraphs",
    input: { text: " a b " },
    stream_mode: "updates",
    stream_subgraphs: true,
    stream_resumable: true,
  };
  /** The events of a stream by the nodes that they are of, without the ids in their names. */
  const namesOf = async (stream: EventReader): Promise<string[]> =>
    (await stream.until()).map(({ event }) => event.replaceAll(/:[0-9a-f-]+/g, ""));

  it("leaves of the subgraphs' events those of the namespaces named", async () => {
    const id = await newThread();
    const whole = await (await open("POST", `/threads/${id}/runs/stream`, run)).until();
    const namespaces = [...new Set(whole.slice(1).map(({ event }) => event.split("|").slice(1).join("|")))];
    expect(namespaces.map((ns) => ns.replaceAll(/:[0-9a-f-]+/g, ""))).toEqual([
      "",
      "middle|inner",
      "middle",
      "middle|typed",
    ]);
    const runId = (whole[0]?.data as Run).run_id;
    const joined = async (...named: string[]): Promise<string[]> => {
      const query = named.map((ns) => `&namespace=${encodeURIComponent(ns)}`).join("");
      return namesOf(await open("GET", `/threads/${id}/runs/${runId}/stream?last_event_id=-1${query}`));
    };
    const [root = "", , middle = "", typed = ""] = namespaces;
    expect(await joined(root)).toEqual(["metadata", "updates", "updates"]);
    expect(await joined(middle)).toEqual(["metadata", "updates|middle", "updates|middle"]);
    expect(await joined(root, typed)).toEqual(["metadata", "updates", "updates|middle|typed", "updates"]);
    expect(await joined("nowhere")).toEqual(["metadata"]);
  });

  it("is taken when the run is started, and told by the SDK", async () => {
    const id = await newThread();
    const stream = await open("POST", `/threads/${id}/runs/stream?namespace=`, run);
    expect(await namesOf(stream)).toEqual(["metadata", "updates", "updates"]);
    const { runs } = new Client({ apiUrl: "http://edge", callerOptions: { fetch: edgeFetch } });
    const events: string[] = [];
    const options = { input: run.input, streamMode: "updates" as const, streamSubgraphs: true } as const;
    for await (const { event } of runs.stream(null, "subgraphs", { ...options, streamNamespaces: [""] })) {
      events.push(event);
    }
    expect(events).toEqual(["metadata", "updates", "updates"]);
  });
});
