/**
 * The runs of a thread object: which one starts when, and what follows when it ends. One run at a time on a thread. The
 * rows are the truth: whatever is in memory only can be lost at any moment, and is found again by {@link RunQueue.startDue}.
 */
import { now } from "../clock";
import type { Env } from "../config";
import { readConfig } from "../config";
import { within } from "../deadline";
import { logError, logInfo } from "../log";
import { CheckpointSaver } from "../threads/checkpoint-saver";
import { noThread, type ThreadStore } from "../threads/thread-store";
import { defaultTtl } from "../threads/ttl";
import type { EventLog } from "./event-log";
import { stopEarlierRuns } from "./multitask";
import { isFinal, toWireRun, type NewRun, type Run } from "./run";
import { executeRun, type Outcome, type StopReason } from "./run-executor";
import type { RunStore, StoredRun } from "./run-store";
import { findRun } from "./runs-table";
import type { RunEvent } from "./stream-modes";

/** Starts of one run before it is given up: one that takes its host down with it must not do so for ever. */
const MAX_ATTEMPTS = 3;
/** A graph that was told to stop and does not within this is left behind. */
const STOP_LIMIT_MS = 2_000;
const D1_LIMIT_MS = 5_000;
/** Longer ones overflow the runtime's timers. */
const LONGEST_SLEEP_MS = 60_000;

interface Execution {
  controller: AbortController;
  done: Promise<Outcome>;
}

export class RunQueue {
  private readonly executing = new Map<string, Execution>();

  constructor(
    private readonly storage: DurableObjectStorage,
    private readonly env: Env,
    private readonly runs: RunStore,
    private readonly threads: ThreadStore,
    private readonly log: EventLog,
    /** Called when runs have ended or begun: brings the index up to date. */
    private readonly onChange: () => Promise<unknown>,
  ) {}

  /**
   * Takes a run in, once, however often it is delivered, and starts it if nothing is before it.
   * @param redelivered that this run may have been taken in and be over already; the index is asked then
   * @throws thread.not_found, run.conflict
   */
  async enqueue(run: NewRun, redelivered: boolean): Promise<Run> {
    if (redelivered && this.runs.get(run.runId) === undefined) {
      const earlier = await within(D1_LIMIT_MS, "D1", findRun(this.env.DB, run.threadId, run.runId));
      if (earlier !== undefined) return earlier;
    }
    const known = this.runs.get(run.runId);
    if (known !== undefined) return toWireRun(known);

    const earlier = this.runs.unfinished(run.threadId);
    const thread = this.threads.find(run.threadId);
    if (thread === undefined ? !run.createThread : thread.deleted) throw noThread(run.threadId);
    const stop = earlier.length === 0 ? null : stopEarlierRuns(run.multitaskStrategy);
    const startsNow = earlier.length === 0 && run.delayMs === 0;
    this.storage.transactionSync(() => {
      this.takeThread(run);
      this.runs.insert(run, startsNow);
    });
    if (stop !== null) for (const other of earlier) this.stop(other, stop);
    const stored = this.require(run.runId);
    if (startsNow) this.start(stored);
    // To its creator it is pending: that it has begun already is luck.
    return toWireRun({ ...stored, status: isFinal(stored.status) ? stored.status : "pending" });
  }

  /** Starts whatever may start now, and again what was running when its host died. */
  startDue(): void {
    for (const run of this.runs.allUnfinished()) {
      if (run.status === "running" && !this.executing.has(run.runId)) this.restart(run);
    }
    for (const run of this.runs.allUnfinished()) if (run.status === "pending") this.startNext(run.threadId);
  }

  /** How the run ends, if it has not ended yet; undefined when it is not among the living. */
  async outcome(runId: string): Promise<Outcome | undefined> {
    this.startDue();
    const execution = this.executing.get(runId);
    if (execution !== undefined) return execution.done;
    const run = this.runs.get(runId);
    if (run === undefined || isFinal(run.status)) return undefined;
    // It waits behind others: after one of them has ended, look again.
    const before = this.runs.unfinished(run.threadId).find((other) => this.executing.has(other.runId));
    if (before !== undefined) await this.executing.get(before.runId)?.done;
    else
      await new Promise((resolve) =>
        setTimeout(resolve, Math.min(Math.max(run.startAt - now(), 10), LONGEST_SLEEP_MS)),
      );
    return this.outcome(runId);
  }

  /** Stops a run that has not ended; `rollback` leaves no trace of it. */
  stop(run: StoredRun, reason: StopReason): void {
    const execution = this.executing.get(run.runId);
    if (execution !== undefined) execution.controller.abort(reason);
    else this.finish(run, stopped(reason), new CheckpointSaver(this.storage, { runId: run.runId }), reason);
  }

  /** Settles when no run is executing. */
  async idle(): Promise<void> {
    while (this.executing.size > 0)
      await Promise.allSettled([...this.executing.values()].map(({ done }) => done));
  }

  isIdle(): boolean {
    return this.executing.size === 0;
  }

