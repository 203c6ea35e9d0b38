/** Runs: on a thread, stateless, and the search over all of them. Streams are in `streams.ts`. */
import { z } from "zod";
import { searchRuns } from "../d1/run-search";
import { pick } from "../platform/json";
import {
  cancelQuery,
  joinQuery,
  run,
  runBatch,
  runCreate,
  runList,
  runResult,
  runsCancel,
  runSearch,
  runWait,
} from "../wire/runs/run";
import { answerWhenEnded } from "./answer-when-ended";
import type { EdgeContext } from "./caller";
import { findRunsToCancel } from "./cancel-runs";
import { namesCron, searchRunsOfCron } from "./cron-runs";
import { DescribedRoutes } from "./described-routes";
import { findRunAnywhere } from "./find-run";
import { empty, json, page } from "./openapi/operation";
import { pageHeaders } from "./pages";
import { cancelWhenGone, requestRun, type RunRequest } from "./request-run";

const SELECT = "With `select`, each has only the fields asked for.";
const RESULT = "The values of its state, or the error that it ended with.";
const created = json("The run, which waits or has begun.", run, ["Content-Location"]);
const waited = json(RESULT, runResult, ["Content-Location", "Location"]);
const found = page("The runs, newest first.", run);

export const runRoutes = new DescribedRoutes("Runs")
  .add(
    "POST /runs",
    {
      id: "create_stateless_run",
      allow: ["threads:create_run", "assistants:read"],
      summary: "Start a run on a thread of its own",
      body: runCreate,
      answers: created,
      failures: [404],
    },
    async (c, { body, access }) => start(c, await requestRun(c, access, body, null)),
  )
  .add(
    "POST /runs/wait",
    {
      id: "wait_stateless_run",
      allow: ["threads:create_run", "assistants:read"],
      summary: "Start a run on a thread of its own, and wait for it",
      body: runWait,
      answers: waited,
      failures: [404],
    },
    async (c, { body, access }) => startAndWait(c, await requestRun(c, access, body, null)),
  )
  .add(
    "POST /runs/batch",
    {
      id: "create_run_batch",
      allow: ["threads:create_run", "assistants:read"],
      summary: "Start several runs, each on a thread of its own",
      description: "All are checked before the first is started.",
      body: runBatch,
      answers: json("The runs.", z.array(run)),
      failures: [404],
    },
    async (c, { body: bodies, access }) => {
      const requests = await Promise.all(bodies.map((body) => requestRun(c, access, body, null)));
      return c.json(await Promise.all(requests.map(({ run, thread }) => thread.createRun(run))));
    },
  )
  .add(
    "POST /runs/cancel",
    {
      id: "cancel_runs",
      allow: ["threads:update"],
      summary: "Cancel runs",
      description:
        "Those of `run_ids`, or all runs of a `status`; one of the two has to be given. `wait` has no effect here.",
      query: cancelQuery,
      body: runsCancel,
      answers: empty("Cancelled."),
      failures: [404],
    },
    async (c, { query: { action }, body, access }) => {
      const { thread_id: threadId, run_ids: runIds, status } = body;
      const metadata = { run_ids: runIds, status };
      const { filter } = await access.ask("threads:update", { thread_id: threadId, action, metadata });
      const runs = await findRunsToCancel(c.env, body, filter, (id) => access.threadPassing(filter, id));
      await Promise.all(runs.map((run) => run.thread.cancelRun(run.threadId, run.runId, action, false)));
      return c.body(null, 204);
    },
  )
  .add(
    "POST /runs/search",
    {
      id: "search_runs",
      allow: ["threads:search"],
      summary: "Search runs",
      description:
        "Runs whose threads are gone are found too, until their records are removed (`RUN_RECORD_DAYS`, 30 by default). With the " +
        `\`cron_id\` of a cron in \`metadata\` its runs are found as in the list of its runs. ${SELECT}`,
      body: runSearch,
      answers: found,
    },
    async (c, { body: sent, access }) => {
      const fields = ["thread_id", "metadata", "status", "limit", "offset"] as const;
      const { filter, body } = await access.askAbout("threads:search", runSearch, sent, fields);
      // The ledger of a cron is for those who may read the cron. What a filter lets pass is found in D1.
      const { runs, total } = await (filter === undefined && namesCron(body)
        ? searchRunsOfCron(c.env, body)
        : searchRuns(c.env.DB, body, filter));
      pageHeaders(c, body, runs.length, total);
      return c.json(runs.map((one) => pick(one, body.select)));
    },
  )
  .add(
    "GET /runs/{run_id}",
    {
      id: "find_run",
      allow: ["threads:read", "crons:read"],
      summary: "Read a run on whatever thread it is",
      description:
        "Also when its thread is gone, until its record is removed (`RUN_RECORD_DAYS`, 30 by default). Of a run that a cron made on a " +
        "thread which was deleted then, the record has no content. A run is found a second after it was made, at the latest. Whoever may " +
        "read a cron may read its runs.",
      answers: json("The run.", run),
      failures: [404],
    },
    async (c, { path: { run_id: runId }, access }) => c.json(await findRunAnywhere(c.env, access, runId)),
  )
  .add(
    "GET /threads/{thread_id}/runs",
    {
      id: "list_runs",
      allow: ["threads:search"],
      summary: "List the runs of a thread",
      description: SELECT,
      query: runList,
      answers: found,
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId }, query, access }) => {
      const thread = await access.thread("threads:search", threadId, { status: query.status });
      await thread.checkThread(threadId);
      const { runs, total } = await searchRuns(c.env.DB, { ...query, thread_id: threadId });
      pageHeaders(c, query, runs.length, total);
      return c.json(runs.map((one) => pick(one, query.select)));
    },
  )
  .add(
    "POST /threads/{thread_id}/runs",
    {
      id: "create_run",
      allow: ["threads:create_run", "assistants:read"],
      summary: "Start a run on a thread",
      body: runCreate,
      answers: created,
      failures: [404, 409],
    },
    async (c, { path, body, access }) => start(c, await requestRun(c, access, body, path.thread_id)),
  )
  .add(
    "POST /threads/{thread_id}/runs/wait",
    {
      id: "wait_run",
      allow: ["threads:create_run", "assistants:read"],
      summary: "Start a run on a thread, and wait for it",
      body: runWait,
      answers: waited,
      failures: [404, 409],
    },
    async (c, { path, body, access }) => startAndWait(c, await requestRun(c, access, body, path.thread_id)),
  )
  .add(
    "GET /threads/{thread_id}/runs/{run_id}",
    {
      id: "get_run",
      allow: ["threads:read"],
      summary: "Read a run",
      description:
        "The record of a run is removed some time after the run's end (`RUN_RECORD_DAYS`, 30 by default). The answer is then 404.",
      answers: json("The run.", run),
      failures: [404],
    },
    async (c, { path: { thread_id: threadId, run_id: runId }, access }) => {
      const thread = await access.thread("threads:read", threadId);
      return c.json(await thread.getRun(threadId, runId));
    },
  )
  .add(
    "DELETE /threads/{thread_id}/runs/{run_id}",
    {
      id: "delete_run",
      allow: ["threads:delete"],
      summary: "Delete the record of a run",
      answers: empty("Deleted."),
      failures: [404, 409],
    },
    async (c, { path: { thread_id: threadId, run_id: runId }, access }) => {
      const thread = await access.thread("threads:delete", threadId, { run_id: runId });
      await thread.deleteRun(threadId, runId);
      return c.body(null, 204);
    },
  )
  .add(
    "GET /threads/{thread_id}/runs/{run_id}/join",
    {
      id: "join_run",
      allow: ["threads:read", "threads:update"],
      summary: "Wait for a run",
      query: joinQuery,
      answers: json(RESULT, runResult),
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId, run_id: runId }, query, access }) => {
      const thread = await access.thread("threads:read", threadId);
      if (query.cancel_on_disconnect) {
        const changed = await access.thread("threads:update", threadId, { action: "interrupt" });
        cancelWhenGone(c, changed, threadId, runId);
      }
      await thread.getRun(threadId, runId);
      return answerWhenEnded(c, thread.joinRun(threadId, runId));
    },
  )
  .add(
    "POST /threads/{thread_id}/runs/{run_id}/cancel",
    {
      id: "cancel_run",
      allow: ["threads:update"],
      summary: "Cancel a run",
      query: cancelQuery,
      answers: [...empty("It is being cancelled.", 202), ...empty("With `wait`: it has ended.")],
      failures: [404, 409],
    },
    async (c, { path: { thread_id: threadId, run_id: runId }, query: { wait, action }, access }) => {
      const metadata = { run_ids: [runId], status: "pending" };
      const thread = await access.thread("threads:update", threadId, { action, metadata });
      await thread.cancelRun(threadId, runId, action, wait);
      return c.body(null, wait ? 204 : 202);
    },
  );

async function start(c: EdgeContext, { run, thread }: RunRequest): Promise<Response> {
  const { runId, threadId } = run;
  const started = await thread.createRun(run);
  c.header("Content-Location", `/threads/${threadId}/runs/${runId}`);
  return c.json(started);
}

async function startAndWait(
  c: EdgeContext,
  { run, thread, cancelOnDisconnect }: RunRequest,
): Promise<Response> {
  const { runId, threadId } = run;
  c.header("Content-Location", `/threads/${threadId}/runs/${runId}`);
  c.header("Location", `/threads/${threadId}/runs/${runId}/join`);
  const result = thread.createAndJoinRun(run);
  if (cancelOnDisconnect) cancelWhenGone(c, thread, threadId, runId);
  return answerWhenEnded(c, result);
}
