/** The calls of a thread object about the state of its threads: read, update and history. */
import type { StateRead, ThreadStateCalls } from "../../calls/thread-calls";
import { DomainError } from "../../platform/errors";
import { logError } from "../../platform/log";
import type { HistorySearch, StateUpdate, WireCheckpoint, WireState } from "../../wire/threads/state";
import type { IndexWriter } from "../index-writer";
import type { ThreadContext } from "../thread-context";
import { updateState } from "./state-update";
import { readHistory, readProgress, readState } from "./thread-state";

export class StateCalls implements ThreadStateCalls {
  constructor(
    private readonly context: ThreadContext,
    private readonly index: IndexWriter,
  ) {}

  /** The thread's latest state, or the one at a checkpoint. @throws thread.not_found */
  async getState(threadId: string, read: StateRead): Promise<Partial<WireState>> {
    return readState(this.context.storage, this.context.requireThread(threadId), read);
  }

  /** The thread's states, newest first. @throws thread.not_found */
  async getHistory(threadId: string, query: HistorySearch): Promise<Partial<WireState>[]> {
    return readHistory(this.context.storage, this.context.requireThread(threadId), query);
  }

  /**
   * Writes to the thread's state as if a node had.
   * @throws thread.not_found, thread.conflict while a run works on it, thread.invalid when its graph refuses the update
   */
  async updateState(threadId: string, update: StateUpdate): Promise<WireCheckpoint> {
    const { storage, threads, runs } = this.context;
    const thread = this.context.requireThread(threadId);
    if (runs.unfinishedIds(threadId).length > 0) {
      throw new DomainError("thread.conflict", "the thread is busy with a run");
    }
    this.context.alarm.ringSoon();
    const trace = this.context.traces.ofUpdate(thread);
    const checkpoint = await updateState(storage, thread, update, trace).finally(trace.send);
    const { waits, hasNext } = await readProgress(storage, thread);
    const isInterrupted = waits || (thread.status === "interrupted" && hasNext);
    // A run may have been created while the graph computed the update.
    const busy = runs.unfinishedIds(threadId).length > 0;
    threads.update(threadId, { status: busy ? "busy" : isInterrupted ? "interrupted" : "idle", error: null });
    await this.streamUpdate(threadId);
    await this.index.settle();
    return checkpoint;
  }

  /** Sends the thread's new state to the streams of the thread. */
  private async streamUpdate(threadId: string): Promise<void> {
    const { events } = this.context;
    if (!events.hasListeners(threadId)) return;
    try {
      const state = await this.getState(threadId, { subgraphs: false });
      const data = { thread_id: threadId, state };
      events.emitToThread({ runId: null, threadId }, { event: "state_update", data }, false);
    } catch (error) {
      // The update itself succeeded: only its state is too large to stream.
      logError("an update could not be streamed", error, { thread_id: threadId });
    }
  }
}
