/** Runs: on a thread, stateless, and the search over all of them. Streams are in `streams.ts`. */
import { stream } from "hono/streaming";
import { z } from "zod";
import { threadObject, type JoinResult } from "../calls/thread-calls";
import { runsToCancel, searchRuns } from "../d1/run-search";
import { messageOf } from "../platform/errors";
import { pick, type JsonObject } from "../platform/json";
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
import { namesCron, searchRunsOfCron } from "./cron-runs";
import { DescribedRoutes, type EdgeContext } from "./described-routes";
import { empty, json, page } from "./openapi/operation";
import { pageHeaders } from "./pages";
import { cancelWhenGone, requestRun, type RunRequest } from "./request-run";

/** After this long a request that waits for a run is sent whitespace, and again each time after as long. */
const KEEP_ALIVE_MS = 5_000;

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
      summary: "Start a run on a thread of its own",
      body: runCreate,
      answers: created,
      failures: [404],
    },
    async (c, { body }) => start(c, await requestRun(c, body, null)),
  )
  .add(
    "POST /runs/wait",
    {
      id: "wait_stateless_run",
      summary: "Start a run on a thread of its own, and wait for it",
      body: runWait,
      answers: waited,
      failures: [404],
    },
    async (c, { body }) => startAndWait(c, await requestRun(c, body, null)),
  )
  .add(
    "POST /runs/batch",
    {
      id: "create_run_batch",
      summary: "Start several runs, each on a thread of its own",
      description: "All are checked before the first is started.",
      body: runBatch,
      answers: json("The runs.", z.array(run)),
      failures: [404],
    },
    async (c, { body: bodies }) => {
      const requests = await Promise.all(bodies.map((body) => requestRun(c, body, null)));
      const runs = requests.map((request) =>
        threadObject(c.env, request.run.threadId).createRun(request.run),
      );
      return c.json(await Promise.all(runs));
    },
  )
  .add(
    "POST /runs/cancel",
    {
      id: "cancel_runs",
      summary: "Cancel runs",
      description:
        "Those of `run_ids`, or all runs of a `status`; one of the two has to be given. `wait` has no effect here.",
      query: cancelQuery,
      body: runsCancel,
      answers: empty("Cancelled."),
      failures: [404],
    },
    async (c, { query: { action }, body }) => {
      const runs = await runsToCancel(c.env.DB, body);
      await Promise.all(
        runs.map(({ thread_id: threadId, run_id: runId }) =>
          threadObject(c.env, threadId).cancelRun(threadId, runId, action, false),
        ),
      );
      return c.body(null, 204);
    },
  )
  .add(
    "POST /runs/search",
    {
      id: "search_runs",
      summary: "Search runs",
      description:
        "Runs whose threads are gone are found too, until their records are removed (`RUN_RECORD_DAYS`, 30 by default). With the " +
        `\`cron_id\` of a cron in \`metadata\` its runs are found as in the list of its runs. ${SELECT}`,
      body: runSearch,
      answers: found,
    },
    async (c, { body }) => {
      const { runs, total } = await (namesCron(body)
        ? searchRunsOfCron(c.env, body)
        : searchRuns(c.env.DB, body));
      pageHeaders(c, body, runs.length, total);
      return c.json(runs.map((one) => pick(one, body.select)));
    },
  )
  .add(
    "GET /threads/{thread_id}/runs",
    {
      id: "list_runs",
      summary: "List the runs of a thread",
      description: SELECT,
      query: runList,
      answers: found,
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId }, query }) => {
      await threadObject(c.env, threadId).checkThread(threadId);
      const { runs, total } = await searchRuns(c.env.DB, { ...query, thread_id: threadId });
      pageHeaders(c, query, runs.length, total);
      return c.json(runs.map((one) => pick(one, query.select)));
    },
  )
  .add(
    "POST /threads/{thread_id}/runs",
    {
      id: "create_run",
      summary: "Start a run on a thread",
      body: runCreate,
      answers: created,
      failures: [404, 409],
    },
    async (c, { path, body }) => start(c, await requestRun(c, body, path.thread_id)),
  )
  .add(
    "POST /threads/{thread_id}/runs/wait",
    {
      id: "wait_run",
      summary: "Start a run on a thread, and wait for it",
      body: runWait,
      answers: waited,
      failures: [404, 409],
    },
    async (c, { path, body }) => startAndWait(c, await requestRun(c, body, path.thread_id)),
  )
  .add(
    "GET /threads/{thread_id}/runs/{run_id}",
    {
      id: "get_run",
      summary: "Read a run",
      description:
        "The record of a run is removed some time after the run's end (`RUN_RECORD_DAYS`, 30 by default). The answer is then 404.",
      answers: json("The run.", run),
      failures: [404],
    },
    async (c, { path: { thread_id: threadId, run_id: runId } }) =>
      c.json(await threadObject(c.env, threadId).getRun(threadId, runId)),
  )
  .add(
    "DELETE /threads/{thread_id}/runs/{run_id}",
    {
      id: "delete_run",
      summary: "Delete the record of a run",
      answers: empty("Deleted."),
      failures: [404, 409],
    },
    async (c, { path: { thread_id: threadId, run_id: runId } }) => {
      await threadObject(c.env, threadId).deleteRun(threadId, runId);
      return c.body(null, 204);
    },
  )
  .add(
    "GET /threads/{thread_id}/runs/{run_id}/join",
    {
      id: "join_run",
      summary: "Wait for a run",
      query: joinQuery,
      answers: json(RESULT, runResult),
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId, run_id: runId }, query }) => {
      if (query.cancel_on_disconnect) cancelWhenGone(c, threadId, runId);
      const object = threadObject(c.env, threadId);
      await object.getRun(threadId, runId);
      return answerWhenEnded(c, object.joinRun(threadId, runId));
    },
  )
  .add(
    "POST /threads/{thread_id}/runs/{run_id}/cancel",
    {
      id: "cancel_run",
      summary: "Cancel a run",
      query: cancelQuery,
      answers: [...empty("It is being cancelled.", 202), ...empty("With `wait`: it has ended.")],
      failures: [404, 409],
    },
    async (c, { path: { thread_id: threadId, run_id: runId }, query: { wait, action } }) => {
      await threadObject(c.env, threadId).cancelRun(threadId, runId, action, wait);
      return c.body(null, wait ? 204 : 202);
    },
  );

