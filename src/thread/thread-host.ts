/**
 * What keeps a thread object going: its tables, its alarm, and the settling of what is over. The alarm is a safety net: runs
 * start in the call that brings them, and the alarm comes after for what is still going on, was cut off, or waits for its
 * time.
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

/** How soon after a call the alarm sees to what the call began. */
const SOON_MS = 1_000;
/** While runs execute the alarm's handler waits with them, which keeps the object alive; well below its 15 minutes. */
const HOLD_MS = 10 * 60_000;
/** Set while the handler works: if its host dies and the platform forgets the alarm, this one comes. */
const DEAD_MAN_MS = 60_000;

export abstract class ThreadHost extends DurableObject {
  protected readonly storage = this.ctx.storage;
  protected readonly runs = new RunStore(this.storage.sql);
  protected readonly threads = new ThreadStore(this.storage.sql);
  protected readonly log = new EventLog(this.storage);
  private readonly reported = new ReportStore(this.storage.sql);
  private readonly reports = new Reports(this.reported, {
    exists: () => this.tablesExist(),
    report: (cronId, report) => cronObject(this.env, cronId).runEnded(report),
    acknowledged: () => {
      this.ctx.waitUntil(this.settle());
    },
    postponed: (nextAt) => {
      this.wakeUpBy(nextAt);
    },
  });
  private readonly index = new IndexWriter(this.storage, this.env, this.runs, this.threads, {
    exists: () => this.tablesExist(),
    snapshotOf: (thread) => readSnapshot(this.storage, thread),
    cronEntryOf: (run) => this.reported.entryOf(run.runId) ?? run.cronEntry,
    takeReported: (runId, written) => this.reported.take(runId, written),
    noteLateReport: (runId) => {
      this.reported.late(runId);
    },
    streamed: () => this.log.threads(),
  });
  protected readonly queue = new RunQueue(this.storage, this.env, this.runs, this.threads, this.log, {
    ended: () => {
      this.reports.sendDue();
    },
    failed: () => {
      this.wakeForRuns();
      // It is to be seen that it waits, and until when: the watchdog must not look for it before.
      this.ctx.waitUntil(this.settle({ fresh: true }));
    },
    settle: async ({ runId }) => {
      // What its cron has to write is then written with it.
      await this.reports.answered(runId);
      await this.webhooks.keepValues();
      await this.updateIndex();
      // Nobody waits for a webhook, but the object stays awake for it.
      this.ctx.waitUntil(this.callWebhooks());
      await this.removeIfEmpty();
    },
  });
  protected readonly webhookStore = new WebhookStore(this.storage.sql);
  private readonly webhookValues = new WebhookValues(this.storage);
  private readonly webhooks = new Webhooks(this.runs, this.webhookStore, this.webhookValues, {
    exists: () => this.tablesExist(),
    valuesOf: async (run) => {
      const thread = this.threads.find(run.threadId);
      if (thread === undefined || run.lastCheckpointId === null) return null;
      // The thread may have gone on since, with other runs of other graphs.
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
  /** Ends the waiting of the alarm's handler before its time. */
  private endHold: (() => void) | undefined;
  private readonly clock = new AlarmClock(this.ctx);
  private readonly schema = new ObjectSchema(this.storage, THREAD_SCHEMA, THREAD_TABLE);

  /** Every call of others comes through here; see {@link answerCall}. */
  async call(method: string, args: unknown[]): Promise<Answer> {
    return answerCall(this, method, args);
  }

  /** Makes this a standing object, which outlives its threads. */
  protected stand(): void {
    if (isStanding(this.ctx.id.name ?? "") && this.storage.kv.get("standing") === undefined) {
      this.storage.kv.put("standing", true);
    }
  }

  /**
   * For the watchdog: the alarm may have been lost. Of runs that the index says have not ended and that are not here, it is
   * told so: a write that was given up for lost can arrive after all, later than what made it untrue.
   */
  async poke(threadId: string, runIds: string[]): Promise<void> {
    const lost = runIds.filter((runId) => !this.tablesExist() || this.runs.get(runId) === undefined);
    const statements = lost.map((runId) => endLostRun(this.env.DB, runId));
    if (!this.tablesExist() || this.threads.find(threadId) === undefined) {
      statements.push(deleteThreadRow(this.env.DB, threadId));
    }
    if (statements.length > 0) await this.env.DB.batch(statements);
    const due = this.tablesExist() ? this.nextWake() : null;
    // One that does nothing but execute is awake, and needs no alarm to be.
    if (due !== null && (this.queue.isIdle() || this.queue.stranded().length > 0)) {
      await this.storage.setAlarm(Math.max(due, now() + 1));
    }
  }

  override async alarm(): Promise<void> {
    await this.clock.ring(
      () => this.attendAndRearm(),
      () => now() + DEAD_MAN_MS,
    );
  }

  private async attendAndRearm(): Promise<void> {
    if (!this.tablesExist()) return;
    // As a rule all is over by now, and whatever comes brings its own alarm.
    if (this.isQuiet()) {
      await this.removeIfEmpty();
      return;
    }
    this.wakeBy(now() + DEAD_MAN_MS);
    await this.attend();
    await this.removeIfEmpty();
    if (this.tablesExist()) this.clock.set(this.nextWake());
  }

  /** What becomes of a thread whose time to live is over. */
  protected abstract expireThread(threadId: string): Promise<void>;

  /** Sees to all that is due, and stays while runs execute. */
  private async attend(): Promise<void> {
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
    await this.holdWhileWorking();
    await settled;
    if (this.tablesExist() && this.index.isBehind()) await this.settle();
  }

  /** Waits with what is under way, runs, webhooks and reports, but not past the next thing that is due. */
  private async holdWhileWorking(): Promise<void> {
    const workers = [this.queue, this.webhooks, this.reports];
    if (workers.every((worker) => worker.isIdle())) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.endHold = () => {
      resolve(undefined);
    };
    const due = (this.nextDue() ?? Infinity) - now();
    // A timer that is left behind would keep the object awake, and its owner paying.
    const timer = setTimeout(this.endHold, Math.min(HOLD_MS, Math.max(due, SOON_MS)));
    await Promise.race([Promise.all(workers.map((worker) => worker.idle())), promise]);
    clearTimeout(timer);
    this.endHold = undefined;
  }

  /** Brings the index up to date, with `fresh` also about what has just begun, and removes what is over. */
  protected async settle({ fresh = false } = {}): Promise<void> {
    if (!this.tablesExist()) return;
    await this.updateIndex({ fresh });
    await this.removeIfEmpty();
  }

  private async updateIndex({ fresh = false } = {}): Promise<void> {
    if (await this.index.flush({ fresh })) return;
    // What the index does not take is kept here for as long as that lasts.
    if (this.tablesExist()) this.reported.store();
  }

  /** Calls the webhooks that are due, and settles when none is being called any more. */
  private async callWebhooks(): Promise<void> {
    this.webhooks.callDue();
    if (this.webhooks.isIdle()) return;
    await this.webhooks.idle();
    await this.settle();
  }

  /** Makes sure that the alarm comes for what its runs wait for. */
  protected wakeForRuns(): void {
    const due = this.nextDue();
    if (due !== null) this.wakeUpBy(due);
  }

  /** Makes sure that the alarm comes by then, also while its handler waits with others. */
  private wakeUpBy(at: number): void {
    this.wakeBy(at);
    this.endHold?.();
  }

  /** Whether there is nothing to do, now or later. */
  private isQuiet(): boolean {
    if (!this.queue.isIdle() || !this.runs.isEmpty() || this.log.nextExpiry() !== null) return false;
    // Of nothing there is nothing to be behind with.
    return this.threads.isEmpty() || (!this.index.isBehind() && this.threads.expiries().length === 0);
  }

  private nextWake(): number | null {
    const wakes = this.threads.expiries().map(({ expiresAt }) => expiresAt);
    const due = this.nextDue();
    if (due !== null) wakes.push(due);
    const forgetAt = this.log.nextExpiry();
    if (forgetAt !== null) wakes.push(forgetAt);
    // To keep the object alive while runs execute, or to go on with those whose end could not be stored.
    if (!this.queue.isIdle() || this.queue.stranded().length > 0) wakes.push(now() + SOON_MS);
    // To make those again whose answers this host does not live to hear.
    if (!this.reports.isIdle()) wakes.push(now() + DEAD_MAN_MS);
    if (this.index.isBehind()) {
      wakes.push(now() + backoffMs(INDEX_BACKOFF, this.index.failures + 1));
    }
    return wakes.length === 0 ? null : Math.min(...wakes);
  }

  /** When something of a run is due that waits for time; null when nothing is. */
  private nextDue(): number | null {
    return this.tablesExist() ? earliest(this.runs.nextDue(), this.reports.nextAt()) : null;
  }

  /** Makes sure that the alarm sees to what a call begins, should the call be cut off. */
  protected wakeSoon(): void {
    this.wakeWithin(SOON_MS);
  }

  protected wakeWithin(ms: number): void {
    this.wakeBy(now() + ms);
  }

  /** Makes sure that the alarm comes by then. */
  private wakeBy(at: number): void {
    this.clock.setNoLaterThan(at);
  }

  private async removeIfEmpty(): Promise<void> {
    if (!this.tablesExist() || !this.threads.isEmpty() || !this.runs.isEmpty()) return;
    if (this.storage.kv.get("standing") === true) return;
    this.schema.forget();
    this.log.tableDropped();
    this.webhookValues.tableDropped();
    this.clock.forget();
    // The alarm goes with the rest.
    await this.storage.deleteAll();
  }

  protected requireThread(threadId: string): StoredThread {
    // Asking for what is not there must leave nothing behind.
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
