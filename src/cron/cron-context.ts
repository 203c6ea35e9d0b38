/**
 * The resources of a cron object. Every part of the object (see `cron-do.ts`) gets this one context: the platform's state and
 * bindings, the object's tables, and its alarm.
 */
import type { Env } from "../platform/config";
import { CronAlarm } from "./cron-alarm";
import { SlotLedger } from "./ledger";
import { PendingRows } from "./pending-rows";
import { CronRecord } from "./record";
import { OldSlots } from "./old-slots";
import { SlotRanges } from "./slot-ranges";

export class CronContext {
  /** The cron's own row: definition, progress, next slot. */
  readonly record: CronRecord;
  /** The slot ledger: slots and runs by hand that have a row of their own. */
  readonly ledger: SlotLedger;
  /** The slot ledger: ranges of consecutive slots, each range in one row. */
  readonly ranges: SlotRanges;
  /** The slot ledger: finding and removing old rows. */
  readonly oldSlots: OldSlots;
  readonly alarm: CronAlarm;

  /**
   * @param state what the platform gives the object: its id, its storage, and `waitUntil`
   * @param env the Worker's bindings and settings
   */
  constructor(
    readonly state: DurableObjectState,
    readonly env: Env,
  ) {
    this.record = new CronRecord(state.storage);
    const pendingRows = new PendingRows(state.storage.sql, this.record);
    this.ledger = new SlotLedger(state.storage.sql, this.record, pendingRows);
    this.ranges = new SlotRanges(state.storage.sql, pendingRows);
    this.oldSlots = new OldSlots(state.storage.sql);
    this.alarm = new CronAlarm(state, this.record);
  }
}
