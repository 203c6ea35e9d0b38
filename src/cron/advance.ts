/**
 * The advance of a cron, which its alarm makes: it claims what is due, has the runs enqueued, writes the cron's row in D1 and
 * sets the next alarm. The host may die between any two statements of an advance. The next advance then does again what was
 * not finished.
 */
import type { CronDefinition } from "../calls/cron-definition";
import { slotsSoFar } from "../calls/cron-progress";
import { earliest } from "../platform/alarm";
import { now } from "../platform/clock";
import { logError, logInfo } from "../platform/log";
import type { Alerts } from "./alerts";
import type { Claims } from "./claims";
import { SAFETY_ALARM_MS } from "./cron-alarm";
import type { CronContext } from "./cron-context";
import type { CronIndex } from "./cron-index";
import type { Deliveries } from "./deliveries";
import type { EndedRuns } from "./ended-runs";
import { isFinished } from "./finished";
import { reasonNotToFire } from "./limits";
import { leaveRunsToD1, pruneHistory, removeOldThreads } from "./retention";

/**
 * After a failed write, the cron's row in D1 is written again this many ms later. So it is right within a minute after D1 is
 * back.
 */
const INDEX_RETRY_MS = 15_000;
/**
 * After at most this many further slots the ledger is pruned and the cron's row in D1 is written in full; see
 * {@link slotsBetweenPrunings}.
 */
const MAX_SLOTS_BETWEEN_PRUNINGS = 20;

/** Why an advance is made, apart from what is due. */
interface AdvanceReason {
  /** A run has ended. Slots that are held back may go on, and its thread may be one too many. */
  runEnded?: boolean;
  /** How many slots the cron had before the caller claimed some itself. */
  slotsBefore?: number;
}

export class Advance {
  /** The work that was asked for last. Advances and deletions are done one after the other, whoever asks for them. */
  private lastWork: Promise<void> = Promise.resolve();
  /** How many of these were asked for and have not begun. */
  private waiting = 0;

  constructor(
    private readonly context: CronContext,
    private readonly alerts: Alerts,
    private readonly claims: Claims,
    private readonly index: CronIndex,
    private readonly endedRuns: EndedRuns,
    private readonly deliveries: Deliveries,
  ) {}

  /** Does `work` when all work that was asked for before is done. @throws whatever `work` throws */
  exclusively(work: () => Promise<void>): Promise<void> {
    this.waiting += 1;
    const done = this.lastWork.then(() => {
      this.waiting -= 1;
      return work();
    });
    this.lastWork = done.catch(() => undefined);
    return done;
  }

  /**
   * Does everything that is due, when all work that was asked for before is done.
   * @throws whatever goes wrong. The caller is the alarm, which then rings again
   */
  async doDueWork(reason: AdvanceReason = {}): Promise<void> {
    await this.exclusively(() => this.claimAndDeliver(reason));
  }

  /**
   * Does everything that is due. Never throws: the caller has stored what is to be done and has set an alarm, which does it after a
   * failure.
   */
  async doDueWorkOrLeaveToAlarm(reason: AdvanceReason = {}): Promise<void> {
    try {
      await this.doDueWork(reason);
    } catch (error) {
      logError("the alarm will go on with the cron", error, { cron_id: this.context.state.id.name });
    }
  }

  /**
   * Claims slots by hand in one transaction, then has them delivered like slots that are due.
   * @returns what `claim` returns
   */
  async claimByHand<T>(claim: () => T): Promise<T> {
    const { record, alarm } = this.context;
    const slotsBefore = slotsSoFar(record.require().progress);
    const claimed = record.transaction(() => {
      this.context.ledger.storeClaimed();
      const result = claim();
      alarm.ringForSafety();
      return result;
    });
    await this.doDueWorkOrLeaveToAlarm({ slotsBefore });
    return claimed;
  }

  /** Has alerts sent, writes the cron's row in D1, and sets the alarm. */
  async settle(): Promise<void> {
    const { record, alarm, state } = this.context;
    // Nobody waits for an alert, but the object stays awake for it.
    state.waitUntil(this.sendAlerts());
    await this.index.write();
    // Other calls may have changed the cron during the await, so the record is read again.
    if (record.isGone()) return;
    // An advance that waits will set the alarm itself. Until then it is enough that one is set.
    if (this.waiting === 0) this.setAlarm();
    else if (!alarm.isSet) alarm.ringForSafety();
  }

