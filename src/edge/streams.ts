/** Streams of runs and threads, as server-sent events. */
import type { z } from "zod";
import type { PositionedStream } from "../calls/thread-calls";
import { threadOfRun } from "../d1/runs-table";
import { asDomainError } from "../platform/errors";
import { runCreate } from "../wire/runs/run";
import { joinStreamQuery, lastEventIdHeader, streamQuery, threadStreamQuery } from "../wire/runs/stream";
import type { EdgeContext } from "./caller";
import { DescribedRoutes } from "./described-routes";
import { events } from "./openapi/operation";
import type { Permissions } from "./permissions";
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
      allow: ["threads:create_run", "assistants:read"],
      summary: "Start a run on a thread of its own, and stream it",
      query: streamQuery,
      body: runCreate,
      answers: started,
      failures: [404],
    },
    async (c, { query, body, access }) =>
      startAndStream(c, await requestRun(c, access, body, null), query.namespace),
  )
  .add(
    "GET /runs/{run_id}/stream",
    {
      id: "join_stateless_run_stream",
      allow: ["threads:read", "threads:update"],
      summary: "Stream a run on whatever thread it is",
      query: joinStreamQuery,
      headers,
      answers: joined,
      failures: [404],
    },
    (c, { path: { run_id: runId }, query, headers, access }) =>
      joinStream(c, access, { threadId: undefined, runId }, query, headers["Last-Event-ID"]),
  )
  .add(
    "POST /threads/{thread_id}/runs/stream",
    {
      id: "stream_run",
      allow: ["threads:create_run", "assistants:read"],
      summary: "Start a run on a thread, and stream it",
      query: streamQuery,
      body: runCreate,
      answers: started,
      failures: [404, 409],
    },
    async (c, { path, query, body, access }) =>
      startAndStream(c, await requestRun(c, access, body, path.thread_id), query.namespace),
  )
  .add(
    "GET /threads/{thread_id}/runs/{run_id}/stream",
    {
      id: "join_run_stream",
      allow: ["threads:read", "threads:update"],
      summary: "Stream a run",
      query: joinStreamQuery,
      headers,
      answers: joined,
      failures: [404],
    },
    (c, { path: { thread_id: threadId, run_id: runId }, query, headers, access }) =>
      joinStream(c, access, { threadId, runId }, query, headers["Last-Event-ID"]),
  )
  .add(
    "GET /threads/{thread_id}/stream",
    {
      id: "join_thread_stream",
      allow: ["threads:read"],
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
    async (c, { path: { thread_id: threadId }, query, headers, access }) => {
      const { stream_modes: modes = query.stream_mode ?? ["run_modes"] } = query;
      const options = { lastEventId: headers["Last-Event-ID"] ?? query.last_event_id, modes };
      const thread = await access.thread("threads:read", threadId);
      const placed = await thread.streamThread(threadId, options);
      return answerWithStream(c, `/threads/${threadId}/stream`, placed);
    },
  );

async function startAndStream(
  c: EdgeContext,
  { run, thread, cancelOnDisconnect }: RunRequest,
  namespaces: string[] | undefined,
): Promise<Response> {
  const path = `/threads/${run.threadId}/runs/${run.runId}`;
  c.header("Content-Location", path);
  const streamed = thread.createAndStreamRun(run, cancelOnDisconnect, { namespaces });
  if (cancelOnDisconnect) cancelWhenGone(c, thread, run.threadId, run.runId);
  return answerWithStream(c, `${path}/stream`, { stream: await streamed, afterEventId: -1 });
}

/**
 * Streams a run. Where callers are asked for, a run that the caller may not see is answered as in LangGraph's own server: with a
 * stream whose one event is an error. A run that does not exist is answered in the same way.
 * @param threadId undefined for whatever thread the run is on
 */
async function joinStream(
  c: EdgeContext,
  access: Permissions<"threads:read" | "threads:update">,
  { threadId, runId }: { threadId: string | undefined; runId: string },
  query: z.output<typeof joinStreamQuery>,
  lastEventId: number | undefined,
): Promise<Response> {
  const { cancel_on_disconnect: cancelOnDisconnect, stream_mode: modes, namespace: namespaces } = query;
  const { filter } = await access.ask("threads:read", { thread_id: threadId });
  const action = "interrupt";
  const change = cancelOnDisconnect
    ? await access.ask("threads:update", { thread_id: threadId, action })
    : undefined;
  const options = {
    lastEventId: lastEventId ?? query.last_event_id,
    modes,
    namespaces,
    cancelOnDisconnect,
  };
  try {
    const id = threadId ?? (await threadOfRun(c.env.DB, runId));
    if (change !== undefined) cancelWhenGone(c, access.threadPassing(change.filter, id), id, runId);
    const placed = await access.threadPassing(filter, id).streamRun(id, runId, options);
    return answerWithStream(c, `/threads/${id}/runs/${runId}/stream`, placed);
  } catch (error) {
    const refusal = asDomainError(error);
    if (!access.areAsked || refusal?.status !== 404) throw error;
    return answerWithNotFound(c, refusal.detail);
  }
}

/** Answers with a stream that says that there is no such run. */
function answerWithNotFound(c: EdgeContext, detail: string): Response {
  const data = JSON.stringify({ error: "Error", message: `404: ${detail}` });
  c.header("Content-Type", "text/event-stream");
  c.header("Cache-Control", "no-store");
  return c.body(`event: error\ndata: ${data}\n\n`);
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
