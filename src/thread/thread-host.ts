/**
 * The base of a thread object: its tables, its alarm, and the removal of runs and threads that have ended. A run starts in the
 * call that creates it. The alarm is a safety net: it serves runs that still execute, runs whose host died, and everything
 * that waits for a later time (delayed runs, retries, webhooks, reports, times to live).
 */
import { DurableObject } from "cloudflare:workers";
import { cronObject } from "../calls/cron-calls";
import { isStanding } from "../calls/thread-id";
import { endLostRun } from "../d1/runs-table";
import { deleteThreadRow } from "../d1/threads-table";
import { AlarmClock, earliest } from "../platform/alarm";
import { backoffMs, INDEX_BACKOFF } from "../platform/backoff";
import { now } from "../platform/clock";
import { webhookSecrets } from "../platform/config";
import { logError } from "../platform/log";
import { ObjectSchema } from "../platform/object-schema";
import { answerCall, type Answer } from "../platform/rpc";
import { IndexWriter } from "./index-writer";
import { noThread, ThreadStore, type StoredThread } from "./record/thread-store";
import { ReportStore } from "./runs/report-store";
import { Reports } from "./runs/reports";
import { RunQueue } from "./runs/run-queue";
import { RunStore } from "./runs/run-store";
import { THREAD_SCHEMA, THREAD_TABLE } from "./schema";
import { readSnapshot, readState } from "./state/thread-state";
import { EventLog } from "./streams/event-log";
import { Webhooks } from "./webhooks/webhook";
import { WebhookStore } from "./webhooks/webhook-store";
import { WebhookValues } from "./webhooks/webhook-values";

/** A call that changes something sets the alarm to this delay, so that the work goes on if the call is cut off. */
const SOON_MS = 1_000;
/**
 * The alarm's handler waits at most this long for runs that execute; its waiting keeps the object alive. The platform ends a
 * handler after 15 minutes.
 */
const MAX_WAIT_MS = 10 * 60_000;
/** The alarm is set to this delay while its handler works, because the platform may lose the alarm of a host that dies. */
const SAFETY_ALARM_MS = 60_000;

export abstract class ThreadHost extends DurableObject {
  protected readonly storage = this.ctx.storage;
  protected readonly runs = new RunStore(this.storage.sql);
  protected readonly threads = new ThreadStore(this.storage.sql);
  protected readonly log = new EventLog(this.storage);
  private readonly reportStore = new ReportStore(this.storage.sql);
  private readonly reports = new Reports(this.reportStore, {
    exists: () => this.tablesExist(),
    report: (cronId, report) => cronObject(this.env, cronId).runEnded(report),
    acknowledged: () => {
      this.ctx.waitUntil(this.settle());
    },
    postponed: (nextAt) => {
      this.interruptWaitAndWakeBy(nextAt);
    },
  });
  private readonly index = new IndexWriter(this.storage, this.env, this.runs, this.threads, {
    exists: () => this.tablesExist(),
    snapshotOf: (thread) => readSnapshot(this.storage, thread),
    cronEntryOf: (run) => this.reportStore.entryOf(run.runId) ?? run.cronEntry,
    settleAcknowledgedReport: (runId, writtenEntry) =>
      this.reportStore.settleAcknowledged(runId, writtenEntry),
    storeLateAcknowledgement: (runId) => {
      this.reportStore.storeLateAcknowledgement(runId);
    },
    threadsWithEvents: () => this.log.threadsWithEvents(),
  });
  protected readonly queue = new RunQueue(this.storage, this.env, this.runs, this.threads, this.log, {
    ended: () => {
      this.reports.sendDue();
    },
    failed: () => {
      this.wakeForRuns();
      // The index must show that the run waits and until when. Otherwise the watchdog would take it for stalled.
      this.ctx.waitUntil(this.settle({ includeNewRuns: true }));
    },
    settle: async ({ runId }) => {
      // The cron answers the report with its own changes for the index, which are then written together with the run.
      await this.reports.answered(runId);
      await this.webhooks.keepValues();
      await this.updateIndex();
      // The caller does not wait for the webhook, but the object must stay awake until it is called.
      this.ctx.waitUntil(this.callWebhooks());
      await this.emptyIfUnused();
    },
  });
  protected readonly webhookStore = new WebhookStore(this.storage.sql);
  private readonly webhookValues = new WebhookValues(this.storage);
  private readonly webhooks = new Webhooks(this.runs, this.webhookStore, this.webhookValues, {
    exists: () => this.tablesExist(),
    valuesOf: async (run) => {
      const thread = this.threads.find(run.threadId);
      if (thread === undefined || run.lastCheckpointId === null) return null;
      // Runs of other graphs may have continued the thread since this run ended.
      const atEnd = { ...thread, metadata: { ...thread.metadata, graph_id: run.graphId } };
      const options = { checkpointId: run.lastCheckpointId, subgraphs: false };
      return (await readState(this.storage, atEnd, options)).values;
    },
    secrets: () => webhookSecrets(this.env),
    changed: async () => {
      this.wakeForRuns();
      await this.settle();
    },
  });
  /** Ends the waiting of the alarm's handler early; undefined while it does not wait. */
  private stopWaiting: (() => void) | undefined;
  private readonly clock = new AlarmClock(this.ctx);
  private readonly schema = new ObjectSchema(this.storage, THREAD_SCHEMA, THREAD_TABLE);

