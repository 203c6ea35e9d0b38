/** The calls of a thread object about threads: create, read, change, delete, prune and copy. */
import { toWireThread } from "../../calls/thread";
import {
  FIRST_PIECE,
  type CheckpointPiece,
  type PiecePosition,
  type ThreadRecordCalls,
} from "../../calls/thread-calls";
import { DomainError } from "../../platform/errors";
import { requireStorable } from "../../platform/json";
import type { Thread, ThreadCreate, ThreadPatch, ThreadWithTtl } from "../../wire/threads/thread";
import type { ThreadTtl } from "../../wire/threads/ttl";
import { readPiece, writePiece } from "../checkpoints/checkpoint-copy";
import { keepLatestState } from "../checkpoints/checkpoint-deletion";
import { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import type { IndexWriter } from "../index-writer";
import { closeSockets } from "../protocol/sockets";
import type { RunQueue } from "../runs/run-queue";
import { applySupersteps } from "../state/state-update";
import { readSnapshot } from "../state/thread-state";
import type { ThreadContext } from "../thread-context";
import { threadExists } from "./thread-store";
import { defaultTtl, toWireTtl } from "./ttl";

/** A copy of a thread is complete or has failed within this time. */
const COPY_MS = 10 * 60_000;

export class RecordCalls implements ThreadRecordCalls {
  constructor(
    private readonly context: ThreadContext,
    private readonly index: IndexWriter,
    private readonly queue: RunQueue,
  ) {}

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
    this.context.createTables();
    const { threads } = this.context;
    const existing = threads.find(threadId);
    if (existing !== undefined) {
      if (existing.deleted || ifExists !== "do_nothing") {
        throw threadExists(threadId);
      }
      return this.getThread(threadId);
    }
    threads.insert({
      threadId,
      metadata: metadata ?? {},
      config: {},
      status,
      ttl: ttl ?? defaultTtl(),
      temporary: false,
    });
    this.context.alarm.ringSoon();
    if (supersteps !== undefined && supersteps.length > 0) {
      const thread = threads.require(threadId);
      const trace = this.context.traces.ofUpdate(thread);
      try {
        await applySupersteps(this.context.storage, thread, supersteps, trace).finally(trace.send);
      } catch (error) {
        // The caller asked for a thread with this state, so no thread is left without it.
        await this.deleteThread(threadId);
        throw error;
      }
      threads.update(threadId, {});
    }
    await this.index.settle();
    return this.getThread(threadId);
  }

  /** Does nothing if the thread exists, but to have runs that have just ended in the index. @throws thread.not_found */
  async checkThread(threadId: string): Promise<void> {
    this.context.requireThread(threadId);
    await this.index.settle();
  }

  /** The thread with its values, and with its time to live if `include` names it. @throws thread.not_found */
  async getThread(threadId: string, include: readonly "ttl"[] = []): Promise<ThreadWithTtl> {
    const thread = this.context.requireThread(threadId);
    // To save a write, the row of a temporary thread stays `busy` when its last run ends: the row is removed soon.
    const isOver = thread.temporary && !this.isBusy(threadId);
    const status = isOver ? "idle" : thread.status;
    const shown = toWireThread({ ...thread, status }, await readSnapshot(this.context.storage, thread));
    if (!include.includes("ttl")) return shown;
    const expiry = this.context.threads.expiries().find((known) => known.threadId === threadId);
    return { ...shown, ttl: thread.ttl === null ? null : toWireTtl(thread.ttl, expiry?.expiresAt) };
  }

  /** Merges metadata, sets the time to live. @throws thread.not_found */
  async patchThread(threadId: string, { metadata, ttl }: ThreadPatch): Promise<Thread> {
    const thread = this.context.requireThread(threadId);
    const merged = { ...thread.metadata, ...metadata };
    requireStorable("metadata", merged);
    this.context.threads.update(threadId, {
      metadata: merged,
      // Null removes the time to live.
      ...(ttl === undefined ? {} : { ttl }),
    });
    this.context.alarm.ringSoon();
    await this.index.settle();
    return this.getThread(threadId);
  }

  /**
   * Deletes the thread with its state. Its runs are stopped, and their records are deleted. A run that a cron made keeps a
   * record without content, for the cron's history.
   * @throws thread.not_found
   */
  async deleteThread(threadId: string): Promise<void> {
    this.context.requireThread(threadId);
    this.context.storage.transactionSync(() => {
      this.context.threads.markDeleted(threadId);
      this.context.webhookStore.cancelOfThread(threadId);
    });
    this.context.events.removeThread(threadId);
    this.context.alarm.ringSoon();
    const runIds = this.context.runs.unfinishedIds(threadId);
    this.queue.stopAll(runIds, "interrupt");
    const ended = runIds.map((runId) => this.queue.outcome(runId)).filter((outcome) => outcome !== undefined);
    await Promise.all(ended);
    closeSockets(this.context.state, threadId);
    await this.index.settle();
  }

  /**
   * Deletes the thread, or all but its latest state.
   * @throws thread.not_found, thread.conflict while a run works on it
   */
  async pruneThread(threadId: string, strategy: ThreadTtl["strategy"]): Promise<void> {
    this.context.requireThread(threadId);
    if (this.isBusy(threadId)) throw new DomainError("thread.conflict", "the thread is busy with a run");
    if (strategy === "delete") {
      await this.deleteThread(threadId);
      return;
    }
    const { storage } = this.context;
    await keepLatestState(storage, new CheckpointSaver(storage), threadId);
    this.context.threads.markPruned(threadId);
  }

  /**
   * Deletes or prunes a thread whose time to live is over, as the strategy of the thread says.
   * @throws thread.not_found, thread.conflict while a run works on it
   */
  async expireThread(threadId: string): Promise<void> {
    const { ttl } = this.context.requireThread(threadId);
    await this.pruneThread(threadId, ttl?.strategy ?? "delete");
  }

  /** Reads a piece of the thread's checkpoints, for a copy of the thread. @throws thread.not_found */
  async readCheckpoints(threadId: string, position: PiecePosition = FIRST_PIECE): Promise<CheckpointPiece> {
    this.context.requireThread(threadId);
    return readPiece(this.context.storage.sql, threadId, position);
  }

  /** Stores a piece of the checkpoints of a thread that will be created here when the copy is complete. */
  async writeCheckpoints(threadId: string, piece: CheckpointPiece): Promise<void> {
    this.context.createTables();
    // If the copy is never completed, this alarm finds an object without a thread and empties it.
    this.context.alarm.ringWithin(COPY_MS);
    writePiece(this.context.storage, threadId, piece);
  }

  /** Whether runs of the thread have not ended. */
  private isBusy(threadId: string): boolean {
    return this.context.runs.unfinishedIds(threadId).length > 0;
  }
}
