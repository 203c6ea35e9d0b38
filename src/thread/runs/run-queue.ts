/**
 * The queue of runs in a thread object. It decides which run starts when, and whether a run that failed is tried again. A thread
 * executes one run at a time, and an object so many at a time that they do not exhaust it. The others wait, and start in the order
 * in which they came. The rows of the runs say what has been started. The queue's own memory is lost when the host dies, and
 * {@link RunQueue.startDue} continues from the rows.
 */
import type { CronEntry } from "../../calls/cron-entry";
import { isFinal, runLogFields, toWireRun, type NewRun } from "../../calls/run";
import { now } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import { logError, logInfo } from "../../platform/log";
import type { Run } from "../../wire/runs/run";
import { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import type { IndexWriter } from "../index-writer";
import { noThread } from "../record/thread-store";
import type { ThreadContext } from "../thread-context";
import { withAllowedWebhook } from "../webhooks/webhook-switch";
import { stopEarlierRuns } from "./double-texting";
import { delayToNextAttempt } from "./next-attempt";
import { noValues, stopped, type Outcome, type StopReason } from "./outcome";
import { RunAttempt } from "./run-attempt";
import type { RunEnding } from "./run-ending";
import type { RunRecords } from "./run-records";
import type { StoredRun } from "./run-row";

/** At most this many attempts at a run may end without an outcome of its graph, because a run may crash its host each time. */
const MAX_ATTEMPTS = 3;
/** Runs that may wait on one thread. A cron whose graph is slower than its schedule must not add runs without end. */
const MAX_WAITING = 100;
/** Graphs that an object executes at the same time. All runs of a standing object share its 128 MB and its connections. */
const MAX_EXECUTING = 50;

export class RunQueue {
  /** The attempts that this host makes, by the id of the run. `done` resolves when the run has ended. */
  private readonly executing = new Map<string, { attempt: RunAttempt; done: Promise<Outcome> }>();
  /** How many graphs are executing. An attempt that only waits until the index has its run is not counted. */
  private graphs = 0;
  /** Whether a run may be due that has not been started. False after a look at the rows has found none. */
  private mayHaveDue = true;
  /** The id of the run that makes its last attempt; undefined when none does. No other run of the object starts meanwhile. */
  private lastAttempt: string | undefined;
  /** Ids of the runs that have not ended and whose values somebody waits for. */
  private readonly joined = new Set<string>();
  /** Promises of the outcomes of runs that wait to start, for callers that join them. */
  private readonly waiters = new Map<string, PromiseWithResolvers<Outcome>>();

  constructor(
    private readonly context: ThreadContext,
    private readonly index: IndexWriter,
    private readonly records: RunRecords,
    private readonly ending: RunEnding,
  ) {}

  /**
   * Stores a run, and starts it if no other run of its thread comes first and there is room for it. A run that is delivered again
   * is stored once.
   * @param cronEntry the changes of the cron's row in the index, which are written together with the run
   * @param cronWaits whether the cron of the run waits for its end
   * @throws thread.not_found, run.conflict
   */
  enqueue(
    requested: NewRun,
    { cronEntry, cronWaits }: { cronEntry: CronEntry | null; cronWaits: boolean },
  ): Run {
    const run = withAllowedWebhook(requested);
    const alreadyStored = this.context.runs.get(run.runId);
    if (alreadyStored !== undefined) return toWireRun(alreadyStored);

    // What follows changes the thread.
    this.context.unstoredRuns.storeThread(run.threadId);
    const thread = this.context.threads.find(run.threadId);
    if (thread === undefined ? !run.createThread : thread.deleted) throw noThread(run.threadId);
    const earlier = thread === undefined ? [] : this.context.runs.unfinishedIds(run.threadId);
    const stopReason = earlier.length === 0 ? null : stopEarlierRuns(run.multitaskStrategy);
    if (stopReason === null && earlier.length >= MAX_WAITING) {
      throw new DomainError("run.conflict", `${earlier.length} runs wait on the thread already`);
    }
    // Those that came before, and have waited for room, start before this one.
    this.startWhileRoom();
    const isFree = earlier.length === 0 || !this.context.runs.hasDue(run.threadId);
    const startsNow = run.delayMs === 0 && isFree && this.hasRoom();
    this.records.enqueue(run, thread, { startsNow, cronEntry, cronWaits });
    if (stopReason !== null) this.stopAll(earlier, stopReason);
    const stored = this.require(run.runId);
    if (startsNow) this.start(stored);
    else this.startDue();
    // The answer to its creator always says `pending`, whether or not the run has started.
    return toWireRun({ ...stored, status: "pending" });
  }

  /** Starts the runs that may start now, and restarts those whose host died, as long as there is room. */
  startDue(): void {
    this.mayHaveDue = true;
    this.startWhileRoom();
  }

  /**
   * When the next start of a run needs the alarm (ms); null when none does. While there is no room, runs that are due need none:
   * the end of another run starts them.
   */
  nextStart(): number | null {
    return this.context.runs.nextStart(this.hasRoom() ? 0 : now());
  }

  /** Ids of the runs whose rows say `running` and that this host does not execute: their host died. */
  stranded(): string[] {
    return this.context.runs.runningIds().filter((runId) => !this.executing.has(runId));
  }

  /** Whether this host executes the run. */
  isExecuting(runId: string): boolean {
    return this.executing.has(runId);
  }

  /** The outcome of a run that has not ended yet; undefined when the run has ended or is not here. */
  outcome(runId: string): Promise<Outcome> | undefined {
    const execution = this.executing.get(runId);
    if (execution !== undefined) return execution.done;
    const run = this.context.runs.get(runId);
    if (run === undefined || isFinal(run.status)) return undefined;
    return this.waiterOf(runId).promise;
  }

  /** Like {@link outcome}, for a caller that reads the values. */
  join(runId: string): Promise<Outcome> | undefined {
    const outcome = this.outcome(runId);
    if (outcome !== undefined) this.joined.add(runId);
    return outcome;
  }

  /** Stops a run that has not ended, and starts the next run of its thread. `rollback` also deletes the run's checkpoints. */
  stop(run: StoredRun, reason: StopReason): void {
    this.stopAll([run.runId], reason);
    this.startDue();
  }

  /** Stops runs that have not ended, and starts no other. */
  stopAll(runIds: string[], reason: StopReason): void {
    for (const runId of runIds) {
      const execution = this.executing.get(runId);
      if (execution === undefined) {
        const run = this.require(runId);
        this.finish(run, stopped(reason), new CheckpointSaver(this.context.storage, { runId }), reason);
      } else {
        execution.attempt.stop(reason);
      }
    }
  }

  /** Writes the checkpoints of a thread that its executing run has saved and that are not written yet. */
  writeCheckpoints(threadId: string): void {
    for (const { attempt } of this.executing.values()) {
      if (attempt.run.threadId === threadId) attempt.saver.flush();
    }
  }

  /** Settles when no run is executing. */
  async idle(): Promise<void> {
    while (this.executing.size > 0) {
      await Promise.allSettled([...this.executing.values()].map(({ done }) => done));
    }
  }

  /** Whether no run is executing. */
  isIdle(): boolean {
    return this.executing.size === 0;
  }

  /** Whether another graph may be executed now. No run starts beside a last attempt. */
  private hasRoom(): boolean {
    return this.lastAttempt === undefined && this.graphs < MAX_EXECUTING;
  }

  /** Starts the runs that are due, one after the other, as long as there is room. Does nothing if none can be due. */
  private startWhileRoom(): void {
    while (this.mayHaveDue && this.hasRoom()) {
      // A run that crashes its host interrupts all other runs in the object. So a last attempt comes first, and is made alone.
      const next = this.context.runs.nextToStart(this.executing.keys(), MAX_ATTEMPTS - 1);
      if (next === undefined) this.mayHaveDue = false;
      else this.restart(next);
    }
  }

  /** Starts a run again, or for the first time after it waited. A run without attempts left ends with an error. */
  private restart(run: StoredRun): void {
    if (startsWithoutFailure(run) >= MAX_ATTEMPTS) {
      const message = `given up after ${startsWithoutFailure(run)} attempts: in each the run's host died, or its end could not be stored`;
      logError("poison run", new Error(message), runLogFields(run));
      const saver = new CheckpointSaver(this.context.storage, { runId: run.runId });
      this.finish(
        run,
        { status: "error", error: { error: "Error", message }, values: noValues, waiting: false },
        saver,
      );
      return;
    }
    this.context.runs.markStarted(run.runId);
    this.start(this.require(run.runId));
  }

  /** Starts an attempt at a run. The run's row says already that it is running. */
  private start(run: StoredRun): void {
    const attempt = new RunAttempt(this.context, run, () => this.joined.has(run.runId));
    if (startsWithoutFailure(run) === MAX_ATTEMPTS) this.lastAttempt = run.runId;
    const done = this.makeAttempt(attempt).finally(() => {
      // The run's next attempt may be under way already.
      if (this.executing.get(run.runId)?.attempt === attempt) this.executing.delete(run.runId);
      if (this.lastAttempt === run.runId) this.lastAttempt = undefined;
      this.joined.delete(run.runId);
    });
    this.executing.set(run.runId, { attempt, done });
    const waiter = this.waiters.get(run.runId);
    this.waiters.delete(run.runId);
    done.then(waiter?.resolve, (error: unknown) => {
      // The run's row still says `running`, so the alarm finds it as stranded and restarts it.
      logError("a run was cut off", error, runLogFields(run));
      waiter?.reject(error);
    });
  }

  /**
   * Executes an attempt and acts on its outcome: the run ends, or it is tried again.
   * @returns how the run ended, possibly after further attempts
   */
  private async makeAttempt(attempt: RunAttempt): Promise<Outcome> {
    this.graphs += 1;
    const outcome = await attempt.execute().finally(() => {
      this.graphs -= 1;
    });
    const run = attempt.takeRunWithUsage();
    const { saver, stopReason } = attempt;
    const mayFail = stopReason === undefined || stopReason === "timeout";
    const delayMs = mayFail ? delayToNextAttempt(run, outcome) : null;
    if (delayMs !== null) return this.tryAgain(run, outcome, saver, delayMs);
    if (outcome.error !== null) attempt.streamError(outcome.error);
    this.finish(run, outcome, saver, stopReason);
    this.startFollowing(run);
    // Callers that join wait until the index has the run, because the row of a run on a temporary thread is removed then.
    await this.ending.settle(run);
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
    logInfo("run failed", {
      ...runLogFields(run),
      attempt: run.attempts,
      delay_ms: delayMs,
      error: outcome.error?.message,
    });
    this.startFollowing(run);
    this.context.alarm.ringForWork(this.nextStart());
    // The index must show that the run waits and until when. Otherwise the watchdog would take it for stalled.
    this.context.state.waitUntil(this.index.settle({ includeNewRuns: true }));
    return waiter.promise;
  }

  /** Starts the runs that had to wait for an attempt at this one. */
  private startFollowing(run: StoredRun): void {
    if (this.lastAttempt === run.runId) this.lastAttempt = undefined;
    this.startDue();
  }

  /** The promise of the run's outcome, for callers that join it before it starts. */
  private waiterOf(runId: string): PromiseWithResolvers<Outcome> {
    const waiter = this.waiters.get(runId) ?? Promise.withResolvers<Outcome>();
    this.waiters.set(runId, waiter);
    return waiter;
  }

  /** Records how the run ended, and tells the callers that wait for it. */
  private finish(run: StoredRun, outcome: Outcome, saver: CheckpointSaver, reason?: StopReason): void {
    this.ending.record(run, outcome, saver, reason);
    this.waiters.get(run.runId)?.resolve(outcome);
    this.waiters.delete(run.runId);
    this.joined.delete(run.runId);
  }

  /** The run, which this object must have. */
  private require(runId: string): StoredRun {
    const run = this.context.runs.get(runId);
    if (run === undefined) throw new Error(`run ${runId} vanished`);
    return run;
  }
}

/** Starts of the run that did not end with a failure of its graph: the host died, or the attempt is still under way. */
const startsWithoutFailure = (run: StoredRun): number => run.attempts - run.failures;