  /** Answers every call of Workers and other objects, see {@link answerCall}. */
  async call(method: string, args: unknown[]): Promise<Answer> {
    return answerCall(this, method, args);
  }

  /** Marks this object as standing, if its name says so. A standing object stays when its last thread is removed. */
  protected markStanding(): void {
    if (isStanding(this.ctx.id.name ?? "") && this.storage.kv.get("standing") === undefined) {
      this.storage.kv.put("standing", true);
    }
  }

  /**
   * The watchdog calls this when the index says that runs of a thread have stalled. The object sets its alarm again, in case
   * the platform lost it. Runs and a thread that the index has and this object does not are ended and removed in the index:
   * a write to D1 that timed out can still arrive, after the write that was meant to replace it.
   */
  async poke(threadId: string, runIds: string[]): Promise<void> {
    const lost = runIds.filter((runId) => !this.tablesExist() || this.runs.get(runId) === undefined);
    const statements = lost.map((runId) => endLostRun(this.env.DB, runId));
    if (!this.tablesExist() || this.threads.find(threadId) === undefined) {
      statements.push(deleteThreadRow(this.env.DB, threadId));
    }
    if (statements.length > 0) await this.env.DB.batch(statements);
    const due = this.tablesExist() ? this.nextWake() : null;
    // An object that is executing all its running runs is awake, and needs no alarm.
    if (due !== null && (this.queue.isIdle() || this.queue.stranded().length > 0)) {
      await this.storage.setAlarm(Math.max(due, now() + 1));
    }
  }

  override async alarm(): Promise<void> {
    await this.clock.ring(
      () => this.doDueWorkAndSetAlarm(),
      () => now() + SAFETY_ALARM_MS,
    );
  }

  private async doDueWorkAndSetAlarm(): Promise<void> {
    if (!this.tablesExist()) return;
    // Most alarms ring when all work is done. The next call sets an alarm of its own.
    if (this.isQuiet()) {
      await this.emptyIfUnused();
      return;
    }
    this.wakeBy(now() + SAFETY_ALARM_MS);
    await this.doDueWork();
    await this.emptyIfUnused();
    if (this.tablesExist()) this.clock.set(this.nextWake());
  }

  /** Deletes or prunes a thread whose time to live is over, as the thread's strategy says. */
  protected abstract expireThread(threadId: string): Promise<void>;

  /** Does all work that is due, and waits while runs, webhooks and reports are under way. */
  private async doDueWork(): Promise<void> {
    for (const { threadId, expiresAt } of this.threads.expiries()) {
      if (expiresAt > now()) continue;
      await this.expireThread(threadId).catch((error: unknown) => {
        logError("a thread could not be expired", error, { thread_id: threadId });
      });
      if (!this.tablesExist()) return;
    }
    this.log.removeExpired();
    this.queue.startDue();
    const settled = this.webhooks.keepValues().then(() => this.settle());
    this.reports.sendDue();
    this.ctx.waitUntil(this.callWebhooks());
    await this.waitWhileWorking();
    await settled;
    if (this.tablesExist() && this.index.isBehind()) await this.settle();
  }

  /** Waits for runs, webhooks and reports that are under way, but no longer than until more work is due. */
  private async waitWhileWorking(): Promise<void> {
    const workers = [this.queue, this.webhooks, this.reports];
    if (workers.every((worker) => worker.isIdle())) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.stopWaiting = () => {
      resolve(undefined);
    };
    const due = (this.nextDue() ?? Infinity) - now();
    // A timer that still runs keeps the object awake, which is billed.
    const timer = setTimeout(this.stopWaiting, Math.min(MAX_WAIT_MS, Math.max(due, SOON_MS)));
    await Promise.race([Promise.all(workers.map((worker) => worker.idle())), promise]);
    clearTimeout(timer);
    this.stopWaiting = undefined;
  }

