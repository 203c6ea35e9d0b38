/** One cron: what others may ask of its object. It stores the definition and the slot ledger, and fires by its alarm. */
import { patched, toWireCron, type CronDefinition } from "../calls/cron-definition";
import type { FiringContext } from "../calls/firing-context";
import type { ReportAnswer, RunReport } from "../calls/run-report";
import { now, toIso } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { requireStorable } from "../platform/json";
import { logError } from "../platform/log";
import type { Cron, CronPatch } from "../wire/crons/cron";
import type { Backfill, Figures, RunNow, SkipNext, Slot, SlotList } from "../wire/crons/slot";
import { CronHost, DEAD_MAN_MS } from "./cron-host";
import type { SlotKey } from "./ledger";
import { failed, withReport } from "./progress";
import { removeIfBeyondHistory } from "./retention";
import { reasonNotToFire, requireFuture } from "./timing";

export class CronDO extends CronHost {
  /**
   * Stores a new cron and sets its alarm. Of one that is there already `ifExists` says what becomes: it is left as it is, or
   * changed by `patch`.
   * @throws request.invalid when the schedule cannot be used or has no time to come, cron.exists; nothing is changed then.
   */
  async create(
    definition: CronDefinition,
    firingContext: FiringContext,
    { ifExists, patch }: { ifExists: "raise" | "do_nothing" | "update"; patch: CronPatch },
  ): Promise<Cron> {
    const existing = this.record.read();
    if (existing !== undefined) {
      if (existing.deleted || ifExists === "raise") {
        throw new DomainError("cron.exists", "cron_id: there is a cron with this id");
      }
      const { threadId, assistantId } = existing.definition;
      if (ifExists === "do_nothing") return this.get();
      if (threadId !== definition.threadId || assistantId !== definition.assistantId) {
        throw new DomainError(
          "cron.exists",
          "cron_id: the cron with this id has another assistant or thread",
        );
      }
      return this.patch(patch);
    }
    requireFuture(definition);
    requireStorable("cron", definition, firingContext);
    this.record.transaction(() => {
      this.record.createTables();
      const nextRunAt = this.claims.nextUnskippedSlot(definition, now());
      this.record.insert(definition, firingContext, nextRunAt);
      // The alarm writes the index if it cannot be written below.
      this.armDeadMan();
    });
    await this.settleAlarm();
    return this.get();
  }

  /** The cron. @throws cron.not_found */
  async get(): Promise<Cron> {
    return toWireCron(this.record.require());
  }

  /** What its slots and runs came to. @throws cron.not_found */
  async getFigures(): Promise<Figures> {
    return this.figures();
  }

  /**
   * Changes the definition. A slot that came due before the change is settled first, so that no change swallows or repeats
   * one: it fires, or is skipped when the change disables or ends the cron.
   * @throws cron.not_found, and request.invalid when the changed schedule cannot be used; nothing is changed then.
   */
  async patch(patch: CronPatch): Promise<Cron> {
    const stored = this.record.require();
    const before = stored.definition;
    const definition = patched(before, patch, now());
    requireStorable("cron", definition, stored.firingContext);
    const rescheduled = definition.schedule !== before.schedule || definition.timezone !== before.timezone;
    if (rescheduled) requireFuture(definition);
    this.record.transaction(() => {
      this.change(definition, rescheduled);
      this.armDeadMan();
    });
    // A lower limit holds at once, and not only when the next slots have come.
    if (definition.policy.history_limit < before.policy.history_limit)
      await this.advanceNow({ slotsBefore: 0 });
    await this.settleAlarm();
    return this.get();
  }

  /** Pauses the cron for a reason of the server's; one that is paused stays as it is. @throws cron.not_found */
  async pause(reason: string): Promise<void> {
    if (!this.record.require().definition.enabled) return;
    this.pauseItself(reason);
    await this.settleAlarm();
  }

  /**
   * Deletes the cron for good, its ledger and its alarm with it. Runs that it made go on.
   * @throws cron.not_found
   */
  async delete(): Promise<void> {
    const { definition } = this.record.require();
    // The tombstone first: nothing fires from here on, however long the index cannot be reached.
    this.record.markDeleted();
    this.arm(now() + DEAD_MAN_MS);
    try {
      // The alarm may have removed it by then, and somebody made it anew.
      await this.exclusively(async () => {
        const stored = this.record.read();
        if (stored?.deleted === true) await this.remove(stored);
      });
    } catch (error) {
      logError("the alarm will finish deleting the cron", error, { cron_id: definition.cronId });
    }
  }

