/** The calls of a thread object about runs: create, join, stream, cancel and delete. Those of crons are in `firing-calls.ts`. */
import type { CronEntry } from "../../calls/cron-entry";
import type { NewRun } from "../../calls/run";
import { isFinal, toWireRun } from "../../calls/run";
import { reportOfRecord } from "../../calls/run-report";
import type {
  JoinResult,
  PositionedStream,
  RunFilter,
  StreamStart,
  ThreadMode,
  ThreadRunCalls,
} from "../../calls/thread-calls";
import { deleteRunRow, noRun, requireRun } from "../../d1/runs-table";
import type { Run } from "../../wire/runs/run";
import { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import type { IndexWriter } from "../index-writer";
import { isInRunStream, isInThreadStream, type SentEvent } from "../streams/sent-event";
import { eventStream } from "../streams/sse";
import type { ThreadContext } from "../thread-context";
import { requireUnanswered } from "./one-answer";
import { joinResultOf, type Outcome } from "./outcome";
import { reportOf, tellOfDeletion } from "./reports";
import type { RunQueue } from "./run-queue";
import { readRunValues } from "./run-values";
import { requireStartCheckpoint } from "./start-checkpoint";

export class RunCalls implements ThreadRunCalls {
  constructor(
    private readonly context: ThreadContext,
    private readonly index: IndexWriter,
    private readonly queue: RunQueue,
  ) {}

  /** Stores a run, and answers when the run is in the index too. @throws thread.not_found, run.conflict */
  async createRun(run: NewRun): Promise<Run> {
    if (run.kwargs.stream_resumable !== true) this.context.events.holdForFirstListener(run.runId);
    const created = this.takeIn(run, null);
    await this.index.settle({ includeNewRuns: true });
    return created;
  }

  /** Stores a run and waits for it to end. @throws thread.not_found, run.conflict */
  async createAndJoinRun(run: NewRun): Promise<JoinResult> {
    this.takeIn(run, null);
    return this.joinRun(run.threadId, run.runId);
  }

  /**
   * Stores a run and streams all of its events as server-sent events.
   * @param cancelOnDisconnect whether the run is stopped when the client disconnects
   * @throws thread.not_found, run.conflict
   */
  async createAndStreamRun(
    run: NewRun,
    cancelOnDisconnect: boolean,
    filter: RunFilter,
  ): Promise<ReadableStream<Uint8Array>> {
    const ended = Promise.withResolvers<unknown>();
    // The stream listens before the run starts, so that it misses no event.
    const stream = this.runStream(run.runId, { ended: ended.promise, cancelOnDisconnect, filter });
    try {
      this.takeIn(run, null);
    } catch (error) {
      ended.resolve(undefined);
      throw error;
    }
    ended.resolve(this.queue.outcome(run.runId));
    return stream;
  }

  /**
   * Streams a run's events from now on, until the run ends. If nobody has listened to the run before, the stream begins with
   * the events that are held for the first listener. With `lastEventId` it begins with the stored events after that one.
   * @throws run.not_found
   */
  async streamRun(
    threadId: string,
    runId: string,
    { lastEventId, cancelOnDisconnect, ...filter }: RunFilter & StreamStart & { cancelOnDisconnect: boolean },
  ): Promise<PositionedStream> {
    await this.getRun(threadId, runId);
    const ended = this.outcomeOf(runId) ?? Promise.resolve();
    const kept =
      this.context.hasTables() && lastEventId !== undefined
        ? this.context.events.readKept(runId, lastEventId)
        : [];
    const replay = [...kept, ...this.context.events.releaseHeld(runId)];
    const afterEventId = lastEventId ?? this.context.events.position();
    return { afterEventId, stream: this.runStream(runId, { ended, cancelOnDisconnect, replay, filter }) };
  }

  /** Streams the events of the thread and of all its runs until the client disconnects. @throws thread.not_found */
  async streamThread(
    threadId: string,
    { lastEventId, modes }: StreamStart & { modes: ThreadMode[] },
  ): Promise<PositionedStream> {
    this.context.requireThread(threadId);
    const replay = lastEventId === undefined ? [] : this.context.events.readKept(threadId, lastEventId);
    const includes = (event: SentEvent): boolean => isInThreadStream(event, modes);
    const afterEventId = lastEventId ?? this.context.events.position();
    return {
      afterEventId,
      stream: eventStream({
        listen: (listener) => this.context.events.listen(threadId, listener),
        replay,
        includes,
      }),
    };
  }

  /** Waits for a run to end. @throws run.not_found */
  async joinRun(threadId: string, runId: string): Promise<JoinResult> {
    const outcome = await this.outcomeOf(runId, { readsValues: true });
    if (outcome !== undefined) return joinResultOf(outcome);
    const run = await this.getRun(threadId, runId);
    if (run.error !== undefined) return { error: run.error };
    // The values of a run are deleted with its thread.
    const thread = this.context.hasTables() ? this.context.threads.find(threadId) : undefined;
    if (thread === undefined || thread.deleted) return { values: null };
    return { values: await readRunValues(this.context.storage, thread, run) };
  }

  /** The run, from this object or, when it has ended and was removed here, from the index. @throws run.not_found */
  async getRun(threadId: string, runId: string): Promise<Run> {
    const living = this.context.storedRun(runId);
    const isThreadDeleted = this.context.hasTables() && this.context.threads.find(threadId)?.deleted === true;
    if (living?.deleted || isThreadDeleted) throw noRun(runId);
    if (living?.threadId === threadId) return toWireRun(living);
    return requireRun(this.context.env.DB, threadId, runId);
  }

  /**
   * Stops a run. A run that has ended stays as it is.
   * @param action `rollback` also deletes the run and its checkpoints
   * @param wait answers only when the run has stopped
   * @throws run.not_found
   */
  async cancelRun(
    threadId: string,
    runId: string,
    action: "interrupt" | "rollback",
    wait: boolean,
  ): Promise<void> {
    const living = this.context.storedRun(runId);
    if (living === undefined || living.threadId !== threadId) {
      await requireRun(this.context.env.DB, threadId, runId);
      return;
    }
    if (isFinal(living.status)) return;
    this.context.alarm.ringSoon();
    this.queue.stop(living, action);
    if (wait) await this.queue.outcome(runId);
    await this.index.settle();
  }

  /** Deletes a run and the checkpoints that it wrote. A run that has not ended is stopped first. @throws run.not_found */
  async deleteRun(threadId: string, runId: string): Promise<void> {
    const run = await this.getRun(threadId, runId);
    const living = this.context.storedRun(runId);
    if (living !== undefined && !isFinal(living.status)) {
      this.context.alarm.ringSoon();
      this.queue.stop(living, "rollback");
      await this.queue.outcome(runId);
    } else {
      // A cron that has lost the answer to enqueuing the run must not find that there never was one.
      const report = living === undefined ? reportOfRecord(run) : reportOf(living, this.context.storage.sql);
      await tellOfDeletion(this.context.env, run, report);
    }
    if (this.context.hasTables()) {
      this.context.alarm.ringSoon();
      // What only the deleted checkpoints refer to is removed. A later run that goes on from them may refer to it, too.
      this.queue.writeCheckpoints(threadId);
      new CheckpointSaver(this.context.storage).deleteRun(threadId, runId);
      if (this.context.runs.get(runId) !== undefined) this.context.runs.markDeleted(runId);
      const thread = this.context.threads.find(threadId);
      if (thread !== undefined && !thread.deleted) this.context.threads.update(threadId, {});
      await this.index.settle();
    }
    await deleteRunRow(this.context.env.DB, runId).run();
  }

  /**
   * Stores a run, and starts it if its turn has come; see {@link RunQueue.enqueue}.
   * @param cronEntry the changes of the cron's row in the index, which are written together with the run
   * @param cronWaits whether the cron of the run waits for its end. It then sends the run again if this host dies; otherwise the
   *   alarm goes on with the run
   * @throws thread.not_found, also when the checkpoint to start from does not exist; run.conflict, run.exists
   */
  takeIn(run: NewRun, cronEntry: CronEntry | null, { cronWaits = false } = {}): Run {
    if (!run.createThread) this.context.requireThread(run.threadId);
    requireStartCheckpoint(this.context.storage.sql, run);
    if (cronEntry === null) requireUnanswered(this.context, run);
    this.context.createTables();
    if (run.temporary) this.context.markStanding();
    if (!cronWaits) this.context.alarm.ringSoon();
    const stored = this.queue.enqueue(run, { cronEntry, cronWaits });
    if (run.delayMs > 0) this.context.alarm.ringForWork(this.queue.nextStart());
    return stored;
  }

  /** How the run ends; undefined when it has ended already or is not here. Restarts a run whose host died. */
  private outcomeOf(runId: string, { readsValues = false } = {}): Promise<Outcome> | undefined {
    if (!this.context.hasTables()) return undefined;
    if (!this.queue.isExecuting(runId)) this.queue.startDue();
    return readsValues ? this.queue.join(runId) : this.queue.outcome(runId);
  }

  private runStream(
    runId: string,
    options: {
      ended: Promise<unknown>;
      cancelOnDisconnect: boolean;
      replay?: SentEvent[];
      filter: RunFilter;
    },
  ): ReadableStream<Uint8Array> {
    const { ended, cancelOnDisconnect, replay = [], filter } = options;
    return eventStream({
      listen: (listener) => this.context.events.listen(runId, listener),
      replay,
      ended,
      includes: (event) => isInRunStream(event, filter),
      onDisconnect: () => {
        const run = this.context.storedRun(runId);
        if (cancelOnDisconnect && run !== undefined && !isFinal(run.status))
          this.queue.stop(run, "interrupt");
      },
    });
  }
}
