/** The operations of runs: on a thread, stateless, and the search over all of them. */
import { z } from "zod";
import { run, runResult } from "../../../wire/runs/run";
import * as schemas from "../../../wire/runs/run";
import { empty, json, operationsOf, page } from "../operation";

const SELECT = "With `select`, each has only the fields asked for.";
const LOCATIONS = ["Content-Location", "Location"] as const;

const created = json("The run, which waits or has begun.", run, ["Content-Location"]);
const waited = json("The values of its state, or the error that it ended with.", runResult, LOCATIONS);
const list = page("The runs, newest first.", run);

export const runOperations = operationsOf("Runs", [
  {
    method: "post",
    path: "/runs",
    id: "create_stateless_run",
    summary: "Start a run on a thread of its own",
    body: schemas.runCreate,
    answers: created,
    failures: [404],
  },
  {
    method: "post",
    path: "/runs/wait",
    id: "wait_stateless_run",
    summary: "Start a run on a thread of its own, and wait for it",
    body: schemas.runWait,
    answers: waited,
    failures: [404],
  },
  {
    method: "post",
    path: "/runs/batch",
    id: "create_run_batch",
    summary: "Start several runs, each on a thread of its own",
    description: "All are checked before the first is started.",
    body: schemas.runBatch,
    answers: json("The runs.", z.array(run)),
    failures: [404],
  },
  {
    method: "post",
    path: "/runs/cancel",
    id: "cancel_runs",
    summary: "Cancel runs",
    description:
      "Those of `run_ids`, or all of a `status`; one of them has to be given. `wait` has no effect here.",
    query: schemas.cancelQuery,
    body: schemas.runsCancel,
    answers: empty("Cancelled."),
    failures: [404],
  },
  {
    method: "post",
    path: "/runs/search",
    id: "search_runs",
    summary: "Search runs",
    description: `Runs are found when their threads are gone, too. ${SELECT}`,
    body: schemas.runSearch,
    answers: list,
  },
  {
    method: "get",
    path: "/threads/{thread_id}/runs",
    id: "list_runs",
    summary: "List the runs of a thread",
    description: SELECT,
    query: schemas.runList,
    answers: list,
    failures: [404, 413],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/runs",
    id: "create_run",
    summary: "Start a run on a thread",
    body: schemas.runCreate,
    answers: created,
    failures: [404, 409],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/runs/wait",
    id: "wait_run",
    summary: "Start a run on a thread, and wait for it",
    body: schemas.runWait,
    answers: waited,
    failures: [404, 409],
  },
  {
    method: "get",
    path: "/threads/{thread_id}/runs/{run_id}",
    id: "get_run",
    summary: "Read a run",
    answers: json("The run.", run),
    failures: [404],
  },
  {
    method: "delete",
    path: "/threads/{thread_id}/runs/{run_id}",
    id: "delete_run",
    summary: "Delete the record of a run",
    answers: empty("Deleted."),
    failures: [404, 409],
  },
  {
    method: "get",
    path: "/threads/{thread_id}/runs/{run_id}/join",
    id: "join_run",
    summary: "Wait for a run",
    query: schemas.joinQuery,
    answers: json("The values of its state, or the error that it ended with.", runResult),
    failures: [404, 413],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/runs/{run_id}/cancel",
    id: "cancel_run",
    summary: "Cancel a run",
    query: schemas.cancelQuery,
    answers: [...empty("It is being cancelled.", 202), ...empty("With `wait`: it has ended.")],
    failures: [404, 409],
  },
]);
