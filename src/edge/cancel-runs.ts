/** Finds the runs that a request to cancel several means, as far as the caller may see them. */
import type { AccessFilter } from "../calls/access-filter";
import type { ThreadCalls } from "../calls/thread-calls";
import { runsToCancel } from "../d1/run-search";
import { noRun } from "../d1/runs-table";
import type { Env } from "../platform/config";
import { asDomainError } from "../platform/errors";

type RunsOf = Parameters<typeof runsToCancel>[1];

/** A run, and the object of its thread. */
interface FoundRun {
  threadId: string;
  runId: string;
  thread: ThreadCalls;
}

/**
 * The runs. None is cancelled here, so that a request which names a run that the caller may not see cancels nothing.
 * @param threadOf the object of a thread, as far as the caller may see the thread
 * @throws request.invalid, run.not_found
 */
export async function findRunsToCancel(
  env: Env,
  wanted: RunsOf,
  filter: AccessFilter | undefined,
  threadOf: (threadId: string) => ThreadCalls,
): Promise<FoundRun[]> {
  const runs = (await runsToCancel(env.DB, wanted, filter)).map(({ thread_id: threadId, run_id: runId }) => ({
    threadId,
    runId,
    thread: threadOf(threadId),
  }));
  if (filter === undefined) return runs;
  const areVisible = await Promise.all(runs.map(isVisible));
  const hidden = runs.find((_run, index) => !areVisible[index]);
  if (hidden !== undefined && wanted.status === undefined) throw noRun(hidden.runId);
  return runs.filter((_run, index) => areVisible[index]);
}

async function isVisible({ thread, threadId, runId }: FoundRun): Promise<boolean> {
  try {
    await thread.getRun(threadId, runId);
    return true;
  } catch (error) {
    if (asDomainError(error)?.status !== 404) throw error;
    return false;
  }
}
