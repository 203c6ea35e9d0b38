/** What is done about slots that came due while nobody looked: pure. */
import type { CronPolicy } from "../wire/policy";
import { lastSlot, slotsBetween, type Schedule } from "./schedule";

/** The first and the last of slots in a row. */
export interface SlotRange {
  first: number;
  last: number;
}

/** What becomes of the slots that are due; each of them is in one of the three. */
export interface CatchUp {
  /** Too late, or more than was asked for. */
  missed: SlotRange | null;
  /** Made up for, one after the other. */
  backlog: SlotRange | null;
  /** Fires now. */
  fires: number | null;
}

/** A slot that is no later than this is not one that was missed: alarms are late, and a host takes time to start. */
export const PUNCTUAL_MS = 60_000;

/** How late a slot may be and still fire, in ms. */
export function windowMs(policy: Pick<CronPolicy, "catchup" | "catchup_window_seconds">): number {
  return Math.max(policy.catchup === "skip" ? 0 : policy.catchup_window_seconds * 1000, PUNCTUAL_MS);
}

/**
 * Decides about the slots from `due`, which is one, to `latest`, which is the last at or before `present`.
 * All instants in ms.
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

/** The first slot at or after both `due`, which is one, and `at`. */
function firstFrom(schedule: Schedule, due: number, at: number): number {
  if (due >= at) return due;
  for (const slot of slotsBetween(schedule, at - 1, Infinity)) return slot;
  return due;
}

/** The slots that are `wanted`, in stretches without one that is not. */
export function stretches(
  slots: Iterable<number>,
  wanted: (slot: number) => boolean,
): (SlotRange & { slots: number })[] {
  const found: (SlotRange & { slots: number })[] = [];
  let open: (SlotRange & { slots: number }) | undefined;
  for (const slot of slots) {
    if (!wanted(slot)) {
      open = undefined;
    } else if (open === undefined) {
      open = { first: slot, last: slot, slots: 1 };
      found.push(open);
    } else {
      open.last = slot;
      open.slots += 1;
    }
  }
  return found;
}
