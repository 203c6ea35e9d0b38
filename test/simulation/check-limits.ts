/** What an owner asked to be kept: budgets, the number of runs, the order of runs, pauses after failures. */
import type { CronDefinition } from "../../src/calls/cron-definition";
import type { RunReport } from "../../src/calls/run-report";
import type { OwnerAction } from "./plan";
import { reignsOf } from "./targets";
import type { MadeRun } from "./threads";
import type { World } from "./world";

/** From the check of a limit to the run that is taken in: a message may be on its way for so long. */
const ON_THE_WAY_MS = 100_000;

export function checkLimits(world: World): string[] {
  const made = [...world.threads.made.values()].sort((a, b) => a.at - b.at);
  return [
    ...checkMaxRuns(world, made),
    ...checkTokens(world, made),
    ...checkOrder(world, made),
    ...checkPauses(world, made),
    ...checkPaused(world, made),
    ...checkSwitch(world, made),
    ...checkThreads(world, made),
    ...checkHistory(world),
  ];
}

function checkMaxRuns({ cron: { definitions } }: World, made: MadeRun[]): string[] {
  const limits = definitions.map(({ definition }) => definition.policy.max_runs ?? Infinity);
  const most = Math.max(...limits);
  return made.length > most ? [`max_runs: ${made.length} runs, and at most ${most} were allowed`] : [];
}

function checkTokens({ plan: { definition } }: World, made: MadeRun[]): string[] {
  const { max_tokens_per_day: perDay, max_tokens_per_month: perMonth } = definition.policy;
  const wrong: string[] = [];
  for (const run of made) {
    const known = made.filter(({ reportedAt }) => reportedAt !== null && reportedAt < run.at - ON_THE_WAY_MS);
    for (const [limit, length] of [
      [perDay, 10],
      [perMonth, 7],
    ] as const) {
      const period = (at: number): string => new Date(at).toISOString().slice(0, length);
      const spent = known
        .filter(({ report }) => report !== null && period(report.endedAt) === period(run.wallAt))
        .reduce((total, { report }) => total + (report?.inputTokens ?? 0) + (report?.outputTokens ?? 0), 0);
      if (limit !== null && spent >= limit) {
        wrong.push(`budget: a run was made at ${period(run.wallAt)} with ${spent} tokens of ${limit} spent`);
      }
    }
  }
  return wrong;
}

/** Runs that may not overlap: of a stateless cron with a strategy; those on a thread are the thread's. */
function checkOrder({ plan: { definition } }: World, made: MadeRun[]): string[] {
  if (definition.threadId !== null || definition.payload.multitask_strategy === undefined) return [];
  const wrong: string[] = [];
  made.forEach((run, index) => {
    const over = made.slice(0, index).find(({ endedAt }) => endedAt === null || endedAt > run.at);
    if (over !== undefined) {
      wrong.push(
        `overlap: ${String(run.run.metadata.scheduled_for)} begins before ${String(over.run.metadata.scheduled_for)} has ended`,
      );
    }
  });
  return wrong;
}

const wasStopped = ({ status }: RunReport): boolean => status === "interrupted" || status === "rolled_back";

const failed = ({ report }: MadeRun): boolean => report?.status === "error" || report?.status === "timeout";

/** A cron is paused by the server for a reason that there is, and when there is one. */
function checkPauses(world: World, made: MadeRun[]): string[] {
  const wrong: string[] = [];
  const { definitions } = world.cron;
  const { requests } = world.owner;
  definitions.forEach(({ definition, at }, index) => {
    const before = definitions[index - 1]?.definition;
    if (definition.enabled || before?.enabled !== true) return;
    const note = definition.note ?? "";
    const match = /^paused after (\d+) failed runs in a row$/.exec(note);
    if (match !== null) {
      const failures = made.filter((run) => failed(run) && run.endedAt !== null && run.endedAt <= at).length;
      if (failures < Number(match[1]))
        wrong.push(`paused after ${match[1]} failures, and there were ${failures}`);
    } else if (/^no thread/.test(note)) {
      if (!requests.some(({ action }) => action.kind === "deleteThread")) wrong.push(`paused: ${note}`);
    } else if (!requests.some(({ action }) => isPause(action))) {
      wrong.push(`paused by nobody: ${note}`);
    }
  });
  return [...wrong, ...checkUnpaused(world, made)];
}

/** While a cron is paused nothing fires but what its owner asks for by hand. */
function checkPaused(world: World, made: MadeRun[]): string[] {
  const byHand = world.owner.requests.some(
    ({ action }) => action.kind === "runNow" || action.kind === "backfill",
  );
  if (byHand) return [];
  const reigns = reignsOf(world);
  return made
    .filter(({ at }) => {
      const meanwhile = reigns.filter(({ from, to }) => from <= at && to >= at - ON_THE_WAY_MS);
      return meanwhile.length > 0 && meanwhile.every(({ definition }) => !definition.enabled);
    })
    .map(({ run }) => `the run of ${String(run.metadata.scheduled_for)} was made while the cron was paused`);
}

