/** Streams of runs and threads, as server-sent events. */
import { Hono, type Context } from "hono";
import type { Env } from "../config";
import { check, readId, readQuery } from "../request";
import { threadObject } from "../threads/thread-object";
import { cancelWhenGone, readRun, type RunRequest } from "./request-run";
import { threadOfRun } from "./runs-table";
import { joinStreamQuery, lastEventIdHeader } from "./schemas";

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
    c.header("Location", `/threads/${threadId}/stream${new URL(c.req.url).search}`);
    return events(c, await threadObject(c.env, threadId).streamThread(threadId, lastEventId(c)));
  });

async function startAndStream(c: Context<App>, { run, cancelOnDisconnect }: RunRequest): Promise<Response> {
  const path = `/threads/${run.threadId}/runs/${run.runId}`;
  c.header("Content-Location", path);
  // Where the SDKs go on reading when the connection breaks; one that broke before the first event begins again.
  c.header("Location", `${path}/stream${run.kwargs.stream_resumable === true ? "?last_event_id=-1" : ""}`);
  if (cancelOnDisconnect) cancelWhenGone(c, run.threadId, run.runId);
  return events(c, await threadObject(c.env, run.threadId).createAndStreamRun(run, cancelOnDisconnect));
}

async function join(c: Context<App>, threadId: string, runId: string): Promise<Response> {
  const query = readQuery(c, joinStreamQuery);
  const { cancel_on_disconnect: cancelOnDisconnect, stream_mode: modes } = query;
  if (cancelOnDisconnect) cancelWhenGone(c, threadId, runId);
  const options = { lastEventId: lastEventId(c) ?? query.last_event_id, modes, cancelOnDisconnect };
  c.header("Location", `/threads/${threadId}/runs/${runId}/stream${new URL(c.req.url).search}`);
  return events(c, await threadObject(c.env, threadId).streamRun(threadId, runId, options));
}

const lastEventId = (c: Context<App>): number | undefined =>
  check(lastEventIdHeader, c.req.header("Last-Event-ID"), "Last-Event-ID");

function events(c: Context<App>, stream: ReadableStream<Uint8Array>): Response {
  c.header("Content-Type", "text/event-stream");
  c.header("Cache-Control", "no-store");
  return c.body(stream);
}
