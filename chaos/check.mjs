/**
 * Compares what a server says after an experiment with what was to happen, in the manner of Jepsen's test of Chronos: pure,
 * it takes what was observed and returns what is wrong. Instants in ms; those of the observer are spans, since a request is
 * acted on some time between its sending and its answer.
 */
import { STEPS } from "./graphs.mjs";
import { isSlot, slotsBetween } from "./plan.mjs";

/**
 * @typedef {{ from: number, to: number }} Span
 * @typedef {import("./plan.mjs").Plan} Plan
 * @typedef {{ scheduledFor: string, node: string, attempt: number, at: number }} Note
 * @typedef {{
 *   cronId: string, plan: Plan, created: Span, paused: Span, slots: object[], runs: object[], figures: object, notes: Note[],
 *   threadId: string | null,
 * }} ObservedCron
 * @typedef {{ crons: ObservedCron[], threads: Map<string, { status: string, trail: string[] }>, kills: Span[] }} Observation
 */

/**
 * @param {Observation} observation
 * @returns {string[]} what is not as it should be; empty when all is well
 */
export function deviations({ crons, threads, kills }) {
  const expected = new Set();
  const found = crons.flatMap((cron) => {
    const checks = [
      ...checkSlots(cron, kills),
      ...checkRuns(cron, kills),
      ...checkFigures(cron),
      ...checkNotes(cron, kills),
      ...checkThreads(cron, threads, expected),
    ];
    return checks.map((text) => `cron ${cron.cronId} (${cron.plan.name}): ${text}`);
  });
  const unexpected = [...threads.keys()].filter((threadId) => !expected.has(threadId));
  return [...found, ...unexpected.map((threadId) => `thread ${threadId} should not be there`)];
}

/** Every target is in the ledger once, with an end that the cron's policy allows. */
function* checkSlots({ plan, created, paused, slots }, kills) {
  const targets = new Set(slotsBetween(plan, created.to, paused.from));
  const seen = new Set();
  for (const { scheduled_for: text, status, reason, run_id: runId } of slots) {
    const at = Date.parse(text);
    if (seen.has(at)) yield `the slot ${text} is in the ledger twice`;
    seen.add(at);
    if (!isSlot(plan, at)) yield `${text} is no slot of its schedule`;
    if (at <= created.from || at > paused.to) yield `the slot ${text} is not within the cron's time`;
    if (status === "fired" && runId === null) yield `the fired slot ${text} names no run`;
    const why = { skipped: mayBeSkipped(plan, at, kills), missed: plan.catchup === "all" ? [] : [DOWN] }[
      status
    ];
    if (status !== "fired" && why === undefined) yield `the slot ${text} is ${status}`;
    if (why?.every((pattern) => !pattern.test(reason))) yield `the slot ${text} is ${status}: ${reason}`;
  }
  for (const at of targets) {
    if (!seen.has(at)) yield `the slot ${new Date(at).toISOString()} is not in the ledger`;
  }
}

const DOWN = /^the server did not run at the time$/;
const PAUSED = /^the cron was disabled/;
const MANY_WAIT = /^\d+ runs wait on the thread already$/;

/** A host that dies while it delivers a slot holds up the slots of the next half minute; some of them come due when the server is back. */
const DELIVERY_MS = 31_000;
const LATE_MS = 60_000;

/** Reasons for which a slot of the cron, at this instant (ms), may get no run. */
function mayBeSkipped({ kind, strategy }, at, kills) {
  const isOrdered = kind !== "thread" && strategy !== null;
  const wasKilled = kills.some(({ from }) => from > at - DELIVERY_MS && from < at + LATE_MS);
  const reasons = {
    reject: [/^the earlier run \S+ has not ended$/, /^the thread is busy with another run/],
    enqueue: kind === "thread" ? [MANY_WAIT] : [/^another slot waits for the earlier run/],
  };
  const onItsWay = isOrdered && wasKilled ? [/^another slot waits for the delivery of the run/] : [];
  return [PAUSED, ...(reasons[strategy] ?? []), ...onItsWay];
}

/** Each fired slot has one run, and each run a slot; each has ended, and as it may end. */
function* checkRuns({ plan, slots, runs }, kills) {
  const fired = new Map(slots.filter(({ status }) => status === "fired").map((slot) => [slot.run_id, slot]));
  const ids = new Set();
  const times = new Set();
  for (const run of runs) {
    const at = run.metadata.scheduled_for;
    const which = `the run ${run.run_id} of ${at}`;
    if (ids.has(run.run_id) || times.has(at)) yield `${which} is not the only one of its slot`;
    ids.add(run.run_id);
    times.add(at);
    if (fired.get(run.run_id)?.scheduled_for !== at) yield `${which} has no fired slot`;
    const deaths = kills.filter(
      (kill) => kill.to >= Date.parse(run.created_at) && kill.from <= Date.parse(run.updated_at),
    ).length;
    if (run.attempts > deaths + 1) yield `${which} had ${run.attempts} attempts, and ${deaths} kills`;
    if (!mayEndSo(run, plan, deaths)) yield `${which} is ${run.status}: ${JSON.stringify(run.error ?? null)}`;
  }
  for (const [runId, slot] of fired) {
    if (!ids.has(runId)) yield `the run ${runId} of the fired slot ${slot.scheduled_for} is not found`;
  }
}

