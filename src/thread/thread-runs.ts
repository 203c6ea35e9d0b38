/** What others may ask of a thread object about runs. */
import type { CronEntry } from "../calls/cron-entry";
import type { NewRun } from "../calls/run";
import { isFinal, toWireRun } from "../calls/run";
import type { JoinResult, PlacedStream, StreamStart } from "../calls/thread-calls";
import { type RunFilter, type ThreadMode } from "../calls/thread-calls";
import { deleteRunRow, noRun, requireRun } from "../d1/runs-table";
import { now } from "../platform/clock";
import type { Run } from "../wire/runs";
import { CheckpointSaver } from "./checkpoints/checkpoint-saver";
import { findCheckpoints } from "./checkpoints/checkpoint-tables";
import type { Outcome } from "./runs/outcome";
import { readRunValues } from "./runs/run-values";
import { noCheckpoint } from "./state/thread-state";
import type { SentEvent } from "./streams/sent-event";
import { eventStream } from "./streams/sse";
import { isOfRun, isOfThread } from "./streams/stream-filters";
import { ThreadHost } from "./thread-host";

export abstract class ThreadRuns extends ThreadHost {
  /**
   * Takes in a run, once; see {@link RunQueue.enqueue}. Answers when it is stored, not when the index knows it.
   * @param cronEntry what the index is to have of the run's cron, written with the run
   * @param notAfter the caller waits no longer than to this instant (ms), and what comes later it will have sent again
   * @throws thread.not_found, also when the checkpoint that it is to start from is not there; run.conflict
   */
  async enqueueRun(
    run: NewRun,
    { cronEntry = null, notAfter = Infinity }: { cronEntry?: CronEntry | null; notAfter?: number } = {},
  ): Promise<Run> {
    if (now() > notAfter) throw new Error("the call came too late");
    if (!run.createThread) this.requireThread(run.threadId);
    this.requireStart(run);
    this.createTables();
    if (run.temporary) this.stand();
    this.wakeSoon();
    const enqueued = this.queue.enqueue(run, cronEntry);
    if (run.delayMs > 0) this.wakeForRuns();
    return enqueued;
  }

  /** Takes in a run, and answers when the index knows it too. @throws thread.not_found, run.conflict */
  async createRun(run: NewRun): Promise<Run> {
    if (run.kwargs.stream_resumable !== true) this.log.hold(run.runId);
    const created = await this.enqueueRun(run);
    await this.settle({ fresh: true });
    return created;
  }

  /** Takes in a run and waits for it to end. @throws thread.not_found, run.conflict */
  async createAndJoinRun(run: NewRun): Promise<JoinResult> {
    await this.enqueueRun(run);
    return this.joinRun(run.threadId, run.runId);
  }

  /**
   * Takes in a run and streams its events, from the first on, as server-sent events.
   * @param cancelOnDisconnect that the run is stopped when nobody reads the stream any more
   * @throws thread.not_found, run.conflict
   */
  async createAndStreamRun(
    run: NewRun,
    cancelOnDisconnect: boolean,
    filter: RunFilter,
  ): Promise<ReadableStream<Uint8Array>> {
    const ended = Promise.withResolvers<unknown>();
    // Heard before it starts, so that nothing is missed.
    const stream = this.runStream(run.runId, { until: ended.promise, cancelOnDisconnect, filter });
    try {
      await this.enqueueRun(run);
    } catch (error) {
      ended.resolve(undefined);
      throw error;
    }
    ended.resolve(this.queue.outcome(run.runId));
    return stream;
  }

  /**
   * Streams a run's events: from now on, with those that are held as long as nobody has heard it, or with `lastEventId` also
   * the kept ones after it. Ends with the run.
   * @throws run.not_found
   */
  async streamRun(
    threadId: string,
    runId: string,
    { lastEventId, cancelOnDisconnect, ...filter }: RunFilter & StreamStart & { cancelOnDisconnect: boolean },
  ): Promise<PlacedStream> {
    await this.getRun(threadId, runId);
    const until = this.outcomeOf(runId) ?? Promise.resolve();
    const kept = this.tablesExist() && lastEventId !== undefined ? this.log.kept(runId, lastEventId) : [];
    const replay = [...kept, ...this.log.takeHeld(runId)];
    const from = lastEventId ?? this.log.position();
    return { from, stream: this.runStream(runId, { until, cancelOnDisconnect, replay, filter }) };
  }