const isPause = (action: OwnerAction): boolean => action.kind === "patch" && action.patch.enabled === false;

/** So many failures in a row, with nothing in between and known for long, leave no cron enabled. */
function checkUnpaused(world: World, made: MadeRun[]): string[] {
  const most = world.plan.definition.policy.pause_after_failures;
  const changed = world.cron.definitions.some(
    ({ definition }) => definition.policy.pause_after_failures !== most || !definition.enabled,
  );
  if (most === null || changed || world.cron.isDeleted()) return [];
  const told = made
    .filter(({ report, reportedAt }) => reportedAt !== null && report !== null && !wasStopped(report))
    .sort((a, b) => (a.reportedAt ?? 0) - (b.reportedAt ?? 0));
  // By the order in which they were told, which is known for sure only when they did not come at once.
  let inARow = 0;
  for (const [index, run] of told.entries()) {
    const previous = told[index - 1];
    if (previous !== undefined && (run.reportedAt ?? 0) - (previous.reportedAt ?? 0) < ON_THE_WAY_MS)
      return [];
    inARow = failed(run) ? inARow + 1 : 0;
    if (inARow >= most) return [`${inARow} failed runs in a row have not paused the cron`];
  }
  return [];
}

/** While all crons are stopped none fires, as far as D1 can say so. */
function checkSwitch({ owner: { requests }, faults }: World, made: MadeRun[]): string[] {
  const throws = requests.filter(({ action }) => action.kind === "switch");
  // After the clock was set back, what came later may have an earlier time.
  if (faults.happened.some(({ kind }) => kind.startsWith("d1") || kind === "clockJump")) return [];
  const wrong: string[] = [];
  const starts = throws.filter(({ action }) => action.kind === "switch" && !action.stopped);
  throws.forEach(({ action, from, to }) => {
    if (action.kind !== "switch" || !action.stopped) return;
    // Of two that are asked for at the same time either may be the last, whichever began first.
    const until = Math.min(...starts.filter((start) => start.to > from).map((start) => start.from), Infinity);
    const fired = made.find(({ wallAt }) => wallAt > to + ON_THE_WAY_MS && wallAt < until);
    if (fired !== undefined)
      wrong.push(`a run was made at ${new Date(fired.wallAt).toISOString()}, while all crons were stopped`);
  });
  return wrong;
}

/** Of the threads that are kept no more stay than asked for, but for those that are busy or wait. */
function checkThreads(world: World, made: MadeRun[]): string[] {
  const limits = reignsOf(world).map(
    ({ definition }: { definition: CronDefinition }) => definition.policy.keep_threads,
  );
  const [limit] = limits;
  if (limit === undefined || limit === null || limits.some((other) => other !== limit)) return [];
  if (world.plan.definition.threadId !== null || world.cron.isDeleted()) return [];
  // They are removed as runs end, and what fails then is left to the next.
  if (!made.some(({ reportedAt }) => reportedAt !== null && reportedAt > world.plan.calmFrom)) return [];
  const kept = made.filter(({ run }) => {
    const thread = world.threads.threads.get(run.threadId);
    return !run.temporary && thread !== undefined && !thread.deleted && !thread.waiting;
  });
  // The last run may have ended before its slot was acknowledged.
  return kept.length > limit + 2
    ? [`keep_threads: ${kept.length} are kept, and ${limit} were asked for`]
    : [];
}

/**
 * The ledger holds few rows more than asked for, when nothing waits. It is pruned as slots come. A pruning that D1 or a crash
 * cuts off is made up for only by the next. A change by the owner records the slots before it without pruning, so these rows wait for
 * the next pruning too.
 */
function checkHistory(world: World): string[] {
  const limits = world.cron.definitions.map(({ definition }) => definition.policy.history_limit);
  const limit = Math.max(...limits);
  const keepsThreads = world.cron.definitions.some(
    ({ definition }) => definition.policy.keep_threads !== null,
  );
  const isCutOff = world.faults.happened.some(({ kind }) => kind.startsWith("d1") || kind === "crash");
  if (world.cron.isDeleted() || keepsThreads || isCutOff) return [];
  const rows = world.cron.ledger().filter(({ status }) => status !== "pending").length;
  const most = limit + 2 * Math.min(20, Math.ceil(limit / 2));
  return rows > most ? [`history_limit: ${rows} rows are in the ledger, and ${limit} were asked for`] : [];
}
