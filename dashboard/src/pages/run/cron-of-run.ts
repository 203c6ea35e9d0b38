/** The cron that made a run, and what it is called. */
import { useNamedCron } from "../../api/crons";
import type { Cron, Run } from "../../api/types";
import { cronTitle } from "../../format/cron-title";

/** Undefined while it is read, and when there is no such cron any more. */
export const useCronOfRun = ({ metadata: { cron_id: cronId } }: Run): Cron | undefined =>
  useNamedCron(typeof cronId === "string" ? cronId : undefined).data;

/** A cron that is gone is called as its run, which has its metadata. */
export const cronTitleOf = (cron: Cron | undefined, run: Run, assistant: string): string =>
  cronTitle(cron ?? { cron_id: String(run.metadata.cron_id), metadata: run.metadata }, assistant);
