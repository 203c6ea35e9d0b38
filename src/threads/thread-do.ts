/**
 * Where a thread lives: its metadata, its checkpoints, and the runs that work on it. The object of a long-lived thread
 * holds that one; a standing object holds the short-lived threads of a cron. The alarm is a safety net: runs start in the
 * call that brings them, and the alarm comes after for what is still going on, was cut off, or waits for its time.
 */
import { DurableObject } from "cloudflare:workers";
import { now } from "../clock";
import { DomainError } from "../errors";
import { requireStorable } from "../json";
import { logError } from "../log";
import { EventLog, type SentEvent } from "../runs/event-log";
import { eventStream, isOfMode } from "../runs/sse";
import type { NewRun, Run, RunError } from "../runs/run";
import { isFinal, toWireRun } from "../runs/run";
import { RunQueue } from "../runs/run-queue";
import { RunStore } from "../runs/run-store";
import { deleteRunRow, findRun, noRun, requireRun } from "../runs/runs-table";
import { callDueWebhooks } from "../runs/webhook";
import { CheckpointSaver } from "./checkpoint-saver";
import { IndexWriter } from "./index-writer";
import type { HistorySearch, ThreadCreate, ThreadPatch } from "./schemas";
import { toWireThread, type Thread } from "./thread";
import { isStanding } from "./thread-object";
import { readHistory, readSnapshot, readState } from "./thread-state";
import { noThread, ThreadStore, type StoredThread } from "./thread-store";
import type { WireState } from "./wire-state";

/** How soon after a call the alarm sees to what the call began. */
const SOON_MS = 1_000;
/** While runs execute the alarm's handler waits with them, which keeps the object alive; well below its 15 minutes. */
const HOLD_MS = 10 * 60_000;
/** Set while the handler works: if its host dies and the platform forgets the alarm, this one comes. */
const DEAD_MAN_MS = 60_000;

/** How a joined run ended. */
export type JoinResult = { values: unknown } | { error: RunError };

export class ThreadDO extends DurableObject {
  private readonly storage = this.ctx.storage;
  private readonly runs = new RunStore(this.storage.sql);
  private readonly threads = new ThreadStore(this.storage.sql);
  private readonly log = new EventLog(this.storage);
  private readonly index = new IndexWriter(this.storage, this.env, this.runs, this.threads, {
    exists: () => this.tablesExist(),
    snapshotOf: (thread) => readSnapshot(this.storage, thread),
    // A run of it may be unknown to the index, or wait for its webhook to be called; a client may come back to its stream.
    isNeeded: ({ threadId, deleted }) => this.runs.hasAny(threadId) || (!deleted && this.log.keeps(threadId)),
  });
  private readonly queue = new RunQueue(this.storage, this.env, this.runs, this.threads, this.log, () =>
    this.settle(),
  );
  private hasTables = false;
  /** The alarm that is known to be set, so that it is not set again for nothing. */
  private alarmAt: number | null = null;

  /**
   * Takes in a run; see {@link RunQueue.enqueue}. Answers when it is stored, not when the index knows it.
   * @throws thread.not_found, run.conflict
   */
  async enqueueRun(run: NewRun, { redelivered }: { redelivered: boolean }): Promise<Run> {
    if (!run.createThread) this.requireThread(run.threadId);
    this.createTables();
    this.wakeBy(now() + SOON_MS);
    return this.queue.enqueue(run, redelivered);
  }

  /** Takes in a run, and answers when the index knows it too. @throws thread.not_found, run.conflict */
  async createRun(run: NewRun): Promise<Run> {
    const created = await this.enqueueRun(run, { redelivered: false });
    await this.settle();
    return created;
  }

  /** Takes in a run and waits for it to end. @throws thread.not_found, run.conflict */
  async createAndJoinRun(run: NewRun): Promise<JoinResult> {
    await this.enqueueRun(run, { redelivered: false });
    return this.joinRun(run.threadId, run.runId);
  }

