/** Streams of runs and threads, as server-sent events. */
import { Hono, type Context } from "hono";
import type { PlacedStream } from "../calls/thread-calls";
import { threadObject } from "../calls/thread-calls";
import { threadOfRun } from "../d1/runs-table";
import { check } from "../platform/check";
import type { Env } from "../platform/config";
import { joinStreamQuery, lastEventIdHeader, streamQuery, threadStreamQuery } from "../wire/runs/stream";
import { readId, readQuery } from "./request";
import { cancelWhenGone, readRun, type RunRequest } from "./request-run";

type App = { Bindings: Env };

export const streamRoutes = new Hono<App>()
  .post("/runs/stream", async (c) => startAndStream(c, await readRun(c, null)))
  .post("/threads/:thread_id/runs/stream", async (c) =>
    startAndStream(c, await readRun(c, readId(c, "thread_id"))),
  )
  .get("/runs/:run_id/stream", async (c) => {
    const runId = readId(c, "run_id");
    return join(c, await threadOfRun(c.env.DB, runId), runId);
  })
  .get("/threads/:thread_id/runs/:run_id/stream", (c) => join(c, readId(c, "thread_id"), readId(c, "run_id")))
  .get("/threads/:thread_id/stream", async (c) => {
    const threadId = readId(c, "thread_id");
    const query = readQuery(c, threadStreamQuery);
    const { stream_modes: modes = query.stream_mode ?? ["run_modes"] } = query;
    const options = { lastEventId: lastEventId(c) ?? query.last_event_id, modes };
    const placed = await threadObject(c.env, threadId).streamThread(threadId, options);
    return goOn(c, `/threads/${threadId}/stream`, placed);
  });

async function startAndStream(c: Context<App>, { run, cancelOnDisconnect }: RunRequest): Promise<Response> {
  const path = `/threads/${run.threadId}/runs/${run.runId}`;
  const { namespace: namespaces } = readQuery(c, streamQuery);
  c.header("Content-Location", path);
  if (cancelOnDisconnect) cancelWhenGone(c, run.threadId, run.runId);
  const object = threadObject(c.env, run.threadId);
  const stream = await object.createAndStreamRun(run, cancelOnDisconnect, { namespaces });
  return goOn(c, `${path}/stream`, { stream, from: -1 });
}

async function join(c: Context<App>, threadId: string, runId: string): Promise<Response> {
  const query = readQuery(c, joinStreamQuery);
  const { cancel_on_disconnect: cancelOnDisconnect, stream_mode: modes, namespace: namespaces } = query;
  if (cancelOnDisconnect) cancelWhenGone(c, threadId, runId);
  const options = {
    lastEventId: lastEventId(c) ?? query.last_event_id,
    modes,
    namespaces,
    cancelOnDisconnect,
  };
  const placed = await threadObject(c.env, threadId).streamRun(threadId, runId, options);
  return goOn(c, `/threads/${threadId}/runs/${runId}/stream`, placed);
}

const lastEventId = (c: Context<App>): number | undefined =>
  check(lastEventIdHeader, c.req.header("Last-Event-ID"), "Last-Event-ID");

/**
 * Answers with the stream, and says where the SDKs go on reading when the connection breaks: one that broke before the first
 * event begins where this one began.
 */
function goOn(c: Context<App>, path: string, { stream, from }: PlacedStream): Response {
  const { searchParams } = new URL(c.req.url);
  searchParams.set("last_event_id", String(from));
  c.header("Location", `${path}?${searchParams.toString()}`);
  c.header("Content-Type", "text/event-stream");
  c.header("Cache-Control", "no-store");
  return c.body(stream);
}
