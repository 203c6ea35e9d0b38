/**
 * What keeps a cron going: its tables, its alarm, and the advance that the alarm makes: it claims what is due, has the runs
 * enqueued, brings the index up to date and sets the next alarm. Everything in here may be cut off between any two
 * statements and done again.
 */
import { DurableObject } from "cloudflare:workers";
import type { CronDefinition } from "../calls/cron-definition";
import { type CronEntry } from "../calls/cron-entry";
import { indexCron, updateCronEntry, unindexCron } from "../d1/crons-table";
import { AlarmClock, earliest } from "../platform/alarm";
import { backoffMs, CRON_BACKOFF } from "../platform/backoff";
import { now, toIso } from "../platform/clock";
import { webhookSecrets } from "../platform/config";
import { within } from "../platform/deadline";
import { logError, logInfo } from "../platform/log";
import { answerCall, type Answer } from "../platform/rpc";
import { D1_CALL_MS } from "../platform/time-limits";
import type { Figures } from "../wire/crons/slot";
import { Alerts } from "./alerts";
import { Claims } from "./claims";
import { Deliveries } from "./deliveries";
import { figuresOf } from "./figures";
import { SlotLedger } from "./ledger";
import { CronRecord, type StoredCron } from "./record";
import { pruneHistory, removeOldThreads } from "./retention";
import { reasonNotToFire } from "./timing";

/** While a claimed slot is not acknowledged the alarm stays this near, so that a crash delays the slot by no more. */
export const DEAD_MAN_MS = 30_000;
/** When D1 is back after however long, the index is right within a minute. */
const INDEX_RETRY_MS = 15_000;
/** The history is pruned, and the index written in full, each time so many slots more are in the ledger; see pruneEvery. */
const MAX_SLOTS_TO_PRUNE = 20;

export abstract class CronHost extends DurableObject {
  protected readonly record = new CronRecord(this.ctx.storage);
  protected readonly ledger = new SlotLedger(this.ctx.storage.sql);
  protected readonly alerts = new Alerts(this.ctx.storage.sql, {
    url: () => (this.record.isGone() ? null : this.record.require().definition.policy.alert_webhook),
    secrets: () => webhookSecrets(this.env),
    attemptMade: () => {
      if (!this.record.isGone()) this.armForNext();
    },
  });
  protected readonly claims = new Claims(this.record, this.ledger, ({ first, last, slots }) => {
    this.alert("cron.slot_missed", {
      first_slot: toIso(first),
      last_slot: toIso(last),
      slots,
      reason: "the server did not run at the time",
    });
  });
  private readonly deliveries = new Deliveries(this.record, this.ledger, {
    env: () => this.env,
    transaction: (work) => this.record.transaction(work),
    entryOfFiring: () => {
      const { indexedRevision, revision } = this.record.require();
      // Of a slot that waited another entry of this revision was given away, by which it still does.
      if (indexedRevision >= revision) this.record.update({});
      return this.entry(1);
    },
    pause: (reason) => {
      this.pauseItself(reason);
    },
    onUnfired: ({ scheduledFor }, status, reason) => {
      if (status !== "missed") return;
      const slot = toIso(scheduledFor);
      this.alert("cron.slot_missed", { first_slot: slot, last_slot: slot, slots: 1, reason });
    },
  });
  /** Advances are done one after the other, whoever asks for them. */
  private lastAdvance: Promise<void> = Promise.resolve();
  /** Those that were asked for and have not begun. */
  private waiting = 0;
  /** Of the index, which a deletion waits for: it must not come first. */
  private lastWrite: Promise<void> = Promise.resolve();
  private readonly clock = new AlarmClock(this.ctx);

  /** Every call of others comes through here; see {@link answerCall}. */
  async call(method: string, args: unknown[]): Promise<Answer> {
    return answerCall(this, method, args);
  }

  /**
   * What the alarm does, for the watchdog when an alarm is late or lost, or the index behind. When there is no such cron the
   * index is told: a write that was given up for lost can arrive after all, later than the deletion.
   * @param revision of the cron in the index
   */
  async poke(cronId: string, revision: number): Promise<void> {
    if (this.record.read() === undefined) {
      await unindexCron(this.env.DB, cronId, revision);
      return;
    }
    await this.exclusively(async () => {
      if (!this.record.isGone()) this.record.doubtIndex();
    });
    await this.alarm();
  }

