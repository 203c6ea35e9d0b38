/**
 * The queue of runs in a thread object: it decides which run starts when, and records how it ends. A thread executes one run at
 * a time. The rows of the runs are the truth. What is only in memory is lost when the host dies, and {@link RunQueue.startDue}
 * restores it from the rows.
 */
import type { CronEntry } from "../../calls/cron-entry";
import { isFinal, toWireRun, type NewRun } from "../../calls/run";
import { D1Store } from "../../d1/store/d1-store";
import { now } from "../../platform/clock";
import type { Env } from "../../platform/config";
import { runTimeoutMs } from "../../platform/config";
import { DomainError } from "../../platform/errors";
import { logError, logInfo } from "../../platform/log";
import { type Run, type RunError } from "../../wire/runs/run";
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

/** A run is started this often at most without a failure of its graph, because a run may crash its host each time. */
const MAX_ATTEMPTS = 3;
/** Runs that may wait on one thread. A cron whose graph is slower than its schedule must not add runs without end. */
const MAX_WAITING = 100;

interface Execution {
  controller: AbortController;
  /** Why the run was told to stop. A rollback replaces an earlier reason. */
  reason?: StopReason;
  done: Promise<Outcome>;
}

export class RunQueue {
  private readonly records: RunRecords;
  /** The runs that this host executes, by their ids. */
  private readonly executing = new Map<string, Execution>();
  /** The run that makes its last attempt; no other run starts meanwhile. */
  private lastAttempt: string | undefined;
  /** Promises of the outcomes of runs that wait to start, for callers that join them. */
  private readonly waiters = new Map<string, PromiseWithResolvers<Outcome>>();

  constructor(
    private readonly storage: DurableObjectStorage,
    private readonly env: Env,
    private readonly runs: RunStore,
    private readonly threads: ThreadStore,
    private readonly log: EventLog,
    private readonly host: {
      /** Called when a run has ended and its row says how. */
      ended: () => void;
      /** Called when an attempt has failed and the run's row says when the next one is due. */
      failed: () => void;
      /** Writes the index. A caller that joins an executed run gets its answer only after that. */
      settle: (run: StoredRun) => Promise<unknown>;
    },
  ) {
    this.records = new RunRecords(storage, runs, threads);
  }

  /**
   * Stores a run, and starts it if no other run of its thread comes first. A run that is delivered again is stored once.
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
    // The answer to its creator always says `pending`, whether or not the run has started.
    return toWireRun({ ...stored, status: "pending" });
  }

  /** Starts every run that may start now, and restarts the runs whose host died. */
  startDue(): void {
    // A run that crashes its host interrupts all other runs in the object. Each run therefore makes its last attempt alone.
    const stranded = this.stranded().map((runId) => this.require(runId));
    const isLast = (run: StoredRun): boolean => startsWithoutFailure(run) === MAX_ATTEMPTS - 1;
    for (const run of [...stranded.filter(isLast), ...stranded.filter((run) => !isLast(run))]) {
      if (this.lastAttempt === undefined) this.restart(run);
    }
    for (const threadId of this.runs.threadsToStart()) this.startNext(threadId);
  }

  /** Ids of the runs whose rows say `running` and that this host does not execute: their host died. */
  stranded(): string[] {
    return this.runs.runningIds().filter((runId) => !this.executing.has(runId));
  }

  /** Whether this host executes the run. */
  isExecuting(runId: string): boolean {
    return this.executing.has(runId);
  }

  /** The outcome of a run that has not ended yet; undefined when the run has ended or is not here. */
  outcome(runId: string): Promise<Outcome> | undefined {
    const execution = this.executing.get(runId);
    if (execution !== undefined) return execution.done;
    const run = this.runs.get(runId);
    if (run === undefined || isFinal(run.status)) return undefined;
    return this.waiterOf(runId).promise;
  }

  /** Stops a run that has not ended, and starts the next run of its thread. `rollback` also deletes the run's checkpoints. */
  stop(run: StoredRun, reason: StopReason): void {
    this.stopAll([run.runId], reason);
    this.startNext(run.threadId);
  }

