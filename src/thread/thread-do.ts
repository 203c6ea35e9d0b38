/**
 * The Durable Object in which threads live, each with its metadata, its checkpoints and its runs. A long-lived thread has an
 * object of its own. A standing object holds many temporary threads, of several crons or of stateless runs.
 */
import { toWireThread } from "../calls/thread";
import { FIRST_PIECE, type CheckpointPiece, type PiecePosition, type StateRead } from "../calls/thread-calls";
import { DomainError } from "../platform/errors";
import { requireStorable } from "../platform/json";
import { logError } from "../platform/log";
import type { StateUpdate, WireCheckpoint, WireState } from "../wire/threads/state";
import type { HistorySearch, ThreadCreate, ThreadPatch } from "../wire/threads/thread";
import { type Thread, type ThreadTtl, type WireTtl } from "../wire/threads/thread";
import { readPiece, writePiece } from "./checkpoints/checkpoint-copy";
import { keepLatestState } from "./checkpoints/checkpoint-pruning";
import { applySupersteps, updateState } from "./state/state-update";
import { readHistory, readSnapshot, readState, readWaiting } from "./state/thread-state";
import { ThreadRuns } from "./runs/run-calls";
import { defaultTtl, toWireTtl } from "./ttl";

/** A copy of a thread is complete or has failed within this time. */
const COPY_MS = 10 * 60_000;

