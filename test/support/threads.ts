/** Threads under test, and the runs on them, through the edge. */
import type { JsonObject } from "../../src/platform/json";
import type { Run } from "../../src/wire/runs/run";
import type { Thread } from "../../src/wire/threads/thread";
import { call } from "./edge";

/** Makes a thread. */
export async function createThread(fields: object = {}): Promise<Thread> {
  const { status, body } = await call<Thread>("POST", "/threads", fields);
  if (status !== 200) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** The threads that a search finds. */
export const searchThreads = async (query: object): Promise<Thread[]> =>
  (await call<Thread[]>("POST", "/threads/search", query)).body;

/** Makes a run in the background, on a thread or (null) stateless. */
export async function createRun(threadId: string | null, fields: object): Promise<Run> {
  const { status, body } = await call<Run>(
    "POST",
    threadId === null ? "/runs" : `/threads/${threadId}/runs`,
    fields,
  );
  if (status !== 200) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Makes a run, waits for its end, and answers with the thread's values. */
export async function waitRun(threadId: string | null, fields: object): Promise<JsonObject> {
  const path = threadId === null ? "/runs/wait" : `/threads/${threadId}/runs/wait`;
  const { status, body } = await call<JsonObject>("POST", path, fields);
  if (status !== 200) throw new Error(`wait answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Waits for the run to end; answers with the values, or with `__error__`. */
export const joinRun = async (run: Run): Promise<JsonObject> =>
  (await call<JsonObject>("GET", `/threads/${run.thread_id}/runs/${run.run_id}/join`)).body;

export const getRun = async (run: Run): Promise<Run> =>
  (await call<Run>("GET", `/threads/${run.thread_id}/runs/${run.run_id}`)).body;