  /** A page of the slot ledger, newest first. @throws cron.not_found */
  async listSlots(query: SlotList): Promise<Slot[]> {
    this.record.require();
    return this.ledger.list(query);
  }

  /**
   * Has a run made now, beside the schedule, which is not moved. It is held by no end time and no pause, but by the limits
   * and the overlap rule like any other.
   * @returns the run by hand, pending when it waits for an earlier one or could not be enqueued yet
   * @throws cron.not_found, cron.conflict or another when there is to be no such run
   */
  async runNow(overrides: RunNow): Promise<Slot> {
    const { definition } = this.record.require();
    requireStorable("cron", definition, overrides);
    const key = await this.claimAndAdvance(() => this.claims.claimManual(overrides));
    const slot = this.slot(key);
    if (slot.status === "skipped") throw new DomainError("cron.conflict", slot.reason ?? "skipped");
    return slot;
  }

  /**
   * Has the next slots skipped, as many as `count` says; none that was skipped by hand before is skipped any more.
   * @throws cron.not_found, and cron.conflict when there is none to come
   */
  async skipNext(skip: SkipNext): Promise<Cron> {
    await this.claimAndAdvance(() => {
      this.claims.claimDue(reasonNotToFire(this.record.require().definition));
      this.claims.skipNext(skip);
    });
    return this.get();
  }

  /**
   * Has the slots of a period that is over run, those that got no run; one after the other.
   * @returns how many
   * @throws cron.not_found, request.invalid
   */
  async backfill(period: Backfill): Promise<{ slots: number }> {
    return { slots: await this.claimAndAdvance(() => this.claims.backfill(period)) };
  }

  /**
   * A run of this cron has ended. A thread object reports each run at least once; a repeated report changes nothing.
   * @throws cron.not_found
   */
  async runEnded(report: RunReport): Promise<ReportAnswer> {
    let keepsRecord = true;
    const isFirstReport = this.record.transaction(() => {
      const { definition, progress } = this.record.require();
      const run = progress.running.find(({ runId }) => runId === report.runId);
      const after = withReport(progress, report);
      if (run === undefined || after === undefined) return false;
      const slot = { scheduledFor: run.scheduledFor, manual: run.origin === "manual" };
      this.record.update({ progress: after });
      if (report.status === "rolled_back") this.ledger.markRolledBack(slot);
      // The thread object removes the record, and not this object: the thread object may be about to write it.
      keepsRecord = !removeIfBeyondHistory(this.record, this.ledger, slot);
      if (!failed(report)) return true;
      this.alert("cron.run_failed", {
        run_id: report.runId,
        thread_id: report.threadId,
        scheduled_for: toIso(run.scheduledFor),
        status: report.status,
        error: report.error,
        attempts: report.attempts,
      });
      const maxFailures = definition.policy.pause_after_failures;
      if (maxFailures !== null && after.failuresInARow >= maxFailures && definition.enabled) {
        this.pauseItself(`paused after ${after.failuresInARow} failed runs in a row`);
      }
      return true;
    });
    const entry = this.entry();
    // A report that comes a second time may be one that nobody waits for any more.
    if (entry !== null && isFirstReport) this.record.noteIndexed(entry.revision);
    // Where no slot is to come, no alarm is either: the index would never hear of this, should the host die now.
    const isLast = entry === null && this.record.require().nextRunAt === null;
    if (this.waitsForRuns() || isLast) this.armDeadMan();
    this.ctx.waitUntil(this.advanceNow({ runEnded: true }));
    return { entry, keepsRecord };
  }

  /** Whether something waits for the end of a run, or is to be done at it. */
  private waitsForRuns(): boolean {
    const { pendingFrom } = this.record.require();
    const held = this.ledger.pending(pendingFrom).some(({ heldBy }) => heldBy !== null);
    return held || this.alerts.nextDue() !== null;
  }

  private slot(key: SlotKey): Slot {
    this.record.require();
    const slot = this.ledger.get(key);
    if (slot === undefined) throw new Error("a run by hand vanished");
    return slot;
  }
}
