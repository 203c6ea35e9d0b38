/** What others may ask of a thread object about runs. */
import type { NewRun, Run, RunError } from "../runs/run";
import { isFinal, toWireRun } from "../runs/run";
import type { SentEvent } from "../runs/event-log";
import { deleteRunRow, findRun, noRun, requireRun } from "../runs/runs-table";
import { eventStream, isOfMode } from "../runs/sse";
import { CheckpointSaver } from "./checkpoint-saver";
import { readSnapshot } from "./thread-state";
import { ThreadHost } from "./thread-host";

/** How a joined run ended. */
export type JoinResult = { values: unknown } | { error: RunError };

export abstract class ThreadRuns extends ThreadHost {
  /**
   * Takes in a run; see {@link RunQueue.enqueue}. Answers when it is stored, not when the index knows it.
   * @throws thread.not_found, run.conflict
   */
  async enqueueRun(run: NewRun, { redelivered }: { redelivered: boolean }): Promise<Run> {
    if (!run.createThread) this.requireThread(run.threadId);
    this.createTables();
    this.wakeSoon();
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
    // Of a run whose thread is gone there is nothing to tell but that it ended well.
    const thread = this.tablesExist() ? this.threads.find(threadId) : undefined;
    if (thread === undefined || thread.deleted) return { values: null };
    return { values: (await readSnapshot(this.storage, thread)).values };
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
    this.wakeSoon();
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
        this.wakeSoon();
        const ended = this.queue.outcome(runId);
        this.queue.stop(living, "rollback");
        await ended;
      }
      new CheckpointSaver(this.storage).deleteRun(threadId, runId);
      if (this.runs.get(runId) !== undefined) this.runs.markDeleted(runId);
      const thread = this.threads.find(threadId);
      if (thread !== undefined && !thread.deleted) this.threads.update(threadId, {});
      this.wakeSoon();
      await this.settle();
    }
    if ((await findRun(this.env.DB, threadId, runId)) !== undefined)
      await deleteRunRow(this.env.DB, runId).run();
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
}
