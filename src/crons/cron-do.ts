/**
 * One cron. It stores the definition and the slot ledger, and its alarm is set for the next slot. When the alarm fires it
 * claims the slot, has the slot's run enqueued, brings the index up to date and sets the next alarm. Everything in here
 * may be cut off between any two statements and done again.
 */
import { DurableObject } from "cloudflare:workers";
import { now } from "../clock";
import { within } from "../deadline";
import { asDomainError, DomainError, messageOf } from "../errors";
import { requireStorable } from "../json";
import { logError, logInfo } from "../log";
import { answer, type Answer } from "../rpc";
import { patched, scheduleOf, toWireCron, upcomingSlot, type Cron, type CronDefinition } from "./cron";
import { CronRecord } from "./cron-record";
import { indexCron, unindexCron } from "./crons-table";
import { fire, hasFired, releaseThreads, threadIdOf } from "./firing";
import type { AssistantSnapshot } from "../runs/new-run";
import type { RunReport } from "../runs/run-report";
import { lastSlot } from "./schedule";
import type { CronPatch, SlotList } from "./schemas";
import { SlotLedger, type PendingSlot, type Slot } from "./slots";
import { backoff, earliest, reasonNotToFire, requireFuture } from "./timing";

/** While a claimed slot is not acknowledged the alarm stays this near, so that a crash delays the slot by no more. */
const DEAD_MAN_MS = 30_000;
/** Deliveries of one slot before it is given up as missed; with the back-off, about six minutes. */
const MAX_ATTEMPTS = 10;
const D1_LIMIT_MS = 5_000;

export class CronDO extends DurableObject {
  private readonly record = new CronRecord(this.ctx.storage.sql);
  private readonly ledger = new SlotLedger(this.ctx.storage.sql);
  /** Advances are done one after the other, whoever asks for them. */
  private lastAdvance: Promise<void> = Promise.resolve();
  /** Failures in a row, of advances and of writes to the index, for their back-offs. */
  private failures = 0;
  private indexFailures = 0;

  /** Every call of others comes through here; see {@link answer}. */
  async call(method: string, args: unknown[]): Promise<Answer> {
    return answer(this, method, args);
  }

  /**
   * Stores a new cron and sets its alarm.
   * @throws request.invalid when the schedule cannot be used or has no time to come; nothing is stored then.
   */
  async create(definition: CronDefinition, assistant: AssistantSnapshot): Promise<Cron> {
    requireFuture(definition);
    requireStorable("cron", definition, assistant);
    this.ctx.storage.transactionSync(() => {
      this.record.createTable();
      this.ledger.createTable();
      const nextRunAt = definition.enabled ? upcomingSlot(definition, now()) : null;
      this.record.insert({ definition, nextRunAt, revision: now() }, assistant);
      // Near, so that the alarm writes the index if it cannot be written below.
      this.arm(earliest(nextRunAt, now() + DEAD_MAN_MS));
    });
    await this.settleAlarm();
    return this.get();
  }

  /** The cron. @throws cron.not_found */
  async get(): Promise<Cron> {
    return toWireCron(this.record.require());
  }