/** A run whose host has died at every attempt that it has is given up. */
const GIVEN_UP = /^given up after 3 attempts/;

function mayEndSo({ status, error }, { strategy }, deaths) {
  if (status === "success") return true;
  if (status === "interrupted") return strategy === "interrupt";
  return status === "error" && GIVEN_UP.test(error?.message) && deaths >= 3;
}

/** The cron's figures are those of its ledger and of its runs. */
function* checkFigures({ slots, runs, figures }) {
  const count = (list, status) => list.filter((each) => each.status === status).length;
  for (const [status, number] of Object.entries(figures.slots)) {
    const counted = count(slots, status);
    if (number !== counted) yield `its figures say ${number} slots ${status}, and its ledger ${counted}`;
  }
  for (const [status, number] of Object.entries(figures.runs)) {
    // There is no record of a run that was rolled back, only its slot.
    const counted = status === "rolled_back" ? count(slots, status) : count(runs, status);
    if (number !== counted) yield `its figures say ${number} runs ${status}, and its runs ${counted}`;
  }
}

/** What was executed: no attempt twice, nothing after the end, and nothing again that `sync` had stored as done. */
function* checkNotes({ plan, runs, notes }, kills) {
  const bySlot = Map.groupBy(notes, ({ scheduledFor }) => scheduledFor);
  for (const run of runs) {
    const executed = bySlot.get(run.metadata.scheduled_for) ?? [];
    bySlot.delete(run.metadata.scheduled_for);
    const which = `the run ${run.run_id} of ${run.metadata.scheduled_for}`;
    if (repetitions(executed).some((pair) => !wasForgotten(plan, kills, pair)))
      yield `${which} executed a node twice in one attempt`;
    if (executed.some(({ attempt }) => attempt > run.attempts))
      yield `${which} was executed beyond its attempts`;
    if (run.status === "success") {
      if (executed.some(({ at }) => at > Date.parse(run.updated_at))) yield `${which} went on after its end`;
      if (plan.graph === "slow" && !executed.some(({ node }) => node === STEPS.at(-1))) {
        yield `${which} succeeded without its last node`;
      }
    }
    if (
      plan.durability === "sync" &&
      executed.some((note) => executed.some((other) => isUndone(note, other)))
    ) {
      yield `${which} executed again what was stored as done`;
    }
  }
  for (const scheduledFor of bySlot.keys())
    yield `something was executed for ${scheduledFor}, which has no run`;
}

/** What was executed again in the same attempt, each with the execution before. */
function repetitions(executed) {
  const inTurn = executed.toSorted((a, b) => a.at - b.at);
  return inTurn.flatMap((again, index) => {
    const first = inTurn
      .slice(0, index)
      .findLast(({ node, attempt }) => node === again.node && attempt === again.attempt);
    return first === undefined ? [] : [{ first, again }];
  });
}

/**
 * A run on a temporary thread is in memory alone for its first 250 ms, more on a busy machine. When its host dies then, the cron sends it
 * again, and its first attempt begins anew.
 */
const UNSTORED_MS = 2_000;

const wasForgotten = ({ kind }, kills, { first, again }) =>
  kind === "delete" &&
  first.attempt === 1 &&
  kills.some(({ from, to }) => to >= first.at && from <= Math.min(first.at + UNSTORED_MS, again.at));

/** Whether `note` is of a node before that of `other`, and yet of a later attempt. */
const isUndone = (note, other) =>
  STEPS.indexOf(note.node) < STEPS.indexOf(other.node) && note.attempt > other.attempt;

/** The threads that are to be there are, at rest, and each run has left its traces in the state once. */
function* checkThreads({ plan, runs, threadId }, threads, expected) {
  if (plan.kind === "delete") return;
  const byThread = Map.groupBy(runs, (run) => run.thread_id);
  if (threadId !== null && !byThread.has(threadId)) byThread.set(threadId, []);
  for (const [id, itsRuns] of byThread) {
    expected.add(id);
    const thread = threads.get(id);
    if (thread === undefined) {
      yield `its thread ${id} is gone`;
      continue;
    }
    if (thread.status === "busy") yield `its thread ${id} is busy`;
    const left = [...thread.trail];
    for (const run of itsRuns.toSorted((a, b) =>
      a.metadata.scheduled_for.localeCompare(b.metadata.scheduled_for),
    )) {
      const prefix = `${run.metadata.scheduled_for} `;
      const own = left.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
      for (const node of own) left.splice(left.indexOf(prefix + node), 1);
      const full = plan.graph === "slow" ? STEPS : ["only"];
      const whole = run.status === "success" ? full : full.slice(0, own.length);
      if (own.join() !== whole.join()) {
        yield `the run of ${run.metadata.scheduled_for} (${run.status}) left ${own.join() || "nothing"} in its thread`;
      }
    }
    if (left.length > 0) yield `its thread ${id} has traces of no run: ${left.join()}`;
  }
}
