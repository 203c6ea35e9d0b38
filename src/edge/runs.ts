/** Runs: on a thread, stateless, and the search over all of them. */
import { Hono, type Context } from "hono";
import { stream } from "hono/streaming";
import type { JoinResult } from "../calls/thread-calls";
import { threadObject } from "../calls/thread-calls";
import { runsToCancel, searchRuns } from "../d1/runs-table";
import type { Env } from "../platform/config";
import { messageOf } from "../platform/errors";
import type { JsonObject } from "../platform/json";
import { pick } from "../platform/json";
import { cancelQuery, joinQuery, runBatch, runList, runsCancel, runSearch, runWait } from "../wire/runs/run";
import { pageHeaders } from "./pages";
import { readBody, readId, readQuery } from "./request";
import { cancelWhenGone, readRun, requestRun, type RunRequest } from "./request-run";

type App = { Bindings: Env };

const KEEP_ALIVE_MS = 5_000;

export const runRoutes = new Hono<App>()
  .post("/runs", async (c) => {
    const { run } = await readRun(c, null);
    const created = await threadObject(c.env, run.threadId).createRun(run);
    c.header("Content-Location", `/threads/${run.threadId}/runs/${run.runId}`);
    return c.json(created);
  })
  .post("/runs/wait", async (c) => {
    return startAndWait(c, await readRun(c, null, runWait));
  })
  .post("/runs/batch", async (c) => {
    const bodies = await readBody(c, runBatch);
    // All are checked before the first is made.
    const requests = await Promise.all(bodies.map((body) => requestRun(c, body, null)));
    const created = requests.map(({ run }) => threadObject(c.env, run.threadId).createRun(run));
    return c.json(await Promise.all(created));
  })
  .post("/runs/cancel", async (c) => {
    const query = await readBody(c, runsCancel);
    const { action } = readQuery(c, cancelQuery);
    const runs = await runsToCancel(c.env.DB, query);
    await Promise.all(
      runs.map((run) =>
        threadObject(c.env, run.thread_id).cancelRun(run.thread_id, run.run_id, action, false),
      ),
    );
    return c.body(null, 204);
  })
  .post("/runs/search", async (c) => {
    const query = await readBody(c, runSearch);
    const { runs, total } = await searchRuns(c.env.DB, query);
    pageHeaders(c, query, runs.length, total);
    return c.json(runs.map((run) => pick(run, query.select)));
  })
  .get("/threads/:thread_id/runs", async (c) => {
    const threadId = readId(c, "thread_id");
    const query = readQuery(c, runList);
    await threadObject(c.env, threadId).checkThread(threadId);
    const { runs, total } = await searchRuns(c.env.DB, { ...query, thread_id: threadId });
    pageHeaders(c, query, runs.length, total);
    return c.json(runs.map((run) => pick(run, query.select)));
  })
  .post("/threads/:thread_id/runs", async (c) => {
    const { run } = await readRun(c, readId(c, "thread_id"));
    const created = await threadObject(c.env, run.threadId).createRun(run);
    c.header("Content-Location", `/threads/${run.threadId}/runs/${run.runId}`);
    return c.json(created);
  })
  .post("/threads/:thread_id/runs/wait", async (c) => {
    return startAndWait(c, await readRun(c, readId(c, "thread_id"), runWait));
  })
  .get("/threads/:thread_id/runs/:run_id", async (c) => {
    const [threadId, runId] = ids(c);
    return c.json(await threadObject(c.env, threadId).getRun(threadId, runId));
  })
  .delete("/threads/:thread_id/runs/:run_id", async (c) => {
    const [threadId, runId] = ids(c);
    await threadObject(c.env, threadId).deleteRun(threadId, runId);
    return c.body(null, 204);
  })
  .get("/threads/:thread_id/runs/:run_id/join", async (c) => {
    const [threadId, runId] = ids(c);
    if (readQuery(c, joinQuery).cancel_on_disconnect) cancelWhenGone(c, threadId, runId);
    const object = threadObject(c.env, threadId);
    await object.getRun(threadId, runId);
    return keptAlive(c, object.joinRun(threadId, runId));
  })
  .post("/threads/:thread_id/runs/:run_id/cancel", async (c) => {
    const [threadId, runId] = ids(c);
    const { wait, action } = readQuery(c, cancelQuery);
    const object = threadObject(c.env, threadId);
    await object.cancelRun(threadId, runId, action, wait);
    return c.body(null, wait ? 204 : 202);
  });

const ids = (c: Context<App>): [string, string] => [readId(c, "thread_id"), readId(c, "run_id")];

async function startAndWait(c: Context<App>, { run, cancelOnDisconnect }: RunRequest): Promise<Response> {
  const { runId, threadId } = run;
  const object = threadObject(c.env, threadId);
  c.header("Content-Location", `/threads/${threadId}/runs/${runId}`);
  c.header("Location", `/threads/${threadId}/runs/${runId}/join`);
  if (cancelOnDisconnect) cancelWhenGone(c, threadId, runId);
  return keptAlive(c, object.createAndJoinRun(run));
}

/**
 * Answers with the result. While it is not there after some seconds, the response begins, with whitespace in front of the
 * JSON to keep whatever sits between from closing a connection that waits.
 */
async function keptAlive(c: Context<App>, joined: Promise<JoinResult>): Promise<Response> {
  const early = await Promise.race([joined, wait(KEEP_ALIVE_MS)]);
  if (early !== undefined) return c.json(answerOf(early));
  c.header("Content-Type", "application/json");
  return stream(c, async (out) => {
    let result: JoinResult | undefined;
    while (result === undefined) {
      await out.write("\n");
      result = await Promise.race([joined, wait(KEEP_ALIVE_MS)]).catch((error: unknown) => ({
        error: { error: "Error", message: messageOf(error) },
      }));
    }
    await out.write(JSON.stringify(answerOf(result)));
  });
}

const wait = (ms: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms, undefined);
  });

/** A failed run is told in the body, which the SDKs raise; the request itself has not failed. */
function answerOf(result: JoinResult): JsonObject {
  return "error" in result ? { __error__: { ...result.error } } : ((result.values ?? {}) as JsonObject);
}