  /**
   * Takes in a run and streams its events, from the first on, as server-sent events.
   * @param cancelOnDisconnect that the run is stopped when nobody reads the stream any more
   * @throws thread.not_found, run.conflict
   */
  async createAndStreamRun(run: NewRun, cancelOnDisconnect: boolean): Promise<ReadableStream<Uint8Array>> {
    const ended = Promise.withResolvers<unknown>();
    // Heard before it starts, so that nothing is missed.
    const stream = this.runStream(run.runId, { until: ended.promise, cancelOnDisconnect });
    try {
      await this.enqueueRun(run, { redelivered: false });
    } catch (error) {
      ended.resolve(undefined);
      throw error;
    }
    ended.resolve(this.queue.outcome(run.runId));
    return stream;
  }

  /**
   * Streams a run's events: from now on, or with `lastEventId` also the kept ones after it. Ends with the run.
   * @throws run.not_found
   */
  async streamRun(
    threadId: string,
    runId: string,
    {
      lastEventId,
      modes,
      cancelOnDisconnect,
    }: { lastEventId?: number; modes?: string[]; cancelOnDisconnect: boolean },
  ): Promise<ReadableStream<Uint8Array>> {
    await this.getRun(threadId, runId);
    const there = this.tablesExist();
    const until = there ? this.queue.outcome(runId) : Promise.resolve();
    const replay = there && lastEventId !== undefined ? this.log.kept(runId, lastEventId) : [];
    return this.runStream(runId, { until, cancelOnDisconnect, replay, modes });
  }

  /** Streams the events of all runs of the thread, one after the other, for as long as someone reads. @throws thread.not_found */
  async streamThread(threadId: string, lastEventId?: number): Promise<ReadableStream<Uint8Array>> {
    this.requireThread(threadId);
    const replay = lastEventId === undefined ? [] : this.log.kept(threadId, lastEventId);
    return eventStream({ log: this.log, id: threadId, replay, wants: () => true });
  }

  /** Waits for a run to end. @throws run.not_found */
  async joinRun(threadId: string, runId: string): Promise<JoinResult> {
    if (this.tablesExist()) {
      const outcome = await this.queue.outcome(runId);
      if (outcome !== undefined)
        return outcome.error === null ? { values: outcome.values } : { error: outcome.error };
    }
    const run = await this.getRun(threadId, runId);
    if (run.error !== undefined) return { error: run.error };
    return { values: (await this.getThread(threadId)).values };
  }

  /** The run, living or ended. @throws run.not_found */
  async getRun(threadId: string, runId: string): Promise<Run> {
    const living = this.tablesExist() ? this.runs.get(runId) : undefined;
    if (living?.deleted) throw noRun(runId);
    if (living?.threadId === threadId) return toWireRun(living);
    return requireRun(this.env.DB, threadId, runId);
  }

  /**
   * Stops a run, and with `wait` answers when it has stopped; one that has ended is left as it is. `rollback` leaves no
   * trace of it.
   * @throws run.not_found
   */
  async cancelRun(
    threadId: string,
    runId: string,
    action: "interrupt" | "rollback",
    wait: boolean,
  ): Promise<void> {
    const living = this.tablesExist() ? this.runs.get(runId) : undefined;
    if (living === undefined || living.threadId !== threadId) {
      await requireRun(this.env.DB, threadId, runId);
      return;
    }
    if (isFinal(living.status)) return;
    this.wakeBy(now() + SOON_MS);
    const ended = this.queue.outcome(runId);
    this.queue.stop(living, action);
    if (wait) await ended;
    await this.settle();
  }

  /** Deletes a run and the checkpoints that it wrote; one that has not ended is stopped first. @throws run.not_found */
  async deleteRun(threadId: string, runId: string): Promise<void> {
    await this.getRun(threadId, runId);
    if (this.tablesExist()) {
      const living = this.runs.get(runId);
      if (living !== undefined && !isFinal(living.status)) {
        this.wakeBy(now() + SOON_MS);
        const ended = this.queue.outcome(runId);
        this.queue.stop(living, "rollback");
        await ended;
      }
      new CheckpointSaver(this.storage).deleteRun(threadId, runId);
      if (this.runs.get(runId) !== undefined) this.runs.markDeleted(runId);
      const thread = this.threads.find(threadId);
      if (thread !== undefined && !thread.deleted) this.threads.update(threadId, {});
      this.wakeBy(now() + SOON_MS);
      await this.settle();
    }
    if ((await findRun(this.env.DB, threadId, runId)) !== undefined)
      await deleteRunRow(this.env.DB, runId).run();
  }

