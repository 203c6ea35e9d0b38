/** What holds at rest: the alarm, the index, what waits; and what is left when a cron is gone. */
import type { Progress } from "../../src/calls/cron-progress";
import type { Figures } from "../../src/wire/crons/figures";
import { readLedger } from "./ledger";
import { firstSlots } from "./matcher";
import { timetableOf } from "./targets";
import type { World } from "./world";

const iso = (at: unknown): string => (typeof at === "number" ? new Date(at).toISOString() : String(at));
/** What is under way at the moment of looking is no older. */
const FRESH_MS = 2 * 60_000;
const FAR_MS = 9 * 365 * 86_400_000;

/** After the faults, with the cron as its owner left it. */
export function checkAtRest(world: World): string[] {
  if (!world.owner.hasCreated) return ["the cron could not be created"];
  if (world.cron.isDeleted()) return checkGone(world);
  return [...checkNext(world), ...checkIndex(world), ...checkPending(world)];
}

function checkNext(world: World): string[] {
  const wrong: string[] = [];
  const row = world.cron.row();
  const next = row === undefined ? null : (row.next_run_at as number | null);
  const alarm = world.host.storage.alarm();
  if (next !== null && alarm === undefined) wrong.push(`no alarm, and the next slot is ${iso(next)}`);
  if (next !== null && alarm !== undefined && alarm.at > next + 1) {
    wrong.push(`the alarm is set for ${iso(alarm.at)}, later than the next slot, ${iso(next)}`);
  }
  if (next !== null && world.host.isUnattended())
    wrong.push("an alarm was lost, and nobody has come by since");
  const expected = expectedNext(world);
  if (next !== expected) wrong.push(`the next slot is ${iso(next)}, expected ${iso(expected)}`);
  return wrong;
}

/** The first slot to come that is not skipped by hand; the present one when the alarm for it is about to come. */
function expectedNext(world: World): number | null {
  const definition = world.definition();
  const next = world.cron.row()?.next_run_at;
  if (!definition.enabled) return null;
  const { now } = world.timeline;
  if (typeof next === "number" && next <= now && next > now - FRESH_MS) return next;
  const { present } = readLedger(world);
  const count = 1 + [...present.keys()].filter((slot) => slot > now).length;
  const slots = firstSlots(timetableOf(definition), now, count);
  const first = slots.find((slot) => !present.has(slot)) ?? null;
  // So far ahead nobody looks.
  if (first === null && typeof next === "number" && next > now + FAR_MS) return next;
  return first !== null && definition.endTime !== null && first >= definition.endTime ? null : first;
}

function checkIndex(world: World): string[] {
  const row = world.cron.row();
  const { definition } = world.cron.definitions.at(-1) ?? {};
  const [indexed] = world.d1.direct("SELECT * FROM crons");
  if (row === undefined || definition === undefined) return ["the object has no cron"];
  if (indexed === undefined) return ["the index has no such cron"];
  // A change of this moment may be on its way.
  if (!world.host.isIdle()) return [];
  const expected: Record<string, unknown> = {
    schedule: definition.schedule,
    timezone: definition.timezone,
    end_time: definition.endTime,
    enabled: definition.enabled ? 1 : 0,
    next_run_date: row.next_run_at,
    policy: JSON.stringify(definition.policy),
    metadata: JSON.stringify(definition.metadata),
    note: definition.note,
  };
  const wrong = Object.entries(expected)
    .filter(([column, value]) => indexed[column] !== value)
    .map(
      ([column, value]) => `the index has ${column} ${String(indexed[column])}, expected ${String(value)}`,
    );
  return [...wrong, ...checkIndexedFigures(row, indexed)];
}

/** What the index tells of slots and runs. Of those that fire it learns with the next change which are still pending. */
function checkIndexedFigures(row: Record<string, unknown>, indexed: Record<string, unknown>): string[] {
  const { slots, runs } = JSON.parse(String(row.progress)) as Progress;
  const shown = JSON.parse(String(indexed.figures)) as Figures;
  const told: Record<string, number> = {
    ...shown.slots,
    ...shown.runs,
    fired: shown.slots.fired + shown.slots.pending,
  };
  return Object.entries({ ...slots, ...runs })
    .filter(([name, value]) => told[name] !== value)
    .map(([name, value]) => `the index has ${told[name]} ${name}, expected ${value}`);
}

/** What is pending has a reason to be. */
function checkPending(world: World): string[] {
  const { now } = world.timeline;
  const { policy } = world.definition();
  const backlog = world.cron
    .ledger()
    .some(({ first_slot: first, status }) => first !== null && status === "pending");
  const wrong: string[] = [];
  for (const row of world.cron.ledger()) {
    if (row.status !== "pending" || row.scheduled_for > now - FRESH_MS) continue;
    if (row.scheduled_for + policy.jitter_seconds * 1000 > now - FRESH_MS) continue;
    if (row.reason?.startsWith("waits for") === true || backlog) continue;
    wrong.push(`forgotten: the slot ${iso(row.scheduled_for)} is pending`);
  }
  return wrong;
}

/** When everything has run out: nothing waits, and the figures are those of what happened. */
export function checkRunOut(world: World, figures: Figures | undefined): string[] {
  if (world.cron.isDeleted()) return [];
  if (figures === undefined) return ["there are no figures"];
  const pending = world.cron.ledger().filter(({ status }) => status === "pending");
  const wrong = pending.map(
    ({ scheduled_for: at, reason }) => `the slot ${iso(at)} stays pending: ${reason}`,
  );
  return [...wrong, ...checkFigures(world, figures)];
}

function checkFigures(world: World, figures: Figures): string[] {
  const made = [...world.threads.made.values()];
  const ended = (status: string): number => made.filter(({ report }) => report?.status === status).length;
  const sum = (pick: "inputTokens" | "outputTokens"): number =>
    made.reduce((total, { report }) => total + (report?.[pick] ?? 0), 0);
  const ledger = readLedger(world);
  const entries = [...ledger.present.values()].flat();
  const count = (status: string): number =>
    [...entries, ...ledger.manual].filter((entry) => entry.status === status).length;
  const expected: Record<string, unknown> = {
    fired: made.length - ended("rolled_back"),
    pending: 0,
    running: made.filter(({ report }) => report === null).length,
    success: ended("success"),
    error: ended("error"),
    timeout: ended("timeout"),
    interrupted: ended("interrupted"),
    rolled_back: ended("rolled_back"),
    input: sum("inputTokens"),
    output: sum("outputTokens"),
    // What is kept no longer is still counted, and is not told apart from what was taken out to fire.
    ...(ledger.removed.size + ledger.removedManual.length === 0
      ? { skipped: count("skipped"), missed: count("missed") }
      : {}),
  };
  const shown: Record<string, unknown> = { ...figures.slots, ...figures.runs, ...figures.tokens };
  return Object.entries(expected)
    .filter(([name, value]) => shown[name] !== value)
    .map(([name, value]) => `the figures have ${String(shown[name])} ${name}, expected ${String(value)}`);
}

/** After the deletion. */
export function checkGone(world: World): string[] {
  const wrong: string[] = [];
  const tables = world.host.storage.tables();
  if (tables.length > 0) wrong.push(`left of the deleted cron: ${tables.join(", ")}`);
  if (world.host.storage.alarm() !== undefined) wrong.push("left of the deleted cron: an alarm");
  if (world.d1.direct("SELECT 1 FROM crons").length > 0)
    wrong.push("left of the deleted cron: its row in the index");
  return wrong;
}
