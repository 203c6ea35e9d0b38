/** What holds for a cron that the graph of a run makes: where it comes from, and that a chain of such crons does not grow for ever. */
import type { CronDefinition } from "../calls/cron-definition";
import type { PlanningRun } from "../calls/cron-planning";
import { joinChain, leaveChain } from "../d1/cron-chains";
import { now } from "../platform/clock";
import { chainLimits, type Env } from "../platform/config";
import { DomainError } from "../platform/errors";
import type { JsonObject } from "../platform/json";

/** The keys of a cron's metadata that say which run made it, and of which cron that was a run. */
export const madeByMetadata = ({ runId, cron }: PlanningRun): JsonObject => ({
  made_by_run: runId,
  ...(cron === null ? {} : { made_by_cron: cron.cronId }),
});

/** What the definition of a cron says of the run that makes it. */
export const madeBy = ({ runId, cron }: PlanningRun): NonNullable<CronDefinition["madeBy"]> => ({
  runId,
  chain: cron === null ? null : { id: cron.chain.id, depth: cron.chain.depth + 1 },
});

/**
 * Makes a cron as a member of its chain, if it gets into one.
 * @param make creates the cron
 * @throws request.forbidden when the chain is too deep, cron.conflict when it is full, and what `make` throws
 */
export async function makeInChain<T>(
  env: Env,
  run: PlanningRun,
  cronId: string,
  make: () => Promise<T>,
): Promise<T> {
  const { chain } = madeBy(run);
  if (chain === null) return make();
  const { most, deepest } = chainLimits(env);
  if (chain.depth > deepest) {
    throw new DomainError(
      "request.forbidden",
      `a run of this cron can make no crons: it was itself made by a run of a cron, ${chain.depth - 1} deep, and at most ${deepest} is ` +
        "allowed. Change the schedule of a cron that there is (update_cron), or leave it to a person",
    );
  }
  const hasRoom = await joinChain(env.DB, { cronId, chainId: chain.id }, most, now());
  if (!hasRoom) {
    throw new DomainError(
      "cron.conflict",
      `the runs of this cron, and of the crons that came of it, have made ${most} crons that are still there, and no more are allowed. ` +
        "Delete one that is not needed (delete_cron), or change one (update_cron)",
    );
  }
  try {
    return await make();
  } catch (error) {
    // Whoever knows that the cron is not there gives its place back. After a failure nobody knows, and the place is freed later.
    if (error instanceof DomainError && error.code !== "cron.exists") await leaveChain(env.DB, cronId);
    throw error;
  }
}

/**
 * Refuses that a run of a cron has a cron run at once: two crons could keep each other running for ever.
 * @throws request.forbidden
 */
export function requireNoCronRun(run: PlanningRun | undefined): void {
  if (run === undefined || run.cron === null) return;
  throw new DomainError(
    "request.forbidden",
    "a run of a cron cannot have a cron run at once, because that could go on for ever: create_cron makes one that runs at a time to come",
  );
}
