/**
 * What the alarm of a thread object does: all work that is due. It then sets the alarm for the work that is due next. While
 * runs, webhooks, reports and traces are under way it waits for them, which keeps the object alive.
 */
import { endLostRun } from "../d1/runs-table";
import { deleteThreadRow } from "../d1/threads-table";
import { earliest } from "../platform/alarm";
import { backoffMs, INDEX_BACKOFF } from "../platform/backoff";
import { now } from "../platform/clock";
import { logError } from "../platform/log";
import type { IndexWriter } from "./index-writer";
import type { RecordCalls } from "./record/record-calls";
import type { Reports } from "./runs/reports";
import type { RunQueue } from "./runs/run-queue";
import { SAFETY_ALARM_MS, SOON_MS } from "./thread-alarm";
import type { ThreadContext } from "./thread-context";
import type { Webhooks } from "./webhooks/webhooks";

/** The handler waits at most this long for work that is under way. The platform ends a handler after 15 minutes. */
const MAX_WAIT_MS = 10 * 60_000;

export class AlarmHandler {
  constructor(
    private readonly context: ThreadContext,
    private readonly index: IndexWriter,
    private readonly reports: Reports,
    private readonly webhooks: Webhooks,
    private readonly queue: RunQueue,
    private readonly recordCalls: RecordCalls,
  ) {}

  /** Handles the alarm. Never throws. */
  async handle(): Promise<void> {
    await this.context.alarm.handle(() => this.doDueWorkAndSetAlarm());
  }

  /**
   * The watchdog calls this when the index says that runs of a thread have stalled. The object sets its alarm again, in case
   * the platform lost it. Runs and a thread that the index has and this object does not are ended and removed in the index:
   * a write to D1 that timed out can still arrive, after the write that was meant to replace it.
   */
  async poke(threadId: string, runIds: string[]): Promise<void> {
    const { DB } = this.context.env;
    const { runs, threads, alarm } = this.context;
    const lost = runIds.filter((runId) => !this.context.hasTables() || runs.get(runId) === undefined);
    const statements = lost.map((runId) => endLostRun(DB, runId));
    if (!this.context.hasTables() || threads.find(threadId) === undefined) {
      statements.push(deleteThreadRow(DB, threadId));
    }
    if (statements.length > 0) await DB.batch(statements);
    const nextWorkAt = this.context.hasTables() ? this.nextWorkAt() : null;
    // An object that is executing all its running runs is awake, and needs no alarm.
    if (nextWorkAt !== null && (this.queue.isIdle() || this.queue.stranded().length > 0)) {
      alarm.setAgain(nextWorkAt);
    }
  }

  private async doDueWorkAndSetAlarm(): Promise<void> {
    if (!this.context.hasTables()) return;
    // Most alarms ring when all work is done. The next call sets an alarm of its own.
    if (this.hasNothingToDo()) {
      await this.context.emptyIfUnused();
      return;
    }
    this.context.alarm.ringWithin(SAFETY_ALARM_MS);
    await this.doDueWork();
    await this.context.emptyIfUnused();
    if (this.context.hasTables()) this.context.alarm.set(this.nextWorkAt());
  }

  /** Does all work that is due, and waits while runs, webhooks, reports and traces are under way. */
  private async doDueWork(): Promise<void> {
    await this.expireThreads();
    if (!this.context.hasTables()) return;
    this.context.events.removeExpired();
    this.queue.startDue();
    const settled = this.webhooks.keepValues().then(() => this.index.settle());
    this.reports.sendDue();
    this.context.state.waitUntil(this.webhooks.callDueAndSettle());
    await this.waitWhileWorking();
    await settled;
    if (this.context.hasTables() && this.index.isBehind()) await this.index.settle();
  }

  /** Deletes or prunes the threads whose time to live is over. */
  private async expireThreads(): Promise<void> {
    for (const { threadId, expiresAt } of this.context.threads.expiries()) {
      if (expiresAt > now()) continue;
      await this.recordCalls.expireThread(threadId).catch((error: unknown) => {
        logError("a thread could not be expired", error, { thread_id: threadId });
      });
      if (!this.context.hasTables()) return;
    }
  }

  /**
   * Waits for runs, webhooks, reports and traces that are under way, but no longer than until more work is due. No other alarm rings meanwhile.
   * So this also writes to the index what has begun since.
   */
  private async waitWhileWorking(): Promise<void> {
    const workers = [this.queue, this.webhooks, this.reports, this.context.traces];
    if (workers.every((worker) => worker.isIdle())) return;
    const work = Promise.all(workers.map((worker) => worker.idle()));
    const untilNextMs = (this.nextRunWorkAt() ?? Infinity) - now();
    const limitMs = Math.min(MAX_WAIT_MS, Math.max(untilNextMs, SOON_MS));
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += SOON_MS) {
      const isTimeOver = await this.context.alarm.waitFor(work, Math.min(SOON_MS, limitMs - waitedMs));
      if (!isTimeOver || !this.context.hasTables()) return;
      // While D1 is down, writes wait for the alarms that are set for them.
      if (this.index.failures === 0 && this.index.isBehind()) await this.index.settle();
    }
  }

  /** Whether the object has nothing to do, now or later. */
  private hasNothingToDo(): boolean {
    const { runs, threads, events } = this.context;
    if (!this.queue.isIdle() || !runs.isEmpty() || events.nextExpiry() !== null) return false;
    // Without threads there is nothing to write to the index.
    return threads.isEmpty() || (!this.index.isBehind() && threads.expiries().length === 0);
  }

  /** When the alarm must ring next (ms); null when nothing needs it. */
  private nextWorkAt(): number | null {
    const { threads, events } = this.context;
    const instants = threads.expiries().map(({ expiresAt }) => expiresAt);
    const runWorkAt = this.nextRunWorkAt();
    if (runWorkAt !== null) instants.push(runWorkAt);
    const eventsExpireAt = events.nextExpiry();
    if (eventsExpireAt !== null) instants.push(eventsExpireAt);
    // The alarm keeps the object alive while runs execute, and restarts runs whose end could not be stored.
    if (!this.queue.isIdle() || this.queue.stranded().length > 0) instants.push(now() + SOON_MS);
    // If this host dies before a report is answered, the alarm sends the report again.
    if (!this.reports.isIdle()) instants.push(now() + SAFETY_ALARM_MS);
    if (this.index.isBehind()) {
      const object = String(this.context.state.id);
      instants.push(now() + backoffMs(INDEX_BACKOFF, this.index.failures + 1, object));
    }
    return instants.length === 0 ? null : Math.min(...instants);
  }

  /** When the next start of a run, webhook or report is due (ms); null when none waits. */
  private nextRunWorkAt(): number | null {
    if (!this.context.hasTables()) return null;
    const nextReport = this.reports.nextAt();
    return earliest(earliest(this.queue.nextStart(), this.context.webhookStore.nextAt()), nextReport);
  }
}
