/** The operations that answer with server-sent events. */
import * as schemas from "../../../wire/runs/stream";
import { runCreate } from "../../../wire/runs/run";
import { events, operationsOf } from "../operation";

const LOCATIONS = ["Content-Location", "Location"] as const;
const EVENTS = "Each event has an `id`, a stream mode as `event`, and JSON as `data`.";

const headers = {
  "Last-Event-ID": {
    schema: schemas.lastEventIdHeader,
    description: "The last event that was received: the kept ones after it come first; `-1` is all of them.",
  },
};
const started = events(`The events of the run. ${EVENTS}`, LOCATIONS);
const joined = events(`The events of the run, until it ends. ${EVENTS}`, ["Location"]);

export const streamOperations = operationsOf("Runs", [
  {
    method: "post",
    path: "/runs/stream",
    id: "stream_stateless_run",
    summary: "Start a run on a thread of its own, and stream it",
    query: schemas.streamQuery,
    body: runCreate,
    answers: started,
    failures: [404],
  },
  {
    method: "get",
    path: "/runs/{run_id}/stream",
    id: "join_stateless_run_stream",
    summary: "Stream a run, wherever it is",
    query: schemas.joinStreamQuery,
    headers,
    answers: joined,
    failures: [404],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/runs/stream",
    id: "stream_run",
    summary: "Start a run on a thread, and stream it",
    query: schemas.streamQuery,
    body: runCreate,
    answers: started,
    failures: [404, 409],
  },
  {
    method: "get",
    path: "/threads/{thread_id}/runs/{run_id}/stream",
    id: "join_run_stream",
    summary: "Stream a run",
    query: schemas.joinStreamQuery,
    headers,
    answers: joined,
    failures: [404],
  },
  {
    method: "get",
    path: "/threads/{thread_id}/stream",
    id: "join_thread_stream",
    summary: "Stream what happens on a thread",
    description:
      "`run_modes`, the default, has the events of all its runs, and after each a `metadata` with the status `run_done`; " +
      "`lifecycle` has only the `metadata` with which they begin and end; `state_update` has the states that are written " +
      "from outside.",
    query: schemas.threadStreamQuery,
    headers,
    answers: events(`The events, without an end. ${EVENTS}`, ["Location"]),
    failures: [404],
  },
]);