  /** Stops runs that have not ended, and starts no other. */
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
    // No run starts beside a last attempt.
    if (this.lastAttempt !== undefined) return;
    const next = this.runs.nextToStart(threadId);
    if (next !== undefined) this.restart(next);
  }

  /** Starts a run again, or for the first time after it waited. A run without attempts left ends with an error. */
  private restart(run: StoredRun): void {
    if (startsWithoutFailure(run) >= MAX_ATTEMPTS) {
      const message = `given up after ${startsWithoutFailure(run)} attempts: in each the run's host died, or its end could not be stored`;
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
    if (startsWithoutFailure(run) === MAX_ATTEMPTS) this.lastAttempt = run.runId;
    const done = this.execute(run, controller).finally(() => {
      // The run's next attempt may be under way already, with a controller of its own.
      if (this.executing.get(run.runId)?.controller === controller) this.executing.delete(run.runId);
      if (this.lastAttempt === run.runId) this.lastAttempt = undefined;
    });
    this.executing.set(run.runId, { controller, done });
    const waiter = this.waiters.get(run.runId);
    this.waiters.delete(run.runId);
    done.then(waiter?.resolve, (error: unknown) => {
      // The run's row still says `running`, so the alarm finds it as stranded and restarts it.
      logError("a run was cut off", error, { run_id: run.runId });
      waiter?.reject(error);
    });
  }

  /** Makes one attempt at the run. Settles when the run has ended, maybe after further attempts. */
  private async execute(run: StoredRun, controller: AbortController): Promise<Outcome> {
    const limitMs = Math.min(runTimeoutMs(this.env), run.cron?.timeoutMs ?? Infinity);
    const timer = setTimeout(() => {
      controller.abort("timeout" satisfies StopReason);
    }, limitMs);
    const { signal } = controller;
    const resumable = run.kwargs.stream_resumable === true;
    const emit = (event: RunEvent): void => {
      // The events of a graph that was told to stop are dropped.
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
    // The run's end is written together with its usage, so the usage needs no write of its own.
    meter.takeUnsaved();
    const used = { ...run, usage: meter.read() };
    const mayFail = reason === undefined || reason === "timeout";
    const delayMs = mayFail ? delayToNextAttempt(used, outcome) : null;
    if (delayMs !== null) return this.tryAgain(used, outcome, saver, delayMs);
    if (outcome.error !== null) emitError(emit, outcome.error);
    this.finish(used, outcome, saver, reason);
    this.releaseLastAttempt(run);
    this.startNext(run.threadId);
    // Callers that join wait until the index has the run, because the row of a run on a temporary thread is removed then.
    await this.host.settle(run);
    return outcome;
  }

  /** Records that the attempt has failed, and when the next is due. @returns the outcome of the run's last attempt */
  private tryAgain(
    run: StoredRun,
    outcome: Outcome,
    saver: CheckpointSaver,
    delayMs: number,
  ): Promise<Outcome> {
    this.records.fail(run, outcome, saver, now() + delayMs);
    this.executing.delete(run.runId);
    const waiter = this.waiterOf(run.runId);
    this.releaseLastAttempt(run);
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

  /** If the run made its last attempt, starts the other runs, which had to wait for it. */
  private releaseLastAttempt(run: StoredRun): void {
    if (this.lastAttempt !== run.runId) return;
    this.lastAttempt = undefined;
    this.startDue();
  }

  /** The promise of the run's outcome, for callers that join it before it starts. */
  private waiterOf(runId: string): PromiseWithResolvers<Outcome> {
    const waiter = this.waiters.get(runId) ?? Promise.withResolvers<Outcome>();
    this.waiters.set(runId, waiter);
    return waiter;
  }

  /** Records how the run ended, and tells the streams and the callers that wait for it. */
  private finish(run: StoredRun, outcome: Outcome, saver: CheckpointSaver, reason?: StopReason): void {
    this.records.end(run, outcome, saver, reason);
    this.host.ended();
    this.streamRunDone(run);
    this.waiters.get(run.runId)?.resolve(outcome);
    this.waiters.delete(run.runId);
    // Successful runs are not logged: most runs succeed, and a search finds them.
    if (outcome.status === "success") return;
    logInfo("run ended", { run_id: run.runId, thread_id: run.threadId, status: outcome.status, reason });
  }

  /** Sends the event `run_done` to the streams of the thread. The run's end is stored before. */
  private streamRunDone(run: StoredRun): void {
    const resumable = run.kwargs.stream_resumable === true;
    const done = { event: "metadata", data: { status: "run_done", run_id: run.runId } };
    this.log.emitToThread(run, done, resumable && this.threads.find(run.threadId)?.deleted === false);
    if (resumable) this.log.endRun(run.runId);
  }

  private require(runId: string): StoredRun {
    const run = this.runs.get(runId);
    if (run === undefined) throw new Error(`run ${runId} vanished`);
    return run;
  }
}

/** Starts of the run that did not end with a failure of its graph: the host died, or the attempt is still under way. */
const startsWithoutFailure = (run: StoredRun): number => run.attempts - run.failures;

function emitError(emit: (event: RunEvent) => void, error: RunError): void {
  try {
    emit({ event: "error", data: error });
  } catch {
    // The event log refuses events when it is full, which is the error that the run has ended with.
  }
}
