/** When a world has come to rest: what was begun is over, as far as it can be. */
import type { MadeRun } from "./threads";
import type { World } from "./world";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Whether what was begun before the calm is over, as far as it can be. */
export function isSettled(world: World): boolean {
  const { plan, owner, threads, cron, host, d1, timeline } = world;
  const { calmFrom } = plan;
  if (!owner.hasCreated) return false;
  const made = [...threads.made.values()];
  const isUnheard = ({ reportedAt, isAnswered }: MadeRun): boolean =>
    reportedAt === null && !(isAnswered && cron.isDeleted());
  if (made.some((run) => run.at < calmFrom && (isUnheard(run) || !run.indexed))) return false;
  // The index is about to be written with a run.
  if (made.some(({ entry }) => entry !== null)) return false;
  if (cron.isDeleted()) return cron.row() === undefined;
  if (host.isUnattended()) return false;
  const [indexed] = d1.direct("SELECT revision FROM crons");
  const alarm = host.storage.alarm();
  // The index is about to be written; by a clock that ran ahead, so much later.
  const soon = alarm !== undefined && alarm.at < timeline.now + 3 * MINUTE_MS + mostAhead(world);
  if (indexed === undefined || (soon && indexed.revision !== cron.row()?.revision)) return false;
  return !cron.ledger().some(({ scheduled_for: at, status }) => status === "pending" && at < calmFrom);
}

/** When that has to be. */
export function settledBy(world: World): number {
  const { plan, cron, host, watchdog } = world;
  const { calmFrom, habits } = plan;
  const jitter = Math.max(0, ...cron.definitions.map(({ definition }) => definition.policy.jitter_seconds));
  const waits = cron.ledger().filter(({ status }) => status === "pending").length + 3;
  const lost = host.isUnattended() ? Math.max(0, (watchdog.earliestInIndex() ?? 0) - calmFrom) : 0;
  return calmFrom + HOUR_MS + mostAhead(world) + jitter * 1000 + waits * habits.longestMs + lost;
}

/** By how many ms the server's clock ever ran ahead. */
const mostAhead = ({ disruptions: { jumps } }: World): number =>
  Math.max(0, ...jumps.map(({ at, after }) => after - at));

/** Nothing goes on, and nothing waits. */
export function isOver({ threads, cron, host }: World): boolean {
  const pending = cron.ledger().some(({ status }) => status === "pending");
  return threads.isQuiet() && host.isIdle() && !pending;
}
