/** Clients whose connection breaks again and again: the SDKs go on by themselves, and no event is lost or repeated. */
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import { edgeFetch } from "../support/edge";
import { gateReached, openGate } from "../support/graphs/steps";
import { until } from "../support/until";
import { all, sdkOptions, SDKS } from "../support/sdk";

/** What was asked of the server to stream. */
interface Asked {
  method: string;
  path: string;
  lastEventId: string | null;
}

/** How a connection ends before its time: noticed as an error, or taken for the end of the stream. */
type Break = "error" | "end";

/**
 * A `fetch` whose streams break after so many bytes, in turn; those after them last. What is cut off is lost, as on a
 * real connection: the server has sent it.
 */
function brittleFetch(lengths: number[], how: Break): { asked: Asked[]; fetch: typeof fetch } {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await edgeFetch(input, init);
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
    const length = lengths[asked.length] ?? Infinity;
    const { method, url, headers } = new Request(input, init);
    asked.push({ method, path: new URL(url).pathname, lastEventId: headers.get("last-event-id") });
    return new Response(cut(response, length, how), response);
  };
  return { asked, fetch };
}

function cut({ body }: Response, length: number, how: Break): ReadableStream<Uint8Array> {
  if (body === null) throw new Error("a stream without a body");
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  let left = length;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) {
        controller.close();
        return;
      }
      if (value.length < left) {
        left -= value.length;
        controller.enqueue(value);
        return;
      }
      if (left > 0) controller.enqueue(value.slice(0, left));
      await reader.cancel();
      // So that what was received before it is read first.
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (how === "end") controller.close();
      else controller.error(new TypeError("network error"));
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

describe.concurrent.each(SDKS)("SDK %s", (_, makeClient) => {
  // Within an event's name, its data, its id, and between two events; at once, and late.
  it.each([[[0]], [[70]], [[150, 40]], [[333, 1, 260]]])("goes on after breaks at %j", async (lengths) => {
    const key = crypto.randomUUID();
    const { asked, fetch: fetcher } = brittleFetch(lengths, "error");
    const { runs, threads } = makeClient(fetcher);
    const { thread_id: threadId } = await threads.create();
    let runId = "";
    const reading = all(
      runs.stream(threadId, "steps", {
        input: { key, gate: key },
        streamMode: ["values", "updates"],
        streamResumable: true,
        onDisconnect: "continue",
        onRunCreated: (run: { run_id: string }) => (runId = run.run_id),
      }),
    );
    await gateReached(key);
    await until(() => asked.length > 0);
    openGate(key);
    const received = await reading;

    const whole = await all(makeClient().runs.joinStream(threadId, runId, { lastEventId: "-1" }));
    expect(received).toEqual(whole);
    expect(whole).toHaveLength(8);
    expect((await runs.get(threadId, runId)).status).toBe("success");
    const path = `/threads/${threadId}/runs`;
    expect(asked.map((request) => [request.method, request.path])).toEqual([
      ["POST", `${path}/stream`],
      ...lengths.map(() => ["GET", `${path}/${runId}/stream`]),
    ]);
  });

  it("goes on with a run that was joined", async () => {
    const key = crypto.randomUUID();
    const { asked, fetch: fetcher } = brittleFetch([120, 200], "error");
    const { runs, threads } = makeClient(fetcher);
    const { thread_id: threadId } = await threads.create();
    const run = await runs.create(threadId, "steps", {
      input: { key, gate: key },
      streamMode: ["values", "updates"],
      streamResumable: true,
    });
    await gateReached(key);
    const reading = all(
      runs.joinStream(threadId, run.run_id, { lastEventId: "-1", streamMode: ["updates"] }),
    );
    openGate(key);
    const received = await reading;
    const whole = await all(
      makeClient().runs.joinStream(threadId, run.run_id, {
        lastEventId: "-1",
        streamMode: ["updates"],
      }),
    );
    expect(received).toEqual(whole);
    expect(received.map(({ event }) => event)).toEqual(["metadata", "updates", "updates", "updates"]);
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ path }) => path))).toEqual(
      new Set([`/threads/${threadId}/runs/${run.run_id}/stream`]),
    );
  });

  it("misses nothing of a run that it joined, when the connection breaks before the first event", async () => {
    const key = crypto.randomUUID();
    const { asked, fetch: fetcher } = brittleFetch([0], "error");
    const { runs, threads } = makeClient(fetcher);
    const { thread_id: threadId } = await threads.create();
    const run = await runs.create(threadId, "steps", {
      input: { key, gate: key },
      streamMode: "updates",
      streamResumable: true,
    });
    await gateReached(key);
    const reading = all(runs.joinStream(threadId, run.run_id));
    // The connection has broken, and there is another.
    await until(() => asked.length === 2);
    openGate(key);
    // From when it joined on: what was before is not its business.
    expect((await reading).map(({ event, data }) => [event, data])).toEqual([
      ["updates", { two: { trail: ["two"] } }],
      ["updates", { three: { trail: ["three"] } }],
    ]);
    expect(asked).toHaveLength(2);
  });

  it("two clients that read one run have all its events, whatever becomes of the other", async () => {
    const key = crypto.randomUUID();
    const breaking = brittleFetch([90, 10], "error");
    const { runs, threads } = makeClient();
    const { thread_id: threadId } = await threads.create();
    const run = await runs.create(threadId, "steps", {
      input: { key, gate: key },
      streamMode: "updates",
      streamResumable: true,
    });
    await gateReached(key);
    const join = (fetcher: typeof fetch) =>
      all(makeClient(fetcher).runs.joinStream(threadId, run.run_id, { lastEventId: "-1" }));
    const reading = Promise.all([join(edgeFetch), join(breaking.fetch)]);
    openGate(key);
    const [steady, broken] = await reading;
    expect(broken).toEqual(steady);
    expect(steady.map(({ event }) => event)).toEqual(["metadata", "updates", "updates", "updates"]);
  });
});

it.concurrent("SDK 1.15 goes on with a thread's stream", async () => {
  const { asked, fetch: fetcher } = brittleFetch([100, 300], "error");
  const { runs, threads } = new Client(sdkOptions(fetcher));
  const { thread_id: threadId } = await threads.create();
  for (const text of ["a", "b"]) {
    const run = await runs.create(threadId, "echo", {
      input: { text },
      streamMode: "updates",
      streamResumable: true,
    });
    await runs.join(threadId, run.run_id);
  }
  const heard: string[] = [];
  for await (const { event } of threads.joinStream(threadId, { lastEventId: "-1" })) {
    heard.push(event);
    if (heard.length === 6) break;
  }
  const ofOne = ["metadata", "updates", "metadata"];
  expect(heard).toEqual([...ofOne, ...ofOne]);
  expect(asked).toHaveLength(3);
});

it.concurrent("SDK 1.15 asks for the rest of a stream that ended before its run did", async () => {
  const key = crypto.randomUUID();
  const { asked, fetch: fetcher } = brittleFetch([150], "end");
  const { runs, threads } = new Client(sdkOptions(fetcher));
  const { thread_id: threadId } = await threads.create();
  const reading = all(
    runs.stream(threadId, "steps", {
      input: { key, gate: key },
      streamMode: "updates",
      streamResumable: true,
      onDisconnect: "continue",
    }),
  );
  await gateReached(key);
  await until(() => asked.length === 2);
  openGate(key);
  const received = await reading;
  expect(received.map(({ event }) => event)).toEqual(["metadata", "updates", "updates", "updates"]);
  expect(asked).toHaveLength(2);
  expect(Number(asked[1]?.lastEventId)).toBeGreaterThan(0);
});
