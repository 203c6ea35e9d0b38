/**
 * What a cron's object can be asked, and the only way to reach one. All arguments and results are plain JSON, which crosses RPC
 * as it is. Refusals cross as domain errors, see `platform/rpc.ts`.
 */
import type { ReportAnswer } from "./cron-entry";
import type { Env } from "../platform/config";
import { remoteCalls } from "../platform/rpc";
import type { Cron, CronPatch } from "../wire/crons/cron";
import type { Figures } from "../wire/crons/figures";
import type { Backfill, BackfillPreview, RunNow, SkipNext, Slot, SlotList } from "../wire/crons/slot";
import type { AccessFilter } from "./access-filter";
import type { CronDefinition } from "./cron-definition";
import type { CronRunsPage, CronRunsQuery } from "./cron-runs";
import type { FiringContext } from "./firing-context";
import type { RunReport } from "./run-report";

/** Everything that a cron's object can be asked. */
export interface CronCalls {
  /**
   * Stores a new cron and sets its alarm. `ifExists` decides about a cron that is there already: the call is refused, the
   * cron is left as it is, or it is changed by `patch`.
   * @throws request.invalid when the schedule cannot be used or has no time to come, cron.exists; nothing is changed then
   */
  create(
    definition: CronDefinition,
    firingContext: FiringContext,
    options: { ifExists: "raise" | "do_nothing" | "update"; patch: CronPatch },
  ): Promise<Cron>;
  /** The cron. @throws cron.not_found */
  get(): Promise<Cron>;
  /** What the cron's slots and runs came to. @throws cron.not_found */
  getFigures(): Promise<Figures>;
  /**
   * Changes the definition. A slot that came due before the change is settled first, so no change swallows or repeats a slot:
   * the slot fires, or it is skipped when the change disables or ends the cron.
   * @throws cron.not_found, and request.invalid when the changed schedule cannot be used; nothing is changed then
   */
  patch(patch: CronPatch): Promise<Cron>;
  /** Pauses the cron for a reason of the server's. A cron that is paused already stays as it is. @throws cron.not_found */
  pause(reason: string): Promise<void>;
  /** Deletes the cron for good, with its ledger and its alarm. Runs that it made go on. @throws cron.not_found */
  delete(): Promise<void>;
  /** A page of the slot ledger, newest first. @throws cron.not_found */
  listSlots(query: SlotList): Promise<Slot[]>;
  /** A page of the cron's runs, as far back as its ledger goes. @throws cron.not_found */
  listRuns(query: CronRunsQuery): Promise<CronRunsPage>;
  /**
   * Makes a run now, beside the schedule, which does not move. Neither the end time nor a pause holds it back; the limits
   * and the overlap rule do.
   * @param by the identity of who asked for it; null when that has no name
   * @returns the slot of the run by hand; it is pending while it waits for an earlier run, or could not be enqueued yet
   * @throws cron.not_found, cron.conflict or another refusal when there is to be no such run
   */
  runNow(overrides: RunNow, by: string | null): Promise<Slot>;
  /**
   * Skips the next slots, as many as `count` says. Slots that were skipped by hand before are no longer skipped.
   * @throws cron.not_found, and cron.conflict when no slot is to come
   */
  skipNext(skip: SkipNext): Promise<Cron>;
  /** What {@link backfill} would run. @throws cron.not_found, request.invalid */
  previewBackfill(period: Backfill): Promise<BackfillPreview>;
  /**
   * Runs the slots of a past period that got no run, one after the other.
   * @returns how many slots that are
   * @throws cron.not_found, request.invalid
   */
  backfill(period: Backfill): Promise<{ slots: number }>;
  /**
   * A thread's object reports that a run of this cron has ended. It reports every run at least once; a repeated report changes
   * nothing.
   * @throws cron.not_found
   */
  runEnded(report: RunReport): Promise<ReportAnswer>;
  /**
   * The record of a run of this cron is about to be deleted by its owner. The run is listed no more.
   * @param report how it has ended; the end is counted if it was not
   * @throws cron.not_found
   */
  runDeleted(report: RunReport): Promise<void>;
  /**
   * For the watchdog: does what the alarm does, which may be late or lost. When the object holds no cron, D1 is told so: a
   * write of the cron may have arrived later than its deletion.
   * @param revision the cron's revision in D1
   */
  poke(cronId: string, revision: number): Promise<void>;
}

/**
 * The object of the cron.
 * @param visible with it, a cron that does not pass the filter is one that does not exist; to create a cron with its id is cron.exists
 */
export const cronObject = (env: Env, cronId: string, visible?: AccessFilter): CronCalls =>
  remoteCalls<CronCalls>(env.CRON.get(env.CRON.idFromName(cronId)), visible);
