/** The ledger as the checker reads it: from the rows, unfolded by the oracle's own matcher. */
import { slotsOf } from "./matcher";
import type { LedgerRow } from "./stored-cron";
import type { World } from "./world";

/** What became of one slot. */
export interface Entry {
  slot: number;
  status: LedgerRow["status"];
  reason: string | null;
  origin: string;
  runId: string | null;
  latenessMs: number | null;
}

export interface Ledger {
  /** Of slots, those that are there. */
  present: Map<number, Entry[]>;
  /** Of slots, those that were taken out: to be kept no longer, or to be acted on after all. */
  removed: Map<number, Entry[]>;
  manual: Entry[];
  removedManual: Entry[];
  prunedBefore: number;
}

export function readLedger(world: World): Ledger {
  const rows = world.cron.lastLedger?.rows ?? world.cron.ledger();
  const removed = world.cron.lastLedger?.removed ?? world.cron.removed();
  const progress = world.cron.row()?.progress;
  const stored =
    typeof progress === "string" ? (JSON.parse(progress) as { prunedBefore: number }) : undefined;
  return {
    present: bySlot(rows),
    removed: bySlot(removed),
    manual: rows.filter(({ manual }) => manual === 1).map((row) => entryOf(row, row.scheduled_for)),
    removedManual: removed.filter(({ manual }) => manual === 1).map((row) => entryOf(row, row.scheduled_for)),
    prunedBefore: stored?.prunedBefore ?? (removed.length > 0 ? Infinity : 0),
  };
}

function bySlot(rows: LedgerRow[]): Map<number, Entry[]> {
  const entries = new Map<number, Entry[]>();
  for (const row of rows) {
    if (row.manual === 1) continue;
    for (const slot of unfolded(row)) {
      const known = entries.get(slot);
      if (known === undefined) entries.set(slot, [entryOf(row, slot)]);
      else known.push(entryOf(row, slot));
    }
  }
  return entries;
}

function unfolded(row: LedgerRow): number[] {
  if (row.first_slot === null || row.schedule === null) return [row.scheduled_for];
  const timetable = { expression: row.schedule, timezone: row.timezone };
  const slots = slotsOf(timetable, row.first_slot - 1, row.scheduled_for);
  if (slots[0] !== row.first_slot || slots.at(-1) !== row.scheduled_for) {
    throw new Error(`a range whose ends are no slots: ${JSON.stringify(row)}`);
  }
  return slots;
}

const entryOf = (row: LedgerRow, slot: number): Entry => ({
  slot,
  status: row.status,
  reason: row.reason,
  origin: row.origin,
  runId: row.run_id,
  latenessMs: row.lateness_ms,
});

/** All that fired, with what is no longer kept. */
export function firedEntries({ present, removed, manual, removedManual }: Ledger): Entry[] {
  const slots = [...present.values(), ...removed.values()].flat();
  return [...slots, ...manual, ...removedManual].filter(({ status }) => status === "fired");
}
