/**
 * The runs of a thread object: which one starts when, and what follows when it ends. One run at a time on a thread. The
 * rows are the truth: whatever is in memory only can be lost at any moment, and is found again by {@link RunQueue.startDue}.
 */
import type { CronEntry } from "../../calls/cron-entry";
import { isFinal, toWireRun, type NewRun } from "../../calls/run";
import { D1Store } from "../../d1/store/d1-store";
import { now } from "../../platform/clock";
import type { Env } from "../../platform/config";
import { runTimeoutMs } from "../../platform/config";
import { DomainError } from "../../platform/errors";
import { logError, logInfo } from "../../platform/log";
import { type Run, type RunError } from "../../wire/runs";
import { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import { noThread, type ThreadStore } from "../record/thread-store";
import type { EventLog } from "../streams/event-log";
import type { RunEvent } from "../streams/stream-modes";
import { stopEarlierRuns } from "./multitask";
import { delayToNextAttempt } from "./next-attempt";
import { stopped, stoppedAfterAbort, type Outcome, type StopReason } from "./outcome";
import { executeRun } from "./run-executor";
import { RunRecords } from "./run-records";
import type { StoredRun } from "./run-row";
import type { RunStore } from "./run-store";
import { UsageMeter } from "./token-usage";

/** Starts of one run before it is given up: one that takes its host down with it must not do so for ever. */
const MAX_ATTEMPTS = 3;
/** Runs that may wait on one thread: a cron whose graph is slower than its schedule must not pile them up for ever. */
const MAX_WAITING = 100;

interface Execution {
  controller: AbortController;
  /** Why it was told to stop; a rollback overrides what was said before. */
  reason?: StopReason;
  done: Promise<Outcome>;
}

export class RunQueue {
  private readonly records: RunRecords;
  private readonly executing = new Map<string, Execution>();
  /** The run that makes its last attempt. */
  private lastAttempt: string | undefined;
  /** Those who wait for runs that have not begun. */
  private readonly waiters = new Map<string, PromiseWithResolvers<Outcome>>();

  constructor(
    private readonly storage: DurableObjectStorage,
    private readonly env: Env,
    private readonly runs: RunStore,
    private readonly threads: ThreadStore,
    private readonly log: EventLog,
    private readonly host: {
      /** A run has ended, and its row says how. */
      ended: () => void;
      /** A run has failed, and its row says when it is tried again. */
      failed: () => void;
      /** Before those who wait for a run that was executed are told: brings the index up to date. */
      settle: (run: StoredRun) => Promise<unknown>;
    },
  ) {
    this.records = new RunRecords(storage, runs, threads);
  }

  /**
   * Takes a run in, once, however often it is delivered, and starts it if nothing is before it.
   * @throws thread.not_found, run.conflict
   */
  enqueue(run: NewRun, cronEntry: CronEntry | null): Run {
    const known = this.runs.get(run.runId);
    if (known !== undefined) return toWireRun(known);

    const thread = this.threads.find(run.threadId);
    if (thread === undefined ? !run.createThread : thread.deleted) throw noThread(run.threadId);
    const earlier = thread === undefined ? [] : this.runs.unfinishedIds(run.threadId);
    const stop = earlier.length === 0 ? null : stopEarlierRuns(run.multitaskStrategy);
    if (stop === null && earlier.length >= MAX_WAITING) {
      throw new DomainError("run.conflict", `${earlier.length} runs wait on the thread already`);
    }
    const isFree = earlier.length === 0 || !this.runs.hasDue(run.threadId);
    const startsNow = run.delayMs === 0 && isFree && this.lastAttempt === undefined;
    this.records.enqueue(run, thread, { startsNow, cronEntry });
    if (stop !== null) this.stopAll(earlier, stop);
    const stored = this.require(run.runId);
    if (startsNow) this.start(stored);
    else this.startNext(run.threadId);
    // To its creator it is pending: that it has begun already is luck.
    return toWireRun({ ...stored, status: "pending" });
  }

  /** Starts whatever may start now, and again what was running when its host died. */
  startDue(): void {
    // Runs that share an object die with the one that takes it down: the last attempt each makes without the others.
    const stranded = this.stranded().map((runId) => this.require(runId));
    const isLast = (run: StoredRun): boolean => startsWithHost(run) === MAX_ATTEMPTS - 1;
    for (const run of [...stranded.filter(isLast), ...stranded.filter((run) => !isLast(run))]) {
      if (this.lastAttempt === undefined) this.restart(run);
    }
    for (const threadId of this.runs.threadsToStart()) this.startNext(threadId);
  }

  /** Runs that say they run, and nobody runs them. */
  stranded(): string[] {
    return this.runs.runningIds().filter((runId) => !this.executing.has(runId));
  }

  /** Whether the run is being executed. */
  isExecuting(runId: string): boolean {
    return this.executing.has(runId);
  }

  /** How the run ends, if it has not ended yet; undefined when it is not among the living. */
  outcome(runId: string): Promise<Outcome> | undefined {
    const execution = this.executing.get(runId);
    if (execution !== undefined) return execution.done;
    const run = this.runs.get(runId);
    if (run === undefined || isFinal(run.status)) return undefined;
    return this.waiterOf(runId).promise;
  }

  /** Stops a run that has not ended; `rollback` leaves no trace of it. The next of its thread may begin. */
  stop(run: StoredRun, reason: StopReason): void {
    this.stopAll([run.runId], reason);
    this.startNext(run.threadId);
  }

  /** Stops runs that have not ended, and begins none. */
  stopAll(runIds: string[], reason: StopReason): void {
    for (const runId of runIds) {
      const execution = this.executing.get(runId);
      if (execution === undefined) {
        const run = this.require(runId);
        this.finish(run, stopped(reason), new CheckpointSaver(this.storage, { runId }), reason);
      } else {
        if (execution.reason !== "rollback") execution.reason = reason;
        execution.controller.abort(reason);
      }
    }
  }

  /** Settles when no run is executing. */
  async idle(): Promise<void> {
    while (this.executing.size > 0) {
      await Promise.allSettled([...this.executing.values()].map(({ done }) => done));
    }
  }

  isIdle(): boolean {
    return this.executing.size === 0;
  }

  private startNext(threadId: string): void {
    // That attempt is made without others, which could take the host down with it.
    if (this.lastAttempt !== undefined) return;
    const next = this.runs.nextToStart(threadId);
    if (next !== undefined) this.restart(next);
  }

  private restart(run: StoredRun): void {
    if (startsWithHost(run) >= MAX_ATTEMPTS) {
      const message = `given up after ${startsWithHost(run)} attempts: in each the run's host died, or its end could not be stored`;
      logError("poison run", new Error(message), { run_id: run.runId });
      const saver = new CheckpointSaver(this.storage, { runId: run.runId });
      this.finish(
        run,
        { status: "error", error: { error: "Error", message }, values: null, waiting: false },
        saver,
      );
      this.startNext(run.threadId);
      return;
    }
    this.runs.markStarted(run.runId);
    this.start(this.require(run.runId));
  }

  private start(run: StoredRun): void {
    const controller = new AbortController();
    if (startsWithHost(run) === MAX_ATTEMPTS) this.lastAttempt = run.runId;
    const done = this.execute(run, controller).finally(() => {
      // The run's next attempt may be under way.
      if (this.executing.get(run.runId)?.controller === controller) this.executing.delete(run.runId);
      if (this.lastAttempt === run.runId) this.lastAttempt = undefined;
    });
    this.executing.set(run.runId, { controller, done });
    const waiter = this.waiters.get(run.runId);
    this.waiters.delete(run.runId);
    done.then(waiter?.resolve, (error: unknown) => {
      // Its row says that it runs and nobody runs it: the alarm finds it and goes on with it.
      logError("a run was cut off", error, { run_id: run.runId });
      waiter?.reject(error);
    });
  }

  private async execute(run: StoredRun, controller: AbortController): Promise<Outcome> {
    const limitMs = Math.min(runTimeoutMs(this.env), run.cron?.timeoutMs ?? Infinity);
    const timer = setTimeout(() => {
      controller.abort("timeout" satisfies StopReason);
    }, limitMs);
    const { signal } = controller;
    const resumable = run.kwargs.stream_resumable === true;
    const emit = (event: RunEvent): void => {
      // A graph that was told to stop and goes on is not heard any more.
      if (!signal.aborted || event.event === "error") this.log.emit(run, event, resumable);
    };
    const meter = new UsageMeter(run.usage);
    const saver = new CheckpointSaver(this.storage, {
      runId: run.runId,
      metadata: {
        ...run.metadata,
        run_id: run.runId,
        thread_id: run.threadId,
        graph_id: run.graphId,
        assistant_id: run.assistantId,
      },
      buffered: run.kwargs.durability !== "sync",
      onFlush: () => {
        const usage = meter.takeUnsaved();
        if (usage !== null) this.runs.saveUsage(run.runId, usage);
      },
    });
    const outcome = await Promise.race([
      executeRun(run, { saver, store: new D1Store(this.env.DB), meter, signal, emit }),
      stoppedAfterAbort(signal),
    ]).finally(() => {
      clearTimeout(timer);
    });
    const reason = this.executing.get(run.runId)?.reason ?? (signal.reason as StopReason | undefined);
    // The end takes one row with it.
    meter.takeUnsaved();
    const used = { ...run, usage: meter.read() };
    const mayFail = reason === undefined || reason === "timeout";
    const delayMs = mayFail ? delayToNextAttempt(used, outcome) : null;
    if (delayMs !== null) return this.tryAgain(used, outcome, saver, delayMs);
    if (outcome.error !== null) emitError(emit, outcome.error);
    this.finish(used, outcome, saver, reason);
    this.leave(run);
    this.startNext(run.threadId);
    // Until the index knows, whoever joins is told from here: the row of a short-lived run is gone by then.
    await this.host.settle(run);
    return outcome;
  }

  /** Records that the attempt has failed, and when the next comes. @returns how the run ends */
  private tryAgain(
    run: StoredRun,
    outcome: Outcome,
    saver: CheckpointSaver,
    delayMs: number,
  ): Promise<Outcome> {
    this.records.fail(run, outcome, saver, now() + delayMs);
    this.executing.delete(run.runId);
    const waiter = this.waiterOf(run.runId);
    this.leave(run);
    logInfo("run failed", {
      run_id: run.runId,
      thread_id: run.threadId,
      attempt: run.attempts,
      delay_ms: delayMs,
    });
    this.host.failed();
    this.startNext(run.threadId);
    return waiter.promise;
  }

  /** The run is executed no more: others that kept out of its way may go on. */
  private leave(run: StoredRun): void {
    if (this.lastAttempt !== run.runId) return;
    this.lastAttempt = undefined;
    this.startDue();
  }

  private waiterOf(runId: string): PromiseWithResolvers<Outcome> {
    const waiter = this.waiters.get(runId) ?? Promise.withResolvers<Outcome>();
    this.waiters.set(runId, waiter);
    return waiter;
  }

  /** Records how the run ended, and tells. */
  private finish(run: StoredRun, outcome: Outcome, saver: CheckpointSaver, reason?: StopReason): void {
    this.records.end(run, outcome, saver, reason);
    this.host.ended();
    this.tellEnd(run);
    this.waiters.get(run.runId)?.resolve(outcome);
    this.waiters.delete(run.runId);
    // Runs that succeed are the rule, and found by a search; a line for each would cost more than the run itself.
    if (outcome.status === "success") return;
    logInfo("run ended", { run_id: run.runId, thread_id: run.threadId, status: outcome.status, reason });
  }

  /** Tells the streams of the thread that the run is over, which by now is stored. */
  private tellEnd(run: StoredRun): void {
    const resumable = run.kwargs.stream_resumable === true;
    const done = { event: "metadata", data: { status: "run_done", run_id: run.runId } };
    this.log.emitToThread(run, done, resumable && this.threads.find(run.threadId)?.deleted === false);
    if (resumable) this.log.end(run.runId);
  }

  private require(runId: string): StoredRun {
    const run = this.runs.get(runId);
    if (run === undefined) throw new Error(`run ${runId} vanished`);
    return run;
  }
}

/** Starts of the run that no failure of its graph has ended: its host died, or it goes on. */
const startsWithHost = (run: StoredRun): number => run.attempts - run.failures;

function emitError(emit: (event: RunEvent) => void, error: RunError): void {
  try {
    emit({ event: "error", data: error });
  } catch {
    // The log is full: that is what the run has ended with.
  }
}