  /** Streams what happens on the thread, with all of its runs, for as long as someone reads. @throws thread.not_found */
  async streamThread(
    threadId: string,
    { lastEventId, modes }: StreamStart & { modes: ThreadMode[] },
  ): Promise<PlacedStream> {
    this.requireThread(threadId);
    const replay = lastEventId === undefined ? [] : this.log.kept(threadId, lastEventId);
    const wants = (event: SentEvent): boolean => isOfThread(event, modes);
    const from = lastEventId ?? this.log.position();
    return { from, stream: eventStream({ log: this.log, id: threadId, replay, wants }) };
  }

  /** Waits for a run to end. @throws run.not_found */
  async joinRun(threadId: string, runId: string): Promise<JoinResult> {
    const outcome = await this.outcomeOf(runId);
    if (outcome !== undefined) {
      return outcome.error === null ? { values: outcome.values } : { error: outcome.error };
    }
    const run = await this.getRun(threadId, runId);
    if (run.error !== undefined) return { error: run.error };
    // Of a run whose thread is gone there is nothing to tell but that it ended well.
    const thread = this.tablesExist() ? this.threads.find(threadId) : undefined;
    if (thread === undefined || thread.deleted) return { values: null };
    return { values: await readRunValues(this.storage, thread, run) };
  }

  /** Whether the run was taken in and its cron has not heard of its end; tells what this object knows, and asks nobody. */
  async holdsRun(runId: string): Promise<boolean> {
    return this.tablesExist() && this.runs.get(runId) !== undefined;
  }

  /** Whether there is such a run here that has not ended; tells what this object knows, and asks nobody. */
  async isUnfinished(threadId: string, runId: string): Promise<boolean> {
    const run = this.tablesExist() ? this.runs.get(runId) : undefined;
    return run?.threadId === threadId && !isFinal(run.status);
  }

  /** The run, living or ended. @throws run.not_found */
  async getRun(threadId: string, runId: string): Promise<Run> {
    const living = this.tablesExist() ? this.runs.get(runId) : undefined;
    const isThreadDeleted = this.tablesExist() && this.threads.find(threadId)?.deleted === true;
    if (living?.deleted || isThreadDeleted) throw noRun(runId);
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
    this.wakeSoon();
    this.queue.stop(living, action);
    if (wait) await this.queue.outcome(runId);
    await this.settle();
  }

  /** Deletes a run and the checkpoints that it wrote; one that has not ended is stopped first. @throws run.not_found */
  async deleteRun(threadId: string, runId: string): Promise<void> {
    await this.getRun(threadId, runId);
    const living = this.tablesExist() ? this.runs.get(runId) : undefined;
    if (living !== undefined && !isFinal(living.status)) {
      this.wakeSoon();
      this.queue.stop(living, "rollback");
      await this.queue.outcome(runId);
    }
    if (this.tablesExist()) {
      this.wakeSoon();
      new CheckpointSaver(this.storage).deleteRun(threadId, runId);
      if (this.runs.get(runId) !== undefined) this.runs.markDeleted(runId);
      const thread = this.threads.find(threadId);
      if (thread !== undefined && !thread.deleted) this.threads.update(threadId, {});
      await this.settle();
    }
    await deleteRunRow(this.env.DB, runId).run();
  }

  /** Nothing, if the checkpoint that the run names is there: the graph would begin anew from one that is not. */
  private requireStart({ threadId, kwargs }: NewRun): void {
    const { checkpoint_id: checkpointId, checkpoint_ns: ns = "" } = kwargs.config.configurable;
    if (typeof checkpointId !== "string") return;
    const query = { threadId, ns: String(ns), checkpointId, limit: 1 };
    if (findCheckpoints(this.storage.sql, query).length === 0) throw noCheckpoint(checkpointId);
  }

  /** How a run ends that has not ended; one whose host died is gone on with for it. */
  private outcomeOf(runId: string): Promise<Outcome> | undefined {
    if (!this.tablesExist()) return undefined;
    if (!this.queue.isExecuting(runId)) this.queue.startDue();
    return this.queue.outcome(runId);
  }

  private runStream(
    runId: string,
    options: {
      until: Promise<unknown>;
      cancelOnDisconnect: boolean;
      replay?: SentEvent[];
      filter: RunFilter;
    },
  ): ReadableStream<Uint8Array> {
    const { until, cancelOnDisconnect, replay = [], filter } = options;
    return eventStream({
      log: this.log,
      id: runId,
      replay,
      until,
      wants: (event) => isOfRun(event, filter),
      onDisconnect: () => {
        const run = this.tablesExist() ? this.runs.get(runId) : undefined;
        if (cancelOnDisconnect && run !== undefined && !isFinal(run.status))
          this.queue.stop(run, "interrupt");
      },
    });
  }
}