  /** Removes a cron that is marked as deleted: from D1, then from the object. @throws Error when D1 does not answer */
  async removeDeleted(): Promise<void> {
    const { record, alarm } = this.context;
    const stored = record.read();
    // The alarm may have removed the cron by now, and somebody may have made it anew.
    if (stored?.deleted !== true) return;
    await this.index.remove(stored);
    // From here on D1 lists the runs. Those that D1 gets to know later it lists anyway.
    await leaveRunsToD1(this.context);
    // The alarm goes with the rest.
    await record.removeAll();
    alarm.forget();
    logInfo("cron deleted", { cron_id: stored.definition.cronId });
  }

  /** Claims what is due, delivers it, settles, and tidies up. A cron that is marked as deleted is removed instead. */
  private async claimAndDeliver({ runEnded = false, slotsBefore }: AdvanceReason): Promise<void> {
    const { record, alarm } = this.context;
    const stored = record.read();
    if (stored === undefined) return;
    if (stored.deleted) {
      await this.removeDeleted();
      return;
    }
    const before = slotsBefore ?? slotsSoFar(stored.progress);
    const claimed = record.transaction(() => {
      // If the host died while it delivered the claimed slot, the slot is delivered again like others.
      this.context.ledger.storeClaimed();
      const due = this.claims.claimDue(reasonNotToFire(stored.definition), true);
      if (this.claims.claimFromBacklog(runEnded) || due !== undefined) alarm.ringForSafety();
      return due;
    });
    const interval = slotsBetweenPrunings(stored.definition);
    const prunes =
      Math.floor(before / interval) < Math.floor(slotsSoFar(record.require().progress) / interval);
    // The row in D1 may be wrong for reasons that this object cannot know, such as a restored backup. So it is written in full
    // now and then.
    if (prunes) record.markIndexStale();
    const runsBefore = record.require().progress.runs;
    await this.deliveries.deliverDue(claimed?.slotToDeliver ?? null, runEnded);
    if (record.isGone()) return;
    const hasEndedRun = record.require().progress.runs !== runsBefore;
    if (hasEndedRun && this.endedRuns.needAdvance()) {
      // Slots that are held back may go on. The alarm does that if the host dies before.
      alarm.ringForSafety();
      this.context.state.waitUntil(this.doDueWorkOrLeaveToAlarm({ runEnded: true }));
    }
    await this.settle();
    await this.tidyUp({ threads: runEnded || hasEndedRun, history: prunes });
    if (isFinished(this.context, this.alerts)) {
      record.markDeleted();
      alarm.set(now() + SAFETY_ALARM_MS);
      await this.removeDeleted();
    }
  }

  /** Removes threads and slots that are no longer kept. Never throws: after a failure a later slot removes them. */
  private async tidyUp({ threads, history }: { threads: boolean; history: boolean }): Promise<void> {
    const { record, state } = this.context;
    try {
      const hasRemovedThread = threads && (await removeOldThreads(this.context));
      if ((history || hasRemovedThread) && !record.isGone()) await pruneHistory(this.context);
    } catch (error) {
      logError("the cron's past could not be tidied up", error, { cron_id: state.id.name });
    }
  }

  private async sendAlerts(): Promise<void> {
    const hasSent = await this.alerts.sendDue();
    if (hasSent && !this.context.record.isGone()) this.setAlarm();
  }

  /** Sets the alarm for whatever comes first: the next slot, a delivery, a backlog, an alert, a write to D1, or the removal. */
  private setAlarm(): void {
    const { record, ledger, ranges, alarm } = this.context;
    const { nextRunAt, pendingFrom, revision, indexedRevision } = record.require();
    const indexAt = revision === indexedRevision ? null : now() + INDEX_RETRY_MS;
    let at = earliest(nextRunAt, indexAt);
    for (const { retryAt } of ledger.pending(pendingFrom)) at = earliest(at, retryAt);
    // The other backlogs wait for the oldest. An alarm for them would find nothing to do.
    at = earliest(at, ranges.backlogs(pendingFrom)[0]?.claimAt ?? null);
    if (isFinished(this.context, this.alerts)) at = now() + 1;
    alarm.set(earliest(at, this.alerts.nextDue()));
  }
}

/**
 * After how many further slots the ledger is pruned. A cron with a short history is pruned more often, so that the ledger stays
 * near its limit.
 */
const slotsBetweenPrunings = ({ policy }: CronDefinition): number =>
  Math.min(MAX_SLOTS_BETWEEN_PRUNINGS, Math.ceil(policy.history_limit / 2));
