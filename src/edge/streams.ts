/** Streams of runs and threads, as server-sent events. */
import type { z } from "zod";
import { threadObject, type PositionedStream } from "../calls/thread-calls";
import { threadOfRun } from "../d1/runs-table";
import { runCreate } from "../wire/runs/run";
import { joinStreamQuery, lastEventIdHeader, streamQuery, threadStreamQuery } from "../wire/runs/stream";
import { DescribedRoutes, type EdgeContext } from "./described-routes";
import { events } from "./openapi/operation";
import { cancelWhenGone, requestRun, type RunRequest } from "./request-run";

const EVENTS = "Each event has an `id`, a stream mode as `event`, and JSON as `data`.";
const started = events(`The events of the run. ${EVENTS}`, ["Content-Location", "Location"]);
const joined = events(`The events of the run, until it ends. ${EVENTS}`, ["Location"]);
const headers = { "Last-Event-ID": lastEventIdHeader };

export const streamRoutes = new DescribedRoutes("Runs")
  .add(
    "POST /runs/stream",
    {
      id: "stream_stateless_run",
      summary: "Start a run on a thread of its own, and stream it",
      query: streamQuery,
      body: runCreate,
      answers: started,
      failures: [404],
    },
    async (c, { query, body }) => startAndStream(c, await requestRun(c, body, null), query.namespace),
  )
  .add(
    "GET /runs/{run_id}/stream",
    {
      id: "join_stateless_run_stream",
      summary: "Stream a run on whatever thread it is",
      query: joinStreamQuery,
      headers,
      answers: joined,
      failures: [404],
    },
    async (c, { path: { run_id: runId }, query, headers }) => {
      const threadId = await threadOfRun(c.env.DB, runId);
      return joinStream(c, threadId, runId, query, headers["Last-Event-ID"]);
    },
  )
  .add(
    "POST /threads/{thread_id}/runs/stream",
    {
      id: "stream_run",
      summary: "Start a run on a thread, and stream it",
      query: streamQuery,
      body: runCreate,
      answers: started,
      failures: [404, 409],
    },
    async (c, { path, query, body }) =>
      startAndStream(c, await requestRun(c, body, path.thread_id), query.namespace),
  )
  .add(
    "GET /threads/{thread_id}/runs/{run_id}/stream",
    {
      id: "join_run_stream",
      summary: "Stream a run",
      query: joinStreamQuery,
      headers,
      answers: joined,
      failures: [404],
    },
    (c, { path, query, headers }) =>
      joinStream(c, path.thread_id, path.run_id, query, headers["Last-Event-ID"]),
  )
  .add(
    "GET /threads/{thread_id}/stream",
    {
      id: "join_thread_stream",
      summary: "Stream what happens on a thread",
      description:
        "`run_modes`, the default, has the events of all its runs, and after each run a `metadata` event with the " +
        "status `run_done`; `lifecycle` has only the `metadata` events with which runs begin and end; `state_update` " +
        "has the states that requests write.",
      query: threadStreamQuery,
      headers,
      answers: events(`The events. The stream does not end. ${EVENTS}`, ["Location"]),
      failures: [404],
    },
    async (c, { path: { thread_id: threadId }, query, headers }) => {
      const { stream_modes: modes = query.stream_mode ?? ["run_modes"] } = query;
      const options = { lastEventId: headers["Last-Event-ID"] ?? query.last_event_id, modes };
      const placed = await threadObject(c.env, threadId).streamThread(threadId, options);
      return answerWithStream(c, `/threads/${threadId}/stream`, placed);
    },
  );

async function startAndStream(
  c: EdgeContext,
  { run, cancelOnDisconnect }: RunRequest,
  namespaces: string[] | undefined,
): Promise<Response> {
  const path = `/threads/${run.threadId}/runs/${run.runId}`;
  c.header("Content-Location", path);
  if (cancelOnDisconnect) cancelWhenGone(c, run.threadId, run.runId);
  const object = threadObject(c.env, run.threadId);
  const stream = await object.createAndStreamRun(run, cancelOnDisconnect, { namespaces });
  return answerWithStream(c, `${path}/stream`, { stream, afterEventId: -1 });
}

async function joinStream(
  c: EdgeContext,
  threadId: string,
  runId: string,
  query: z.output<typeof joinStreamQuery>,
  lastEventId: number | undefined,
): Promise<Response> {
  const { cancel_on_disconnect: cancelOnDisconnect, stream_mode: modes, namespace: namespaces } = query;
  if (cancelOnDisconnect) cancelWhenGone(c, threadId, runId);
  const options = {
    lastEventId: lastEventId ?? query.last_event_id,
    modes,
    namespaces,
    cancelOnDisconnect,
  };
  const placed = await threadObject(c.env, threadId).streamRun(threadId, runId, options);
  return answerWithStream(c, `/threads/${threadId}/runs/${runId}/stream`, placed);
}

/**
 * Answers with the stream. The SDKs go on reading at the header `Location` when the connection breaks before the first event. So
 * the header names the event after which this stream begins.
 */
function answerWithStream(
  c: EdgeContext,
  path: string,
  { stream, afterEventId }: PositionedStream,
): Response {
  const { searchParams } = new URL(c.req.url);
  searchParams.set("last_event_id", String(afterEventId));
  c.header("Location", `${path}?${searchParams.toString()}`);
  c.header("Content-Type", "text/event-stream");
  c.header("Cache-Control", "no-store");
  return c.body(stream);
}