  /** Makes a thread. @throws thread.exists unless `if_exists` says otherwise */
  async createThread(
    threadId: string,
    { metadata, if_exists: ifExists, ttl }: ThreadCreate,
  ): Promise<Thread> {
    this.createTables();
    const existing = this.threads.find(threadId);
    if (existing !== undefined) {
      if (existing.deleted || ifExists !== "do_nothing") {
        throw new DomainError("thread.exists", `a thread with the id ${threadId} exists already`);
      }
      return this.getThread(threadId);
    }
    this.threads.insert({
      threadId,
      metadata: metadata ?? {},
      config: {},
      status: "idle",
      ttl: ttl ?? null,
      temporary: false,
    });
    this.wakeBy(now() + SOON_MS);
    await this.settle();
    return this.getThread(threadId);
  }

  /** Nothing, if there is such a thread. @throws thread.not_found */
  async checkThread(threadId: string): Promise<void> {
    this.requireThread(threadId);
  }

  /** The thread with its values. @throws thread.not_found */
  async getThread(threadId: string): Promise<Thread> {
    const thread = this.requireThread(threadId);
    return toWireThread(thread, await readSnapshot(this.storage, thread));
  }

  /** Merges metadata, sets the time to live. @throws thread.not_found */
  async patchThread(threadId: string, { metadata, ttl }: ThreadPatch): Promise<Thread> {
    const thread = this.requireThread(threadId);
    const merged = { ...thread.metadata, ...metadata };
    requireStorable("metadata", merged);
    this.threads.update(threadId, {
      metadata: merged,
      ...(ttl === undefined ? {} : { ttl }),
    });
    this.wakeBy(now() + SOON_MS);
    await this.settle();
    return this.getThread(threadId);
  }

  /** Deletes the thread with its state; its runs are stopped, their records stay. @throws thread.not_found */
  async deleteThread(threadId: string): Promise<void> {
    this.requireThread(threadId);
    this.threads.markDeleted(threadId);
    this.log.removeThread(threadId);
    this.wakeBy(now() + SOON_MS);
    const running = this.runs.unfinished(threadId).map((run) => this.queue.outcome(run.runId));
    for (const run of this.runs.unfinished(threadId).reverse()) this.queue.stop(run, "interrupt");
    await Promise.all(running);
    await this.settle();
  }

  /** The thread's latest state, or the one at a checkpoint. @throws thread.not_found */
  async getState(
    threadId: string,
    options: { checkpointId?: string; subgraphs: boolean },
  ): Promise<WireState> {
    return readState(this.storage, this.requireThread(threadId), options);
  }

  /** The thread's states, newest first. @throws thread.not_found */
  async getHistory(threadId: string, query: HistorySearch): Promise<WireState[]> {
    return readHistory(this.storage, this.requireThread(threadId), query);
  }

  /** For a standing object: its cron is gone, so it goes when its last thread does. */
  async release(): Promise<void> {
    if (!this.tablesExist()) return;
    this.storage.kv.put("released", true);
    await this.removeIfEmpty();
  }

  /** For the watchdog, when an alarm may have been lost. */
  async poke(): Promise<void> {
    if (this.tablesExist()) await this.storage.setAlarm(now() + 1);
  }

  override async alarm(): Promise<void> {
    this.alarmAt = null;
    try {
      if (!this.tablesExist()) return;
      const attended = !this.isQuiet();
      if (attended) {
        this.wakeBy(now() + DEAD_MAN_MS);
        await this.attend();
      }
      await this.removeIfEmpty();
      if (!this.tablesExist()) return;
      this.alarmAt = null;
      const next = this.nextWake();
      if (next !== null) this.wakeBy(next);
      else if (attended) await this.storage.deleteAlarm();
    } catch (error) {
      logError("the thread's alarm failed", error, { thread: this.ctx.id.name });
      await this.storage.setAlarm(now() + DEAD_MAN_MS);
    }
  }

