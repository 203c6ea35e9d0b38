/**
 * One attempt at a run: what the graph is executed with, where its events and checkpoints go, and how it is told to stop. What
 * follows from the attempt's outcome is decided by the queue, see `run-queue.ts`.
 */
import { planCrons, type PlanningRun } from "../../calls/cron-planning";
import { D1Store } from "../../d1/store/d1-store";
import { runTimeoutMs } from "../../platform/config";
import { offerTools } from "../../tools/running";
import type { RunError } from "../../wire/runs/run";
import { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import { RunFeed } from "../protocol/run-feed";
import type { RunEvent } from "../streams/stream-modes";
import type { ThreadContext } from "../thread-context";
import type { Trace } from "../traces/traces";
import { stoppedAfterAbort, type Outcome, type StopReason } from "./outcome";
import { executeRun, type Execution } from "./run-executor";
import type { StoredRun } from "./run-row";
import { UsageMeter } from "./token-usage";

export class RunAttempt implements Execution {
  readonly saver: CheckpointSaver;
  readonly store: D1Store;
  readonly meter: UsageMeter;
  readonly trace: Trace;
  readonly feed: RunFeed;
  private readonly controller = new AbortController();
  /** The reason for which {@link stop} was called; undefined when it was not. */
  private stoppedFor: StopReason | undefined;

  /** @param isJoined whether somebody waits for the values of the run */
  constructor(
    private readonly context: ThreadContext,
    readonly run: StoredRun,
    readonly isJoined: () => boolean,
  ) {
    this.store = new D1Store(context.env.DB);
    this.meter = new UsageMeter(run.usage);
    this.trace = context.traces.ofRun(run);
    this.feed = new RunFeed(context.events, run);
    this.saver = new CheckpointSaver(context.storage, {
      runId: run.runId,
      metadata: {
        ...run.metadata,
        run_id: run.runId,
        thread_id: run.threadId,
        graph_id: run.graphId,
        assistant_id: run.assistantId,
      },
      buffered: run.kwargs.durability !== "sync",
      lists: context.lists,
      // Whatever stores checkpoints of a temporary thread stores its run first.
      isStored: () => context.unstoredRuns.run(run.runId) === undefined,
      beforeFlush: () => {
        context.unstoredRuns.store(run.runId);
      },
      onFlush: () => {
        const usage = this.meter.takeUnsaved();
        if (usage !== null) context.runs.saveUsage(run.runId, usage);
      },
    });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Tells the graph to stop. The reason `rollback` is kept when the graph is told to stop again. */
  stop(reason: StopReason): void {
    if (this.stoppedFor !== "rollback") this.stoppedFor = reason;
    this.controller.abort(reason);
  }

  /** Why the graph was told to stop, by {@link stop} or by the time-out; undefined when it was not. */
  get stopReason(): StopReason | undefined {
    return this.stoppedFor ?? (this.signal.reason as StopReason | undefined);
  }

  /** Executes the graph until it ends, fails, takes too long, or has been stopped. Never throws. */
  async execute(): Promise<Outcome> {
    const limitMs = Math.min(runTimeoutMs(this.context.env), this.run.cron?.timeoutMs ?? Infinity);
    const timer = setTimeout(() => {
      this.controller.abort("timeout" satisfies StopReason);
    }, limitMs);
    const { feeds, env, state } = this.context;
    feeds.set(this.run.threadId, this.feed);
    const withdrawTools = offerTools(this.run.runId, (call) =>
      planCrons(this.planningRun(), { env, context: state }, call),
    );
    try {
      return await Promise.race([executeRun(this), stoppedAfterAbort(this.signal)]);
    } finally {
      clearTimeout(timer);
      // A graph that ignores the abort may still be executing.
      this.feed.stop();
      feeds.delete(this.run.threadId);
      withdrawTools();
      this.trace.send();
    }
  }

  /** What the tools for crons know of the run, if its graph calls them. */
  private planningRun(): PlanningRun {
    const { runId, threadId, assistantId, user, cron } = this.run;
    const isTemporary = this.context.threads.require(threadId).temporary;
    return {
      runId,
      assistantId,
      threadId: isTemporary ? null : threadId,
      user,
      cron:
        cron === null ? null : { cronId: cron.cronId, chain: cron.chain ?? { id: cron.cronId, depth: 0 } },
    };
  }

  /** Passes an event of the graph to the event log. @throws when the log can keep no more events of the run */
  emit(event: RunEvent): void {
    // The events of a graph that was told to stop are dropped.
    if (this.signal.aborted && event.event !== "error") return;
    this.context.events.emit(this.run, event, this.run.kwargs.stream_resumable === true);
  }

  /** Streams the error with which the run ends. Never throws. */
  streamError(error: RunError): void {
    try {
      this.emit({ event: "error", data: error });
    } catch {
      // The event log refuses events when it is full, which is the error that the run has ended with.
    }
  }

  /** The run with the tokens that it has used so far. The caller writes them, so the saver no longer has to. */
  takeRunWithUsage(): StoredRun {
    this.meter.takeUnsaved();
    return { ...this.run, usage: this.meter.read() };
  }
}