  override async alarm(): Promise<void> {
    await this.clock.ring(
      () => this.exclusively(() => this.advance({})),
      (failures) => this.nextAfterFailure(now() + backoffMs(CRON_BACKOFF, failures)),
    );
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

  /** Like the alarm, for who has just stored what is to be done and has an alarm set, should this fail. */
  protected async advanceNow(options: { runEnded?: boolean; slotsBefore?: number } = {}): Promise<void> {
    try {
      await this.exclusively(() => this.advance(options));
    } catch (error) {
      logError("the alarm will go on with the cron", error, { cron: this.ctx.id.name });
    }
  }

  /**
   * Claims slots by hand in one transaction, then has them delivered like those that are due.
   * @returns what `claim` returns
   */
  protected async claimAndAdvance<T>(claim: () => T): Promise<T> {
    this.record.require();
    const slotsBefore = this.slotsSoFar();
    const claimed = this.record.transaction(() => {
      const result = claim();
      this.armDeadMan();
      return result;
    });
    await this.advanceNow({ slotsBefore });
    return claimed;
  }

  /**
   * Does everything that is due: claims, deliveries, alerts, the index; then sets the next alarm.
   * @param options `slotsBefore`: how many slots the ledger had before the caller claimed some itself
   */
  private async advance({
    runEnded = false,
    slotsBefore,
  }: {
    runEnded?: boolean;
    slotsBefore?: number;
  }): Promise<void> {
    const stored = this.record.read();
    if (stored === undefined) return;
    if (stored.deleted) {
      await this.remove(stored);
      return;
    }
    const before = slotsBefore ?? this.slotsSoFar();
    const claimed = this.record.transaction(() => {
      const due = this.claims.claimDue(reasonNotToFire(stored.definition), true);
      if (this.claims.claimFromBacklog(runEnded) || due !== undefined) this.armDeadMan();
      return due;
    });
    const every = pruneEvery(stored.definition);
    const prunes = Math.floor(before / every) < Math.floor(this.slotsSoFar() / every);
    // Whatever may have become of its row in D1 (a backup that was restored, say), it is written in full now and then.
    if (prunes) this.record.doubtIndex();
    await this.deliveries.deliverDue(claimed?.slotToDeliver ?? null, runEnded);
    if (this.record.isGone()) return;
    await this.settleAlarm();
    await this.tidyUp({ threads: runEnded, history: prunes });
  }

  /** Removes what is kept no longer. What fails is done with a later slot. */
  private async tidyUp({ threads, history }: { threads: boolean; history: boolean }): Promise<void> {
    try {
      const hasRemoved = threads && (await removeOldThreads(this.env, this.record, this.ledger));
      if ((history || hasRemoved) && !this.record.isGone()) {
        await pruneHistory(this.env, this.record, this.ledger);
      }
    } catch (error) {
      logError("the cron's past could not be tidied up", error, { cron: this.ctx.id.name });
    }
  }

  /** Stores a changed definition, once what is due by the old one is settled. */
  protected change(definition: CronDefinition, rescheduled: boolean): void {
    const before = this.record.require().definition;
    const reason = reasonNotToFire(definition);
    this.claims.claimDue(reason);
    if (reason !== null) this.claims.dropCatchUps(reason);
    if (rescheduled) this.claims.undoSkips();
    const { nextRunAt, progress } = this.record.require();
    const retimed =
      rescheduled || definition.enabled !== before.enabled || definition.endTime !== before.endTime;
    const resumed = definition.enabled && !before.enabled;
    this.record.update({
      definition,
      nextRunAt: retimed ? this.claims.nextUnskippedSlot(definition, now()) : nextRunAt,
      progress: resumed ? { ...progress, failuresInARow: 0 } : progress,
    });
  }

  protected pauseItself(reason: string): void {
    const { definition } = this.record.require();
    if (!definition.enabled) return;
    this.record.transaction(() => {
      this.change({ ...definition, enabled: false, note: reason, updatedAt: now() }, false);
      this.alert("cron.paused", { reason });
      this.armDeadMan();
    });
  }

  protected alert(type: Parameters<Alerts["add"]>[0], what: Record<string, unknown>): void {
    const { cronId, assistantId, threadId, schedule, timezone, metadata } = this.record.require().definition;
    this.alerts.add(type, {
      cron_id: cronId,
      assistant_id: assistantId,
      cron_thread_id: threadId,
      schedule,
      timezone,
      metadata,
      ...what,
    });
  }

  /** @param firing so many slots are taken not to be pending any more */
  protected figures(firing = 0): Figures {
    const { progress, pendingFrom } = this.record.require();
    return figuresOf(progress, this.ledger.pending(pendingFrom).length - firing, now());
  }

  /**
   * What has changed since the index was given the definition; null when it was not.
   * @param firing see {@link figures}
   */
  protected entry(firing = 0): CronEntry | null {
    if (!this.record.isDefinitionIndexed()) return null;
    const { definition, nextRunAt, revision } = this.record.require();
    return { cronId: definition.cronId, nextRunAt, figures: this.figures(firing), revision };
  }

  /** Has alerts called, brings the index up to date and sets the alarm. */
  protected async settleAlarm(): Promise<void> {
    // Nobody waits for an alert, but the object stays awake for it.
    this.ctx.waitUntil(this.alerts.callDue());
    const { revision, indexedRevision } = this.record.require();
    if (indexedRevision !== revision) {
      try {
        const written = within(D1_CALL_MS, "D1", this.writeIndex());
        this.lastWrite = written.catch(() => undefined);
        await written;
        this.record.noteIndexed(revision);
      } catch (error) {
        logError("the index could not be written", error, { cron: this.ctx.id.name });
      }
    }
    // The await above let others in: what holds is what is stored now.
    if (this.record.isGone()) return;
    // An advance that waits will set the alarm itself; until then it need only be set.
    if (this.waiting === 0) this.armForNext();
    else if (!this.clock.isSet) this.armDeadMan();
  }

  private async writeIndex(): Promise<void> {
    const entry = this.entry();
    if (entry === null) await indexCron(this.env.DB, this.record.require(), this.figures());
    else await updateCronEntry(this.env.DB, entry).run();
  }

  /** Sets the alarm for whatever comes first: the next slot, or something to be done or tried again. */
  private armForNext(): void {
    const { nextRunAt, pendingFrom, revision, indexedRevision } = this.record.require();
    const indexAt = revision === indexedRevision ? null : now() + INDEX_RETRY_MS;
    let at = earliest(nextRunAt, indexAt);
    for (const { retryAt } of this.ledger.pending(pendingFrom)) at = earliest(at, retryAt);
    // The others wait for the first: an alarm at their times would find nothing to do, and be set again at once.
    at = earliest(at, this.ledger.backlogs(pendingFrom)[0]?.claimAt ?? null);
    this.arm(earliest(at, this.alerts.nextDue()));
  }

  /** While something is under way the alarm stays near, should this host die; and no later than the next slot. */
  protected armDeadMan(): void {
    this.arm(earliest(this.record.require().nextRunAt, now() + DEAD_MAN_MS));
  }

  private slotsSoFar(): number {
    const { fired, skipped, missed, rolled_back: rolledBack } = this.record.require().progress.slots;
    return fired + skipped + missed + rolledBack;
  }

  protected async remove({ definition, revision }: StoredCron): Promise<void> {
    await this.lastWrite;
    await within(D1_CALL_MS, "D1", unindexCron(this.env.DB, definition.cronId, revision));
    // The alarm goes with the rest.
    await this.record.removeAll();
    this.clock.forget();
    logInfo("cron deleted", { cron_id: definition.cronId });
  }

  /** Sets the alarm to this instant (ms); null leaves none. */
  protected arm(instant: number | null): void {
    this.clock.set(instant);
  }

  /** Does `work` when all that was asked for before is done. */
  protected exclusively(work: () => Promise<void>): Promise<void> {
    this.waiting += 1;
    const done = this.lastAdvance.then(() => {
      this.waiting -= 1;
      return work();
    });
    this.lastAdvance = done.catch(() => undefined);
    return done;
  }
}

/** After how many slots the ledger is pruned: a short history is to stay near its limit. */
const pruneEvery = ({ policy }: CronDefinition): number =>
  Math.min(MAX_SLOTS_TO_PRUNE, Math.ceil(policy.history_limit / 2));
