/** The rows of the slot ledger, and the slots that a row stands for. The table is in `schema.ts`. */
import type { RunReport } from "../calls/run-report";
import { toIso } from "../platform/clock";
import type { JsonObject } from "../platform/json";
import type { SlotRange } from "../schedule/catch-up";
import { lastSlot, nextSlot, slotsBackwards, type Schedule } from "../schedule/schedule";
import type { Slot, SlotOrigin, SlotStatus } from "../wire/crons/slot";

/** What tells a slot from all others of its cron. The key of a run by hand is the instant at which it was asked for. */
export interface SlotKey {
  /** The slot's instant in ms. */
  scheduledFor: number;
  /** Whether it is a run by hand. */
  manual: boolean;
}

/** A claimed slot whose run is not yet known to be enqueued. */
export interface PendingSlot extends SlotKey {
  origin: SlotOrigin;
  threadId: string;
  /** How many deliveries were begun so far. */
  attempts: number;
  /** The instant (ms) at which the last delivery was begun; null before the first. */
  deliveredAt: number | null;
  /** The instant (ms) of the next delivery. The thread object refuses an earlier delivery that reaches it later than this. */
  retryAt: number;
  /** What the slot waits for when an earlier run holds it back; null when none does. */
  heldBy: string | null;
  /** What a run by hand has instead of the cron's payload. */
  overrides: JsonObject | null;
  /** The identity of who asked for a run by hand; null when that has no name. A claim of an earlier version does not have it. */
  requestedBy?: string | null;
}

/**
 * A row stands for one slot, or for a range of slots in a row that share their fate. The row of a range has the range's last
 * slot as its key, the first slot in `first_slot`, and the schedule by which the slots between are worked out.
 */
export type SlotRow = {
  scheduled_for: number;
  manual: number;
  origin: SlotOrigin;
  status: SlotStatus;
  reason: string | null;
  lateness_ms: number | null;
  run_id: string | null;
  thread_id: string | null;
  /** When its run was made (ms). Null before the run, and for runs that version 0.1.0 made. */
  run_created_at: number | null;
  run_ended_at: number | null;
  /** How the slot's run has ended; null while it goes on. The columns below say more of it. */
  run_status: RunReport["status"] | null;
  duration_ms: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  /** The first line of the run's error. */
  run_error: string | null;
  /** The identity of who asked for a run by hand. */
  requested_by: string | null;
  first_slot: number | null;
  schedule: string | null;
  timezone: string | null;
};

/** The schedule of a range; null when the row stands for one slot. */
export const scheduleOfRange = ({ first_slot, schedule, timezone }: SlotRow): Schedule | null =>
  first_slot === null || schedule === null ? null : { expression: schedule, timezone };

/** Whether the row stands for the slot. After a change of the schedule a range may span slots that are not its own. */
export function isWithin(row: SlotRow, slot: number): boolean {
  const schedule = scheduleOfRange(row);
  if (schedule === null || row.first_slot === null) return row.scheduled_for === slot;
  if (slot < row.first_slot || slot > row.scheduled_for) return false;
  return nextSlot(schedule, slot - 1) === slot;
}

/** What is left of a range, before and after, when the slots from `first` to `last` are taken out of it. */
export function rangesOutside(schedule: Schedule, range: SlotRange, { first, last }: SlotRange): SlotRange[] {
  const rest: SlotRange[] = [];
  if (range.first < first) {
    rest.push({ first: range.first, last: lastSlot(schedule, range.first, first - 1) });
  }
  const next = range.last > last ? nextSlot(schedule, last) : null;
  if (next !== null) rest.push({ first: next, last: range.last });
  return rest;
}

/** The slots that the row stands for and that lie before the instant `before` (ms), newest first. */
export function slotsOfRow(row: SlotRow, before: number): Iterable<number> {
  const schedule = scheduleOfRange(row);
  if (schedule === null || row.first_slot === null)
    return row.scheduled_for < before ? [row.scheduled_for] : [];
  return slotsBackwards(schedule, row.first_slot, Math.min(row.scheduled_for, before - 1));
}

/** A slot of the row as the API shows it. */
export const toWireSlot = (row: SlotRow, scheduledFor: number): Slot => ({
  scheduled_for: toIso(scheduledFor),
  origin: row.origin,
  status: row.status,
  reason: row.reason,
  lateness_ms: row.lateness_ms,
  run_id: row.run_id,
  thread_id: row.status === "fired" ? row.thread_id : null,
  requested_by: row.requested_by,
  run:
    row.run_status === null
      ? null
      : {
          status: row.run_status,
          duration_ms: row.duration_ms,
          input_tokens: row.input_tokens ?? 0,
          output_tokens: row.output_tokens ?? 0,
          error: row.run_error,
        },
});

/** The columns that say how the run of a slot has ended. */
export const END_COLUMNS = [
  "run_status",
  "duration_ms",
  "input_tokens",
  "output_tokens",
  "run_error",
  "run_ended_at",
] as const;

/** What {@link END_COLUMNS} hold, in their order. @param report null when the end is not known yet */
export const endOf = (report: RunReport | null): (string | number | null)[] =>
  report === null
    ? END_COLUMNS.map(() => null)
    : [
        report.status,
        report.startedAt === null ? null : report.endedAt - report.startedAt,
        report.inputTokens,
        report.outputTokens,
        report.error === null ? null : firstLine(report.error.message),
        report.endedAt,
      ];

/** Characters that are kept of an error. */
const MAX_ERROR_LENGTH = 200;

const firstLine = (message: string): string => (message.split("\n")[0] ?? "").slice(0, MAX_ERROR_LENGTH);
