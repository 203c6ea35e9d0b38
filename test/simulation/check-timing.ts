/**
 * That runs come when they are due: not before, and later only by what the faults of that time explain; and that what was
 * missed had to be. Without faults there is no excuse.
 */
import type { Fault } from "./faults";
import { firedEntries, type Ledger } from "./ledger";
import { reignsOf } from "./targets";
import type { World } from "./world";

const iso = (at: number): string => new Date(at).toISOString();
/** What anything takes that meets no fault. */
const PROMPT_MS = 5_000;
/** What one fault may cost beyond its own time: the longest back-off, a dead-man alarm, and a look of the watchdog. */
const FAULT_COST_MS = 4 * 60_000;

/** What can hold up a cron; a D1 that is slow or away holds up each delivery a little. */
function costOf({ kind, from, to }: Fault): number {
  if (kind === "alarmEarly" || kind === "alarmTwice") return 0;
  return kind === "d1Down" ? FAULT_COST_MS : to - from + FAULT_COST_MS;
}

export function checkTiming(world: World, ledger: Ledger): string[] {
  // With a clock that jumps nothing can be said of what is late.
  const jumped = world.disruptions.jumps.length > 0;
  return [
    ...checkNotEarly(world),
    ...(jumped
      ? []
      : [
          ...checkLate(world, ledger),
          ...checkFound(world),
          ...checkMissed(world, ledger),
          ...checkOutage(world, ledger),
        ]),
  ];
}

function checkNotEarly({ threads, disruptions: { jumps } }: World): string[] {
  const wrong: string[] = [];
  for (const { run, wallAt } of threads.made.values()) {
    const at = Date.parse(String(run.metadata.scheduled_for));
    if (wallAt < at && jumps.length === 0)
      wrong.push(`early: the run of ${iso(at)} was made at ${iso(wallAt)}`);
  }
  return wrong;
}

/** How much the faults explain of a delay from one instant to another. */
function explained(faults: Fault[], from: number, to: number): number {
  return faults
    .filter((fault) => fault.from <= to && fault.to >= from - FAULT_COST_MS)
    .reduce((total, fault) => total + costOf(fault), 0);
}

/** By how much a slot may have been delayed on purpose, in ms. */
const longestJitter = ({ cron: { definitions } }: World): number =>
  Math.max(...definitions.map(({ definition }) => definition.policy.jitter_seconds * 1000));

function checkLate(world: World, ledger: Ledger): string[] {
  const { threads, faults, plan } = world;
  if (plan.definition.payload.multitask_strategy !== undefined) return [];
  const wrong: string[] = [];
  const jitter = longestJitter(world);
  const onTime = firedEntries(ledger).filter(({ origin }) => origin === "schedule" || origin === "manual");
  const scheduled = new Set(onTime.map(({ runId }) => runId));
  for (const { run, at } of threads.made.values()) {
    const slot = Date.parse(String(run.metadata.scheduled_for));
    if (!scheduled.has(run.runId)) continue;
    const late = at - slot - jitter;
    const excuse = PROMPT_MS + explained(faults.happened, slot, at);
    if (late > excuse)
      wrong.push(`late: the run of ${iso(slot)} was made ${late} ms late, and ${excuse} ms are explained`);
  }
  return wrong;
}

/** Whose alarm is lost is found by the watchdog, two minutes after the next time that the index has. */
function checkFound({ faults, threads }: World): string[] {
  const wrong: string[] = [];
  for (const { kind, from, to, foundBy = Infinity, setAt = from } of faults.happened) {
    if (kind !== "alarmLost" || to <= foundBy) continue;
    // A write that arrived unheard moves the time by which the watchdog goes.
    const unheard = faults.happened.some(
      (fault) =>
        /^d1(?:AnswerLost|Hangs)$|^lateMessage$/.test(fault.kind) &&
        fault.from >= setAt - FAULT_COST_MS &&
        fault.from <= to,
    );
    // So does a run that ends.
    const moved = threads.entryWrites.some((at) => at >= setAt && at <= to);
    if (unheard || moved) continue;
    const others = faults.happened.filter((fault) => fault.kind !== "alarmLost");
    // The watchdog asks D1.
    const blind = others
      .filter(({ kind }) => kind === "d1Down")
      .reduce((total, down) => total + down.to - down.from, 0);
    if (to > foundBy + blind + explained(others, from, to)) {
      wrong.push(
        `the alarm that was lost at ${iso(from)} should have been found by ${iso(foundBy)}, not at ${iso(to)}`,
      );
    }
  }
  return wrong;
}

/** A slot is missed only when something was amiss, or when it was given up after many attempts. */
function checkMissed(world: World, { present }: Ledger): string[] {
  const { faults, plan } = world;
  const wrong: string[] = [];
  // One that is held back meets what happens until the earlier run has ended.
  const held = plan.definition.payload.multitask_strategy === "enqueue" ? plan.habits.longestMs : 0;
  const within = longestJitter(world) + held + 4 * FAULT_COST_MS;
  // A slot that came due as the owner changed something may be settled by the change.
  for (const { status, reason, slot, origin } of [...present.values()].flat()) {
    if (status !== "missed") continue;
    const amiss = faults.happened.filter(({ kind }) => kind !== "alarmEarly" && kind !== "alarmTwice");
    // A backfilled slot is delivered at any time after it.
    const latest = origin === "backfill" ? Infinity : slot + within;
    const near = amiss.some(({ from, to }) => from <= latest && to >= slot - FAULT_COST_MS);
    if (near || world.cron.definitions.length === 0) continue;
    wrong.push(`missed: ${iso(slot)} without a reason: ${reason}`);
  }
  return wrong;
}

/** What one outage, and nothing else, leaves to be caught up with is known to the slot. */
function checkOutage(world: World, ledger: Ledger): string[] {
  const { faults, plan } = world;
  const [outage, other] = faults.happened;
  const { policy, threadId, payload } = plan.definition;
  const limited =
    policy.max_runs !== null || policy.max_tokens_per_day !== null || policy.max_tokens_per_month !== null;
  if (
    outage?.kind !== "serverDown" ||
    other !== undefined ||
    plan.actions.length > 0 ||
    world.cron.definitions.length !== 1
  )
    return [];
  if (limited || policy.history_limit < 1000 || threadId !== null || payload.multitask_strategy !== undefined)
    return [];
  const [reign] = reignsOf(world);
  const windowMs = Math.max(policy.catchup === "skip" ? 0 : policy.catchup_window_seconds * 1000, 60_000);
  const wrong: string[] = [];
  const due = [...ledger.present.keys()]
    .filter((slot) => slot > outage.from && slot < outage.to)
    .sort((a, b) => a - b);
  const fired = new Set(firedEntries(ledger).map(({ slot }) => slot));
  const latest = due.at(-1);
  for (const slot of due) {
    const age = outage.to - slot;
    // The server may take half a minute to notice that it is up, and may go down with a run on its way.
    if (Math.abs(age - windowMs) < 60_000 || slot - outage.from < 1000 || reign === undefined) continue;
    if (ledger.present.has(outage.to) || dueSoonAfter(ledger, outage.to)) continue;
    const expected = age < windowMs && (policy.catchup === "all" || slot === latest);
    if (expected !== fired.has(slot)) {
      wrong.push(
        `catch-up: ${iso(slot)} ${expected ? "should have" : "should not have"} fired, by ${policy.catchup}`,
      );
    }
  }
  return wrong;
}

const dueSoonAfter = ({ present }: Ledger, at: number): boolean =>
  [...present.keys()].some((slot) => slot >= at && slot < at + 120_000);