  private takeThread(run: NewRun): void {
    const thread = this.threads.find(run.threadId);
    const owner = { graph_id: run.graphId, assistant_id: run.assistantId };
    if (thread === undefined) {
      this.threads.insert({
        threadId: run.threadId,
        metadata: { ...owner, ...run.metadata },
        config: { configurable: {} },
        status: "busy",
        ttl: run.temporary ? null : defaultTtl,
        temporary: run.temporary,
      });
    } else {
      this.threads.update(run.threadId, { status: "busy", metadata: { ...thread.metadata, ...owner } });
    }
  }

  private startNext(threadId: string): void {
    const waiting = this.runs.unfinished(threadId);
    if (waiting.some((run) => run.status === "running")) return;
    const next = waiting.find((run) => run.startAt <= now());
    if (next !== undefined) this.restart(next);
  }

  private restart(run: StoredRun): void {
    if (run.attempts >= MAX_ATTEMPTS) {
      const message = `given up after ${run.attempts} attempts: each time the run took its host down`;
      logError("poison run", new Error(message), { run_id: run.runId });
      const saver = new CheckpointSaver(this.storage, { runId: run.runId });
      this.finish(
        run,
        { status: "error", error: { error: "Error", message }, values: null, waiting: false },
        saver,
      );
      return;
    }
    this.runs.markStarted(run.runId);
    this.start(this.require(run.runId));
  }

  private start(run: StoredRun): void {
    const controller = new AbortController();
    const done = this.execute(run, controller).finally(() => this.executing.delete(run.runId));
    this.executing.set(run.runId, { controller, done });
    done.catch((error: unknown) => {
      // Its row says that it runs and nobody runs it: the alarm finds it and goes on with it.
      logError("a run was cut off", error, { run_id: run.runId });
    });
  }

  private async execute(run: StoredRun, controller: AbortController): Promise<Outcome> {
    const timer = setTimeout(() => {
      controller.abort("timeout" satisfies StopReason);
    }, readConfig(this.env).runTimeoutMs);
    const { signal } = controller;
    const resumable = run.kwargs.stream_resumable === true;
    const emit = (event: RunEvent): void => {
      // A graph that was told to stop and goes on is not heard any more.
      if (!signal.aborted || event.event === "error") this.log.emit(run, event, resumable);
    };
    const saver = new CheckpointSaver(this.storage, {
      runId: run.runId,
      buffered: run.kwargs.durability !== "sync",
    });
    const outcome = await Promise.race([executeRun(run, { saver, signal, emit }), leftBehind(signal)]);
    clearTimeout(timer);
    if (resumable) this.log.end(run.runId);
    this.finish(run, outcome, saver, signal.reason as StopReason | undefined);
    // Until the index knows, whoever joins is told from here: the row of a short-lived run is gone by then.
    await this.onChange();
    return outcome;
  }

  /** Records how the run ended and starts the next of its thread. */
  private finish(run: StoredRun, outcome: Outcome, saver: CheckpointSaver, reason?: StopReason): void {
    this.storage.transactionSync(() => {
      const thread = this.threads.find(run.threadId);
      const others = this.runs.unfinished(run.threadId).filter((other) => other.runId !== run.runId);
      const passing = thread === undefined || (thread.temporary && !outcome.waiting && others.length === 0);
      if (passing && run.kwargs.webhook === undefined) saver.discard();
      else saver.flush();
      // A graph that was left behind may still save: too late.
      saver.close();
      if (reason === "rollback") {
        saver.deleteRun(run.threadId, run.runId);
        this.runs.markDeleted(run.runId);
      } else {
        this.runs.markFinished(run, outcome.status, outcome.error);
      }
      if (!passing && !thread.deleted) {
        const settled = outcome.waiting ? "interrupted" : outcome.error === null ? "idle" : "error";
        this.threads.update(run.threadId, {
          status: others.length > 0 ? "busy" : settled,
          error: outcome.error === null ? null : JSON.stringify(outcome.error),
          // One that waits for an answer is kept.
          ...(thread.temporary && outcome.waiting ? { temporary: false, ttl: defaultTtl } : {}),
        });
      }
    });
    logInfo("run ended", { run_id: run.runId, thread_id: run.threadId, status: outcome.status, reason });
    this.startNext(run.threadId);
  }

  private require(runId: string): StoredRun {
    const run = this.runs.get(runId);
    if (run === undefined) throw new Error(`run ${runId} vanished`);
    return run;
  }
}

/** Settles some time after `signal` has aborted: a graph that does not heed it must not hold the thread. */
function leftBehind(signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      setTimeout(() => {
        resolve(stopped(signal.reason as StopReason));
      }, STOP_LIMIT_MS);
    });
  });
}

const stopped = (reason: StopReason): Outcome => ({
  status: reason === "timeout" ? "timeout" : "interrupted",
  error: reason === "timeout" ? { error: "TimeoutError", message: "the run took too long" } : null,
  values: null,
  waiting: false,
});
