/** A run by its id alone: on whatever thread it is, and also when the thread is gone. */
import type { AccessFilter } from "../calls/access-filter";
import { searchRuns } from "../d1/run-search";
import { noRun, placeOfRun, type RunPlace } from "../d1/runs-table";
import type { Env } from "../platform/config";
import { asDomainError } from "../platform/errors";
import type { Run } from "../wire/runs/run";
import type { Permissions } from "./permissions";

type Access = Permissions<"threads:read" | "crons:read">;

/** @throws run.not_found also when the caller may see neither the run nor the cron that made it */
export async function findRunAnywhere(env: Env, access: Access, runId: string): Promise<Run> {
  const { filter } = await access.ask("threads:read", { run_id: runId });
  const place = await placeOfRun(env.DB, runId);
  try {
    return await readRun(env, access, place, runId, filter);
  } catch (error) {
    if (asDomainError(error)?.code !== "run.not_found" || place.cronId === null) throw error;
    await checkCron(access, place.cronId, runId);
    return recordOf(env, runId);
  }
}

/** The run, if it passes the filter. @throws run.not_found */
async function readRun(
  env: Env,
  access: Access,
  { threadId, isThreadDeleted }: RunPlace,
  runId: string,
  filter: AccessFilter | undefined,
): Promise<Run> {
  if (isThreadDeleted) return recordOf(env, runId, filter);
  return access.threadPassing(filter, threadId).getRun(threadId, runId);
}

/** The record of a run in D1, if it passes the filter. @throws run.not_found */
async function recordOf(env: Env, runId: string, filter?: AccessFilter): Promise<Run> {
  const { runs } = await searchRuns(env.DB, { run_ids: [runId], limit: 1, offset: 0 }, filter);
  if (runs[0] === undefined) throw noRun(runId);
  return runs[0];
}

/** Whoever may read a cron may read its runs. @throws run.not_found when the caller may not read the cron, or there is none any more */
async function checkCron(access: Access, cronId: string, runId: string): Promise<void> {
  const filter = await access.filterOf("crons:read", { cron_id: cronId });
  try {
    await access.cronPassing(filter, cronId).get();
  } catch (error) {
    if (asDomainError(error)?.code !== "cron.not_found") throw error;
    throw noRun(runId);
  }
}