export class ThreadDO extends ThreadRuns {
  /**
   * Makes a thread.
   * @param status the status of a thread whose checkpoints were copied here before
   * @throws thread.exists unless `if_exists` says otherwise, thread.invalid when its graph refuses a superstep
   */
  async createThread(
    threadId: string,
    { metadata, if_exists: ifExists, ttl, supersteps }: ThreadCreate,
    status: "idle" | "interrupted" = "idle",
  ): Promise<Thread> {
    requireStorable("metadata", metadata ?? {});
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
      status,
      ttl: ttl ?? defaultTtl,
      temporary: false,
    });
    this.wakeSoon();
    if (supersteps !== undefined && supersteps.length > 0) {
      try {
        await applySupersteps(this.storage, this.threads.require(threadId), supersteps);
      } catch (error) {
        // The caller asked for a thread with this state, so no thread is left without it.
        await this.deleteThread(threadId);
        throw error;
      }
      this.threads.update(threadId, {});
    }
    await this.settle();
    return this.getThread(threadId);
  }

  /** Does nothing if the thread exists. @throws thread.not_found */
  async checkThread(threadId: string): Promise<void> {
    this.requireThread(threadId);
  }

  /** The thread with its values, and with its time to live if `include` names it. @throws thread.not_found */
  async getThread(
    threadId: string,
    include: readonly "ttl"[] = [],
  ): Promise<Thread & { ttl?: WireTtl | null }> {
    const thread = this.requireThread(threadId);
    // To save a write, the row of a temporary thread stays `busy` when its last run ends: the row is removed soon.
    const isOver = thread.temporary && this.runs.unfinishedIds(threadId).length === 0;
    const status = isOver ? "idle" : thread.status;
    const shown = toWireThread({ ...thread, status }, await readSnapshot(this.storage, thread));
    if (!include.includes("ttl")) return shown;
    const expiry = this.threads.expiries().find((known) => known.threadId === threadId);
    return { ...shown, ttl: thread.ttl === null ? null : toWireTtl(thread.ttl, expiry?.expiresAt) };
  }

  /** Merges metadata, sets the time to live. @throws thread.not_found */
  async patchThread(threadId: string, { metadata, ttl }: ThreadPatch): Promise<Thread> {
    const thread = this.requireThread(threadId);
    const merged = { ...thread.metadata, ...metadata };
    requireStorable("metadata", merged);
    this.threads.update(threadId, {
      metadata: merged,
      // Null removes the time to live.
      ...(ttl === undefined ? {} : { ttl }),
    });
    this.wakeSoon();
    await this.settle();
    return this.getThread(threadId);
  }

  /**
   * Deletes the thread with its state. Its runs are stopped, and their records are deleted. A run that a cron made keeps a
   * record without content, for the cron's history.
   * @throws thread.not_found
   */
  async deleteThread(threadId: string): Promise<void> {
    this.requireThread(threadId);
    this.storage.transactionSync(() => {
      this.threads.markDeleted(threadId);
      this.webhookStore.cancelOfThread(threadId);
    });
    this.log.removeThread(threadId);
    this.wakeSoon();
    const runIds = this.runs.unfinishedIds(threadId);
    this.queue.stopAll(runIds, "interrupt");
    const ended = runIds.map((runId) => this.queue.outcome(runId)).filter((outcome) => outcome !== undefined);
    await Promise.all(ended);
    await this.settle();
  }

  /** The thread's latest state, or the one at a checkpoint. @throws thread.not_found */
  async getState(threadId: string, read: StateRead): Promise<Partial<WireState>> {
    return readState(this.storage, this.requireThread(threadId), read);
  }

  /**
   * Writes to the thread's state as if a node had.
   * @throws thread.not_found, thread.conflict while a run works on it, thread.invalid when its graph refuses the update
   */
  async updateState(threadId: string, update: StateUpdate): Promise<WireCheckpoint> {
    const thread = this.requireThread(threadId);
    if (this.runs.unfinishedIds(threadId).length > 0) {
      throw new DomainError("thread.conflict", "the thread is busy with a run");
    }
    this.wakeSoon();
    const checkpoint = await updateState(this.storage, thread, update);
    const { asks, goesOn } = await readWaiting(this.storage, thread);
    const waits = asks || (thread.status === "interrupted" && goesOn);
    // A run may have been created while the graph computed the update.
    const busy = this.runs.unfinishedIds(threadId).length > 0;
    this.threads.update(threadId, { status: busy ? "busy" : waits ? "interrupted" : "idle", error: null });
    await this.streamUpdate(threadId);
    await this.settle();
    return checkpoint;
  }

  /** Sends the thread's new state to the streams of the thread. */
  private async streamUpdate(threadId: string): Promise<void> {
    if (!this.log.hasListeners(threadId)) return;
    try {
      const state = await this.getState(threadId, { subgraphs: false });
      const data = { thread_id: threadId, state };
      this.log.emitToThread({ runId: null, threadId }, { event: "state_update", data }, false);
    } catch (error) {
      // The update itself succeeded: only its state is too large to stream.
      logError("an update could not be streamed", error, { thread_id: threadId });
    }
  }

  /**
   * Deletes the thread, or all but its latest state.
   * @throws thread.not_found, thread.conflict while a run works on it
   */
  async pruneThread(threadId: string, strategy: ThreadTtl["strategy"]): Promise<void> {
    this.requireThread(threadId);
    if (this.runs.unfinishedIds(threadId).length > 0) {
      throw new DomainError("thread.conflict", "the thread is busy with a run");
    }
    if (strategy === "delete") {
      await this.deleteThread(threadId);
      return;
    }
    await keepLatestState(this.storage, threadId);
    this.threads.markPruned(threadId);
  }

  /** Reads a piece of the thread's checkpoints, for a copy of the thread. @throws thread.not_found */
  async readCheckpoints(threadId: string, position: PiecePosition = FIRST_PIECE): Promise<CheckpointPiece> {
    this.requireThread(threadId);
    return readPiece(this.storage.sql, threadId, position);
  }

  /** Stores a piece of the checkpoints of a thread that will be created here when the copy is complete. */
  async writeCheckpoints(threadId: string, piece: CheckpointPiece): Promise<void> {
    this.createTables();
    // If the copy is never completed, this alarm finds an object without a thread and empties it.
    this.wakeWithin(COPY_MS);
    writePiece(this.storage, threadId, piece);
  }

  protected override async expireThread(threadId: string): Promise<void> {
    await this.pruneThread(threadId, this.requireThread(threadId).ttl?.strategy ?? "delete");
  }

  /** The thread's states, newest first. @throws thread.not_found */
  async getHistory(threadId: string, query: HistorySearch): Promise<Partial<WireState>[]> {
    return readHistory(this.storage, this.requireThread(threadId), query);
  }
}
