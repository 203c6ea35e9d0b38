/** Decides which of the slots that are due fire now, are made up for later, or are missed. Pure functions. */
import type { CronPolicy } from "../wire/crons/policy";
import { lastSlot, slotsBetween, type Schedule } from "./schedule";

/** A range of consecutive slots: the instants (ms) of its first and its last slot. */
export interface SlotRange {
  first: number;
  last: number;
}

/** What becomes of the slots that are due. Each due slot is in exactly one of the three fields. */
export interface CatchUp {
  /** Slots that are too late, or that the policy does not make up for. */
  missed: SlotRange | null;
  /** Slots that are made up for, one after the other. */
  backlog: SlotRange | null;
  /** The slot that fires now. */
  fires: number | null;
}

/** A slot that is at most this many ms late counts as on time. An alarm may be late, and an object takes time to start. */
export const PUNCTUAL_MS = 60_000;

/** How many ms late a slot may be and still fire. */
export function windowMs(policy: Pick<CronPolicy, "catchup" | "catchup_window_seconds">): number {
  return Math.max(policy.catchup === "skip" ? 0 : policy.catchup_window_seconds * 1000, PUNCTUAL_MS);
}

/**
 * Decides about the slots that are due. All instants are in ms.
 * @param due the first slot that is due
 * @param latest the last slot at or before `present`
 */
export function catchUp(
  schedule: Schedule,
  { due, latest }: { due: number; latest: number },
  present: number,
  policy: Pick<CronPolicy, "catchup" | "catchup_window_seconds">,
): CatchUp {
  const oldest = present - windowMs(policy);
  if (latest < oldest) return { missed: { first: due, last: latest }, backlog: null, fires: null };
  const first = policy.catchup === "all" ? firstFrom(schedule, due, oldest) : latest;
  return {
    missed: first > due ? { first: due, last: lastSlot(schedule, due, first - 1) } : null,
    backlog: first < latest ? { first, last: latest } : null,
    fires: first === latest ? latest : null,
  };
}

/** The first slot that is at or after the instant `at` and not before the slot `due`. */
function firstFrom(schedule: Schedule, due: number, at: number): number {
  if (due >= at) return due;
  for (const slot of slotsBetween(schedule, at - 1, Infinity)) return slot;
  return due;
}

/** The wanted slots as ranges: two wanted slots are in one range when no unwanted slot lies between them. */
export function consecutiveRanges(
  slots: Iterable<number>,
  isWanted: (slot: number) => boolean,
): (SlotRange & { slots: number })[] {
  const ranges: (SlotRange & { slots: number })[] = [];
  let current: (SlotRange & { slots: number }) | undefined;
  for (const slot of slots) {
    if (!isWanted(slot)) {
      current = undefined;
    } else if (current === undefined) {
      current = { first: slot, last: slot, slots: 1 };
      ranges.push(current);
    } else {
      current.last = slot;
      current.slots += 1;
    }
  }
  return ranges;
}