  /** Sees to all that is due, and stays while runs execute. */
  private async attend(): Promise<void> {
    for (const { threadId, expiresAt } of this.threads.expiries()) {
      if (expiresAt <= now()) await this.deleteThread(threadId);
    }
    if (!this.tablesExist()) return;
    this.log.removeExpired();
    this.queue.startDue();
    await this.settle();
    if (!this.queue.isIdle()) {
      const hold = Math.min(HOLD_MS, Math.max((this.runs.nextDue() ?? Infinity) - now(), SOON_MS));
      await Promise.race([this.queue.idle(), new Promise((resolve) => setTimeout(resolve, hold))]);
    }
    await this.settle();
  }

  /** Brings the index up to date, calls webhooks, and removes what is over. */
  private async settle(): Promise<void> {
    await this.index.flush();
    if (this.tablesExist() && this.runs.dueWebhooks(now()).length > 0) {
      await callDueWebhooks(this.runs, async (threadId) => {
        const thread = this.threads.find(threadId);
        return thread === undefined ? null : (await readSnapshot(this.storage, thread)).values;
      });
      await this.index.flush();
    }
    await this.removeIfEmpty();
  }

  /** Whether there is nothing to do, now or later. */
  private isQuiet(): boolean {
    return (
      this.queue.isIdle() &&
      this.runs.isEmpty() &&
      !this.index.isBehind() &&
      this.threads.expiries().length === 0 &&
      this.log.nextExpiry() === null
    );
  }

  private nextWake(): number | null {
    const wakes = this.threads.expiries().map(({ expiresAt }) => expiresAt);
    const due = this.runs.nextDue();
    if (due !== null) wakes.push(due);
    const forgetAt = this.log.nextExpiry();
    if (forgetAt !== null) wakes.push(forgetAt);
    if (!this.queue.isIdle()) wakes.push(now() + SOON_MS);
    if (this.index.isBehind()) wakes.push(now() + Math.min(SOON_MS * 2 ** this.index.failures, 5 * 60_000));
    return wakes.length === 0 ? null : Math.min(...wakes);
  }

  /** Makes sure that the alarm comes by then. */
  private wakeBy(at: number): void {
    if (this.alarmAt !== null && this.alarmAt <= at && this.alarmAt > now()) return;
    this.alarmAt = Math.max(at, now() + 1);
    this.ctx.waitUntil(this.storage.setAlarm(this.alarmAt));
  }

  private async removeIfEmpty(): Promise<void> {
    if (!this.tablesExist() || !this.threads.isEmpty() || !this.runs.isEmpty()) return;
    const name = this.ctx.id.name ?? "";
    if (isStanding(name) && this.storage.kv.get("released") !== true) return;
    this.hasTables = false;
    this.alarmAt = null;
    // The alarm goes with the rest.
    await this.storage.deleteAll();
  }

  private runStream(
    runId: string,
    options: { until: Promise<unknown>; cancelOnDisconnect: boolean; replay?: SentEvent[]; modes?: string[] },
  ): ReadableStream<Uint8Array> {
    const { until, cancelOnDisconnect, replay = [], modes } = options;
    return eventStream({
      log: this.log,
      id: runId,
      replay,
      until,
      wants: (event) => modes === undefined || isOfMode(event, modes),
      onDisconnect: () => {
        const run = this.tablesExist() ? this.runs.get(runId) : undefined;
        if (cancelOnDisconnect && run !== undefined && !isFinal(run.status))
          this.queue.stop(run, "interrupt");
      },
    });
  }

  private requireThread(threadId: string): StoredThread {
    // Asking for what is not there must leave nothing behind.
    if (!this.tablesExist()) throw noThread(threadId);
    return this.threads.require(threadId);
  }

  private createTables(): void {
    if (this.hasTables) return;
    this.storage.transactionSync(() => {
      this.threads.createTable();
      this.runs.createTable();
    });
    this.hasTables = true;
  }

  private tablesExist(): boolean {
    if (!this.hasTables) {
      const found = this.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'threads'").toArray();
      this.hasTables = found.length > 0;
    }
    return this.hasTables;
  }
}
