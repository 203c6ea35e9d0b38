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
import { fire, releaseThreads, type AssistantSnapshot } from "./firing";
import { checkSchedule, lastSlot } from "./schedule";
import type { CronPatch, SlotList } from "./schemas";
import { SlotLedger, type PendingSlot, type Slot } from "./slots";

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
  /** Failures in a row, for the back-off. */
  private failures = 0;

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

  /** A page of the slot ledger, newest first. @throws cron.not_found */
  async listSlots(query: SlotList): Promise<Slot[]> {
    this.record.require();
    return this.ledger.list(query);
  }

  /** What the alarm does, for the watchdog when an alarm is late or lost. */
  async poke(): Promise<void> {
    await this.alarm();
  }

  override async alarm(): Promise<void> {
    try {
      await this.exclusively(() => this.advance());
    } catch (error) {
      // The platform drops an alarm that keeps failing; so none fails, and the next one is booked here.
      logError("advancing the cron failed", error, { cron: this.ctx.id.name });
      this.failures += 1;
      await this.ctx.storage.setAlarm(now() + backoff(this.failures));
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
    // Claimed earlier and not acknowledged: their runs may exist or not.
    const unacknowledged = new Set(this.ledger.pending().map((slot) => slot.scheduledFor));
    this.ctx.storage.transactionSync(() => {
      if (this.claimDue(reasonNotToFire(stored.definition))) this.arm(now() + DEAD_MAN_MS);
    });
    // Side by side: a delivery that hangs holds up no other.
    const delivered = this.ledger
      .pending()
      .map((slot) => this.deliver(slot, unacknowledged.has(slot.scheduledFor)));
    const retries = (await Promise.all(delivered)).filter((retryMs) => retryMs !== null);
    if (this.gone()) return;
    await this.settleAlarm(retries.length === 0 ? null : now() + Math.min(...retries));
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
    if (latest > due) {
      this.ledger.miss(
        due,
        lastSlot(schedule, due, latest - 1),
        schedule,
        "the server did not run at the time",
      );
    }
    // A slot is acted on once, also when the clock was set back and it comes round again.
    if (!this.ledger.has(latest)) {
      if (skip === null) this.ledger.claim(latest);
      else this.ledger.skip(latest, skip, present - latest);
    }
    this.record.setNext(upcomingSlot(definition, present));
    return true;
  }

  /** Has the slot's run enqueued. @returns ms until another attempt; null when the slot is settled. */
  private async deliver(slot: PendingSlot, redelivered: boolean): Promise<number | null> {
    const { definition, assistant } = this.record.require();
    let { attempts } = slot;
    if (redelivered) {
      this.ledger.countAttempt(slot.scheduledFor);
      attempts += 1;
    }
    try {
      const fired = await fire(this.env, definition, assistant, slot.scheduledFor, redelivered);
      if (this.gone()) return null;
      this.ledger.markFired(slot.scheduledFor, now() - slot.scheduledFor, fired.runId, fired.threadId);
      this.record.keepAssistant(fired.assistant);
      return null;
    } catch (error) {
      if (this.gone()) return null;
      const lateness = now() - slot.scheduledFor;
      const refusal = asDomainError(error);
      if (refusal !== undefined) {
        this.ledger.markUnfired(slot.scheduledFor, "skipped", refusal.detail, lateness);
        // What is gone does not come back by firing again: the cron is paused rather than failing for ever.
        if (refusal.code.endsWith(".not_found")) this.pause();
        return null;
      }
      logError("a slot's run could not be enqueued", error, { cron_id: definition.cronId, attempts });
      if (attempts < MAX_ATTEMPTS) return backoff(attempts);
      const reason = `its run could not be enqueued in ${attempts} attempts: ${messageOf(error)}`;
      this.ledger.markUnfired(slot.scheduledFor, "missed", reason, lateness);
      return null;
    }
  }

  private pause(): void {
    const { definition } = this.record.require();
    this.record.update({ definition: { ...definition, enabled: false, updatedAt: now() }, nextRunAt: null });
  }

  /** Brings the index up to date and sets the alarm for whatever comes first: the next slot, or something to retry. */
  private async settleAlarm(retryAt: number | null = null): Promise<void> {
    const { revision, indexed } = this.record.require();
    let wakeAt = retryAt;
    if (indexed !== revision) {
      try {
        await within(D1_LIMIT_MS, "D1", indexCron(this.env.DB, this.record.require()));
        this.record.noteIndexed(revision);
        this.failures = 0;
      } catch (error) {
        logError("the index could not be written", error, { cron: this.ctx.id.name });
        this.failures += 1;
        wakeAt = earliest(wakeAt, now() + backoff(this.failures));
      }
    }
    // The await above let others in: what holds is what is stored now.
    if (this.gone()) return;
    const { nextRunAt, revision: latest } = this.record.require();
    const unsettled = latest !== revision || (retryAt === null && this.ledger.pending().length > 0);
    if (unsettled) wakeAt = now();
    this.arm(earliest(nextRunAt, wakeAt));
  }

  private async remove(definition: CronDefinition): Promise<void> {
    await releaseThreads(this.env, definition);
    await within(D1_LIMIT_MS, "D1", unindexCron(this.env.DB, definition.cronId));
    // The alarm goes with the rest.
    await this.ctx.storage.deleteAll();
    logInfo("cron deleted", { cron_id: definition.cronId });
  }

  private gone(): boolean {
    return this.record.read()?.deleted !== false;
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

/** Why a slot that is due now gets no run, as its cron is now; null when it gets one. */
function reasonNotToFire(definition: CronDefinition): string | null {
  if (!definition.enabled) return "the cron was disabled before the slot was acted on";
  if (definition.endTime !== null && now() >= definition.endTime)
    return "the cron ended before the slot was acted on";
  return null;
}

function requireFuture(definition: CronDefinition): void {
  checkSchedule(scheduleOf(definition));
  if (upcomingSlot(definition, now()) !== null) return;
  const field = definition.endTime === null ? "schedule" : "schedule, end_time";
  throw new DomainError("request.invalid", `${field}: expected a time to come, and there is none`);
}

/** The earlier of two instants, of which either may be none. */
function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** Ms to wait after so many failures in a row: doubling from one second to two minutes. */
const backoff = (failures: number): number => Math.min(1000 * 2 ** (failures - 1), 120_000);