async function start(c: EdgeContext, request: RunRequest): Promise<Response> {
  const { runId, threadId } = request.run;
  const started = await threadObject(c.env, threadId).createRun(request.run);
  c.header("Content-Location", `/threads/${threadId}/runs/${runId}`);
  return c.json(started);
}

async function startAndWait(c: EdgeContext, request: RunRequest): Promise<Response> {
  const { runId, threadId } = request.run;
  const object = threadObject(c.env, threadId);
  c.header("Content-Location", `/threads/${threadId}/runs/${runId}`);
  c.header("Location", `/threads/${threadId}/runs/${runId}/join`);
  if (request.cancelOnDisconnect) cancelWhenGone(c, threadId, runId);
  return answerWhenEnded(c, object.createAndJoinRun(request.run));
}

/**
 * Answers with the result of a run. When the run takes some seconds, the answer begins with whitespace in front of the JSON, so
 * that no proxy in between closes a connection on which nothing is sent.
 */
async function answerWhenEnded(c: EdgeContext, joined: Promise<JoinResult>): Promise<Response> {
  const early = await Promise.race([joined, wait(KEEP_ALIVE_MS)]);
  if (early !== undefined) return c.json(bodyOf(early));
  c.header("Content-Type", "application/json");
  return stream(c, async (out) => {
    let result: JoinResult | undefined;
    while (result === undefined) {
      await out.write("\n");
      result = await Promise.race([joined, wait(KEEP_ALIVE_MS)]).catch((error: unknown) => ({
        error: { error: "Error", message: messageOf(error) },
      }));
    }
    await out.write(JSON.stringify(bodyOf(result)));
  });
}

const wait = (ms: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms, undefined);
  });

/** The error of a failed run stands in the body, and the SDKs raise it. The request itself has not failed. */
function bodyOf(result: JoinResult): JsonObject {
  return "error" in result ? { __error__: { ...result.error } } : ((result.values ?? {}) as JsonObject);
}
