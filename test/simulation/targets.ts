/** Which slots a cron had to act on, by all definitions that it ever had: the oracle's word, which owes the server nothing. */
import type { CronDefinition } from "../../src/calls/cron-definition";
import { slotsOf, type Timetable } from "./matcher";
import type { World } from "./world";

export interface Targets {
  /** Those that must be in the ledger. */
  required: Set<number>;
  /** Those that may. */
  allowed: Set<number>;
}

/** While a definition held: true times, and what the server's clock showed. */
export interface Reign {
  definition: CronDefinition;
  from: number;
  to: number;
  wallTo: number;
  /**
   * What the clock showed when the slots to come were last counted from the present. A change that leaves the timetable as it was does
   * not count them anew: when the clock was set back before it, the slots up to here stay past.
   */
  countedFrom: number;
  /** It ended with the cron. */
  deleted: boolean;
  /** The clock may have been elsewhere in between. */
  lowestWall: number;
  highestWall: number;
}

export const timetableOf = ({ schedule, timezone }: CronDefinition): Timetable => ({
  expression: schedule,
  timezone,
});

/** The definitions, each with its time, up to the deletion or to now. */
export function reignsOf({ cron: { definitions }, timeline, disruptions: { jumps } }: World): Reign[] {
  const reigns: Reign[] = [];
  let countedFrom = -Infinity;
  definitions.forEach(({ definition, at, wall, deleted }, index) => {
    const before = definitions[index - 1];
    const isAsBefore = before?.deleted === false && haveSameSlots(before.definition, definition);
    if (!isAsBefore) countedFrom = wall;
    if (deleted) return;
    const next = definitions[index + 1];
    const to = next?.at ?? timeline.now;
    const walls = jumps
      .filter((jump) => jump.at >= at && jump.at <= to)
      .flatMap(({ before, after }) => [before, after]);
    const wallTo = next?.wall ?? timeline.wall();
    reigns.push({
      definition,
      from: at,
      to,
      deleted: next?.deleted ?? false,
      wallTo,
      countedFrom,
      lowestWall: Math.min(wall, ...walls),
      highestWall: Math.max(wallTo, ...walls),
    });
  });
  return reigns;
}

const haveSameSlots = (a: CronDefinition, b: CronDefinition): boolean =>
  a.schedule === b.schedule &&
  a.timezone === b.timezone &&
  a.enabled === b.enabled &&
  a.endTime === b.endTime;

export function targetsOf(world: World): Targets {
  const required = new Set<number>();
  const allowed = new Set<number>();
  const reigns = reignsOf(world);
  for (const reign of reigns) {
    const { definition, countedFrom, wallTo, lowestWall, highestWall } = reign;
    if (!definition.enabled) continue;
    const excused = reign.deleted ? firstTrouble(world, reign) : Infinity;
    const end = (definition.endTime ?? Infinity) - 1;
    const timetable = timetableOf(definition);
    const slots = slotsOf(timetable, lowestWall, Math.min(highestWall, end));
    for (const slot of slots) {
      allowed.add(slot);
      if (slot > countedFrom && slot <= wallTo && slot < excused) required.add(slot);
    }
  }
  addSkipped(world, reigns, allowed);
  addBackfilled(world, reigns, allowed);
  return { required, allowed };
}

/** What nobody has come to before the deletion is dropped with the cron: the slots of its last trouble. */
function firstTrouble({ faults }: World, { to }: Reign): number {
  const HELD_UP_MS = 5 * 60_000;
  let from = to - 1000;
  for (const fault of faults.happened.toSorted((a, b) => b.to - a.to)) {
    if (fault.to > from - HELD_UP_MS) from = Math.min(from, fault.from - HELD_UP_MS);
  }
  return from;
}

/** Slots to come that the owner had skipped are in the ledger ahead of their time. */
function addSkipped(world: World, reigns: Reign[], allowed: Set<number>): void {
  for (const row of [...world.cron.ledger(), ...(world.cron.lastLedger?.rows ?? [])]) {
    if (row.status !== "skipped" || row.reason?.startsWith("skipped by hand") !== true) continue;
    const asked = world.owner.requests.some(({ action }) => action.kind === "skip" && action.count > 0);
    const known = reigns.some(
      ({ definition }) => definition.schedule === row.schedule && definition.timezone === row.timezone,
    );
    if (!asked || !known || row.schedule === null) continue;
    const first = row.first_slot ?? row.scheduled_for;
    const timetable = { expression: row.schedule, timezone: row.timezone };
    for (const slot of slotsOf(timetable, first - 1, row.scheduled_for)) allowed.add(slot);
  }
}

/** What the owner asked for of the past, by whatever schedule the cron had while that may have been done. */
function addBackfilled(world: World, reigns: Reign[], allowed: Set<number>): void {
  for (const { action, from, to } of world.owner.requests) {
    if (action.kind !== "backfill") continue;
    for (const { definition, lowestWall, highestWall } of reigns) {
      if (highestWall < from - 1 || lowestWall > to + 1) continue;
      for (const slot of slotsOf(timetableOf(definition), action.start - 1, action.end - 1))
        allowed.add(slot);
    }
  }
}