  /**
   * Changes the definition. A slot that came due before the change is settled first, so that no change swallows or repeats
   * one: it fires, or is skipped when the change disables or ends the cron.
   * @throws cron.not_found, and request.invalid when the changed schedule cannot be used; nothing is changed then.
   */
  async patch(patch: CronPatch): Promise<Cron> {
    const stored = this.record.require();
    const definition = patched(stored.definition, patch, now());
    requireStorable("cron", definition, stored.assistant);
    const rescheduled = patch.schedule !== undefined || patch.timezone !== undefined;
    if (rescheduled) requireFuture(definition);
    const retimed = rescheduled || patch.end_time !== undefined || patch.enabled !== undefined;
    this.ctx.storage.transactionSync(() => {
      this.claimDue(reasonNotToFire(definition));
      let { nextRunAt } = this.record.require();
      if (retimed) nextRunAt = definition.enabled ? upcomingSlot(definition, now()) : null;
      this.record.update({ definition, nextRunAt });
      this.arm(now() + DEAD_MAN_MS);
    });
    await this.settleAlarm();
    return this.get();
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
      await this.exclusively(() => this.remove(definition));
    } catch (error) {
      logError("the alarm will finish deleting the cron", error, { cron_id: definition.cronId });
    }
  }

  /** A run that the cron made has ended for good; told at least once. @throws cron.not_found */
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- what it says is not kept yet
  async runEnded(_report: RunReport): Promise<void> {
    this.record.require();
  }

  /** A page of the slot ledger, newest first. @throws cron.not_found */
  async listSlots(query: SlotList): Promise<Slot[]> {
    this.record.require();
    return this.ledger.list(query);
  }

  /**
   * What the alarm does, for the watchdog when an alarm is late or lost. When there is no such cron the index is told: a
   * write that was given up for lost can arrive after all, later than the deletion.
   */
  async poke(cronId: string): Promise<void> {
    if (this.record.read() === undefined) await unindexCron(this.env.DB, cronId);
    else await this.alarm();
  }

  override async alarm(): Promise<void> {
    try {
      await this.exclusively(() => this.advance());
      this.failures = 0;
    } catch (error) {
      // The platform drops an alarm that keeps failing; so none fails, and the next one is booked here.
      logError("advancing the cron failed", error, { cron: this.ctx.id.name });
      this.failures += 1;
      await this.ctx.storage.setAlarm(this.nextAfterFailure(now() + backoff(this.failures)));
    }
  }

  /** The next slot, if it can be read and comes before the back-off is over. */
  private nextAfterFailure(retryAt: number): number {
    try {
      const next = this.record.read()?.nextRunAt ?? null;
      return next !== null && next > now() ? Math.min(next, retryAt) : retryAt;
    } catch {
      return retryAt;
    }
  }

  /** Does everything that is due: claims, deliveries, the index; then sets the next alarm. */
  private async advance(): Promise<void> {
    const stored = this.record.read();
    if (stored === undefined) return;
    if (stored.deleted) {
      await this.remove(stored.definition);
      return;
    }
    // Claimed earlier and not acknowledged: if a delivery was begun, their runs may exist or not.
    const unacknowledged = new Set(this.pending().map((slot) => slot.scheduledFor));
    this.ctx.storage.transactionSync(() => {
      if (this.claimDue(reasonNotToFire(stored.definition))) this.arm(now() + DEAD_MAN_MS);
    });
    const due = this.pending().filter(({ retryAt }) => retryAt === null || retryAt <= now());
    // Side by side: a delivery that hangs holds up no other.
    await Promise.all(due.map((slot) => this.deliver(slot, unacknowledged.has(slot.scheduledFor))));
    if (this.record.isGone()) return;
    await this.settleAlarm();
  }

  /** Slots that are claimed and not settled. */
  private pending(): PendingSlot[] {
    return this.ledger.pending(this.record.require().pendingFrom);
  }

  /**
   * Claims what is due, in one synchronous stretch: the latest due slot is to get a run (or `skip` as its reason not to),
   * those before it are missed, and the next slot is worked out. An early or repeated alarm finds nothing due.
   * @returns whether anything was due
   */
  private claimDue(skip: string | null): boolean {
    const { definition, nextRunAt: due } = this.record.require();
    const present = now();
    if (!definition.enabled || due === null || due > present) return false;
    const schedule = scheduleOf(definition);
    const latest = lastSlot(schedule, due, Math.min(present, (definition.endTime ?? Infinity) - 1));
    if (latest > due && !this.ledger.has(due)) {
      this.ledger.miss(
        due,
        lastSlot(schedule, due, latest - 1),
        schedule,
        "the server did not run at the time",
      );
    }
    // A slot is acted on once, also when the clock was set back and it comes round again.
    if (!this.ledger.has(latest)) {
      if (skip === null) this.ledger.claim(latest, threadIdOf(definition, latest));
      else this.ledger.skip(latest, skip, present - latest);
    }
    const oldest = this.pending()[0]?.scheduledFor ?? latest;
    this.record.setNext(upcomingSlot(definition, present), Math.min(oldest, latest));
    return true;
  }

  /**
   * Has the slot's run enqueued, or settles why not. What fails in between is booked to be tried again.
   * @param known that the slot was claimed before, so that a delivery of it may have been begun
   */
  private async deliver(slot: PendingSlot, known: boolean): Promise<void> {
    const { definition, assistant } = this.record.require();
    const { scheduledFor } = slot;
    const attempts = slot.attempts + 1;
    // A first delivery is not counted before it is made, which would cost a row: the claim says as much.
    if (known) this.ledger.countAttempt(scheduledFor, null);
    try {
      const reason = reasonNotToFire(definition);
      if (reason !== null && !(known && (await hasFired(this.env, definition.cronId, slot)))) {
        throw new DomainError("cron.conflict", reason);
      }
      const fired = await fire(this.env, definition, assistant, slot, known);
      if (this.record.isGone()) return;
      this.ledger.markFired(scheduledFor, now() - scheduledFor, fired.runId);
      this.record.keepAssistant(fired.assistant);
    } catch (error) {
      if (this.record.isGone()) return;
      const lateness = now() - scheduledFor;
      const refusal = asDomainError(error);
      if (refusal !== undefined) {
        this.ledger.markUnfired(scheduledFor, "skipped", refusal.detail, lateness);
        // What is gone does not come back by firing again: the cron is paused rather than failing for ever.
        if (refusal.code.endsWith(".not_found")) this.pause();
        return;
      }
      logError("a slot's run could not be enqueued", error, { cron_id: definition.cronId, attempts });
      if (attempts < MAX_ATTEMPTS) {
        const retryAt = now() + backoff(attempts);
        if (known) this.ledger.bookRetry(scheduledFor, retryAt);
        else this.ledger.countAttempt(scheduledFor, retryAt);
        return;
      }
      const reason = `its run could not be enqueued in ${attempts} attempts: ${messageOf(error)}`;
      this.ledger.markUnfired(scheduledFor, "missed", reason, lateness);
    }
  }

  private pause(): void {
    const { definition } = this.record.require();
    this.record.update({ definition: { ...definition, enabled: false, updatedAt: now() }, nextRunAt: null });
  }

  /** Brings the index up to date and sets the alarm for whatever comes first: the next slot, or something to try again. */
  private async settleAlarm(): Promise<void> {
    const { revision, indexed } = this.record.require();
    let wakeAt: number | null = null;
    if (indexed !== revision) {
      try {
        await within(D1_LIMIT_MS, "D1", indexCron(this.env.DB, this.record.require()));
        this.record.noteIndexed(revision);
        this.indexFailures = 0;
      } catch (error) {
        logError("the index could not be written", error, { cron: this.ctx.id.name });
        this.indexFailures += 1;
        wakeAt = now() + backoff(this.indexFailures);
      }
    }
    // The await above let others in: what holds is what is stored now.
    if (this.record.isGone()) return;
    const { nextRunAt, revision: latest } = this.record.require();
    if (latest !== revision) wakeAt = now();
    for (const { retryAt } of this.pending()) wakeAt = earliest(wakeAt, retryAt ?? now());
    this.arm(earliest(nextRunAt, wakeAt));
  }

  private async remove(definition: CronDefinition): Promise<void> {
    await releaseThreads(this.env, definition);
    await within(D1_LIMIT_MS, "D1", unindexCron(this.env.DB, definition.cronId));
    // The alarm goes with the rest.
    await this.ctx.storage.deleteAll();
    logInfo("cron deleted", { cron_id: definition.cronId });
  }

  /** Sets the alarm, at least 1 ms ahead: one that is due already may stall. Null leaves none. */
  private arm(at: number | null): void {
    const { storage } = this.ctx;
    this.ctx.waitUntil(at === null ? storage.deleteAlarm() : storage.setAlarm(Math.max(at, now() + 1)));
  }

  /** Does `work` when all that was asked for before is done. */
  private exclusively(work: () => Promise<void>): Promise<void> {
    const done = this.lastAdvance.then(work);
    this.lastAdvance = done.catch(() => undefined);
    return done;
  }
}