  /**
   * Writes changed runs and threads to the index, and removes the object if nothing is left in it.
   * @param includeNewRuns also writes runs that have just begun, see {@link IndexWriter.flush}
   */
  protected async settle({ includeNewRuns = false } = {}): Promise<void> {
    if (!this.tablesExist()) return;
    await this.updateIndex({ includeNewRuns });
    await this.emptyIfUnused();
  }

  private async updateIndex({ includeNewRuns = false } = {}): Promise<void> {
    if (await this.index.flush({ includeNewRuns })) return;
    // While D1 is down, acknowledged reports are stored in the runs' rows, so that no host reports them again.
    if (this.tablesExist()) this.reportStore.storeAcknowledgements();
  }

  /** Calls the webhooks that are due, and writes the index when all of them are answered. */
  private async callWebhooks(): Promise<void> {
    this.webhooks.callDue();
    if (this.webhooks.isIdle()) return;
    await this.webhooks.idle();
    await this.settle();
  }

  /** Makes sure that the alarm rings when the next work for a run is due. */
  protected wakeForRuns(): void {
    const due = this.nextDue();
    if (due !== null) this.interruptWaitAndWakeBy(due);
  }

  /** Makes sure that the alarm rings at `instant` (ms) at the latest, also while its handler waits for runs. */
  private interruptWaitAndWakeBy(instant: number): void {
    this.wakeBy(instant);
    this.stopWaiting?.();
  }

  /** Whether the object has nothing to do, now or later. */
  private isQuiet(): boolean {
    if (!this.queue.isIdle() || !this.runs.isEmpty() || this.log.nextExpiry() !== null) return false;
    // Without threads there is nothing to write to the index.
    return this.threads.isEmpty() || (!this.index.isBehind() && this.threads.expiries().length === 0);
  }

  /** When the alarm must ring next (ms); null when nothing needs it. */
  private nextWake(): number | null {
    const wakes = this.threads.expiries().map(({ expiresAt }) => expiresAt);
    const due = this.nextDue();
    if (due !== null) wakes.push(due);
    const eventsExpireAt = this.log.nextExpiry();
    if (eventsExpireAt !== null) wakes.push(eventsExpireAt);
    // The alarm keeps the object alive while runs execute, and restarts runs whose end could not be stored.
    if (!this.queue.isIdle() || this.queue.stranded().length > 0) wakes.push(now() + SOON_MS);
    // If this host dies before a report is answered, the alarm sends the report again.
    if (!this.reports.isIdle()) wakes.push(now() + SAFETY_ALARM_MS);
    if (this.index.isBehind()) {
      wakes.push(now() + backoffMs(INDEX_BACKOFF, this.index.failures + 1));
    }
    return wakes.length === 0 ? null : Math.min(...wakes);
  }

  /** When the next run, retry, webhook or report is due (ms); null when none waits. */
  private nextDue(): number | null {
    return this.tablesExist() ? earliest(this.runs.nextDue(), this.reports.nextAt()) : null;
  }

  /** Makes sure that the alarm rings soon, to finish the work of a call that is cut off. */
  protected wakeSoon(): void {
    this.wakeWithin(SOON_MS);
  }

  /** Makes sure that the alarm rings within `ms`. */
  protected wakeWithin(ms: number): void {
    this.wakeBy(now() + ms);
  }

  /** Makes sure that the alarm rings at `instant` (ms) at the latest. */
  private wakeBy(instant: number): void {
    this.clock.setNoLaterThan(instant);
  }

  /** Deletes everything that the object stores, if it has no thread and no run left and is no standing object. */
  private async emptyIfUnused(): Promise<void> {
    if (!this.tablesExist() || !this.threads.isEmpty() || !this.runs.isEmpty()) return;
    if (this.storage.kv.get("standing") === true) return;
    this.schema.forget();
    this.log.noteTableDropped();
    this.webhookValues.noteTableDropped();
    this.clock.forget();
    // This deletes the alarm, too.
    await this.storage.deleteAll();
  }

  /** The thread. @throws thread.not_found */
  protected requireThread(threadId: string): StoredThread {
    // A request for a thread that does not exist must not create tables.
    if (!this.tablesExist()) throw noThread(threadId);
    return this.threads.require(threadId);
  }

  protected createTables(): void {
    this.schema.create();
  }

  protected tablesExist(): boolean {
    return this.schema.exists();
  }
}
