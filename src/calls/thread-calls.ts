/**
 * What a thread's object can be asked, and the only way to reach one. All arguments and results are plain JSON or byte
 * streams, which cross RPC as they are. Refusals cross as domain errors, see `platform/rpc.ts`.
 */
import type { Env } from "../platform/config";
import { remoteCalls } from "../platform/rpc";
import type { AgentTree, EventsFilter } from "../wire/protocol/events";
import type { Run, RunError } from "../wire/runs/run";
import type { THREAD_MODES } from "../wire/runs/stream";
import type {
  HistorySearch,
  StateSelection,
  StateUpdate,
  WireCheckpoint,
  WireState,
} from "../wire/threads/state";
import type { Thread, ThreadCreate, ThreadPatch, ThreadWithTtl } from "../wire/threads/thread";
import type { ThreadTtl } from "../wire/threads/ttl";
import type { AccessFilter } from "./access-filter";
import type { CronEntry } from "./cron-entry";
import type { NewRun } from "./run";
import type { RunReport } from "./run-report";
import { threadObjectName } from "./thread-id";

/** How a joined run ended: the values of its thread's state, or its error. */
export type JoinResult = { values: unknown } | { error: RunError };

/** A stream of events, and the event after which it begins. A client that loses the connection can go on after that event. */
export interface PositionedStream {
  stream: ReadableStream<Uint8Array>;
  /** The stream begins with the events of higher ids than this one; -1 is lower than all ids. */
  afterEventId: number;
}

/** Where a stream begins. */
export interface StreamStart {
  /** The stream begins with the kept events after this one. Without it, the stream begins now. */
  lastEventId?: number;
}

/** Which events of a run a listener wants. A filter that is absent lets everything pass. */
export interface RunFilter {
  modes?: readonly string[];
  /** Namespaces of subgraphs: the labels joined by `|`; the empty text is the root graph. */
  namespaces?: readonly string[];
}

/** A mode of a thread's stream. */
export type ThreadMode = (typeof THREAD_MODES)[number];

/** Which state of a thread is read, and which fields of it. */
export interface StateRead {
  /** The checkpoint whose state is read; without it, the latest state. */
  checkpointId?: string;
  ns?: string;
  subgraphs: boolean;
  select?: StateSelection;
}

/** The tables that hold the checkpoints of a thread, in the order in which a copy goes through them. */
export const CHECKPOINT_TABLES = ["checkpoints", "checkpoint_parts"] as const;

/** Where the copying of checkpoints goes on: a table by its place in {@link CHECKPOINT_TABLES}, and the rows already copied. */
export interface PiecePosition {
  table: number;
  offset: number;
}

export const FIRST_PIECE: PiecePosition = { table: 0, offset: 0 };

/** Some rows of one table of checkpoints, and where to go on; `next` is null when nothing is left. */
export interface CheckpointPiece {
  table: (typeof CHECKPOINT_TABLES)[number];
  rows: Record<string, SqlStorageValue>[];
  next: PiecePosition | null;
}

/** Calls about the threads that the object holds. */
export interface ThreadRecordCalls {
  /**
   * Makes a thread.
   * @param status the status of a thread whose checkpoints were copied here before
   * @throws thread.exists unless `if_exists` says otherwise, thread.invalid when its graph refuses a superstep
   */
  createThread(threadId: string, body: ThreadCreate, status?: "idle" | "interrupted"): Promise<Thread>;
  /** Does nothing if there is such a thread. @throws thread.not_found */
  checkThread(threadId: string): Promise<void>;
  /** The thread with its values, and with its time to live if asked for. @throws thread.not_found */
  getThread(threadId: string, include?: readonly "ttl"[]): Promise<ThreadWithTtl>;
  /** Merges metadata, sets the time to live. @throws thread.not_found */
  patchThread(threadId: string, patch: ThreadPatch): Promise<Thread>;
  /** Deletes the thread with its state, and stops its runs. @throws thread.not_found */
  deleteThread(threadId: string): Promise<void>;
  /** Deletes the thread, or everything but its latest state. @throws thread.not_found, thread.conflict while a run works on it */
  pruneThread(threadId: string, strategy: ThreadTtl["strategy"]): Promise<void>;
  /** A piece of the thread's checkpoints, for a copy of the thread. @throws thread.not_found */
  readCheckpoints(threadId: string, position?: PiecePosition): Promise<CheckpointPiece>;
  /** Stores a piece of the checkpoints of a thread that is to be created here. */
  writeCheckpoints(threadId: string, piece: CheckpointPiece): Promise<void>;
}

/** Calls about the state of threads. */
export interface ThreadStateCalls {
  /** The thread's latest state, or the state at a checkpoint. @throws thread.not_found */
  getState(threadId: string, read: StateRead): Promise<Partial<WireState>>;
  /**
   * Writes to the thread's state as if a node had.
   * @throws thread.not_found, thread.conflict while a run works on it, thread.invalid when its graph refuses the update
   */
  updateState(threadId: string, update: StateUpdate): Promise<WireCheckpoint>;
  /** The thread's states, newest first. @throws thread.not_found */
  getHistory(threadId: string, query: HistorySearch): Promise<Partial<WireState>[]>;
}

/** How the run of a cron is enqueued. */
export interface EnqueueOptions {
  /** Is written to D1 together with the run. */
  cronEntry?: CronEntry | null;
  /** After this instant (ms) the call is refused, because the caller has given it up and will send it again. */
  notAfter?: number;
  /** How long (ms) the answer may wait for the end of the run. */
  answerWithinMs?: number;
}

/**
 * What a thread object knows of a run. A run that is `found` is stored here, or has ended a short while ago; `report` says how it
 * ended if that was the answer to {@link ThreadFiringCalls.enqueueRun}. A run that is not found was never enqueued here if
 * `isCertain`; otherwise it may also have ended, and then D1 has its record.
 */
export type FoundRun = { found: true; report: RunReport | null } | { found: false; isCertain: boolean };

/** Calls by which a cron fires. */
export interface ThreadFiringCalls {
  /**
   * Takes in the run of a cron once, however often it is sent. Answers when the run is stored; with `answerWithinMs`, when it has
   * ended or that time is over.
   * @returns the report of the end, which is then not sent to the cron as well; null when the run has not ended, or when its
   *   report is sent. A cron that does not get the answer asks by {@link findRun}
   * @throws thread.not_found, also when the checkpoint to start from is missing; run.conflict; run.too_late
   */
  enqueueRun(run: NewRun, options?: EnqueueOptions): Promise<RunReport | null>;
  /**
   * What the object knows of the run of a cron that was sent here. Has a run that has not ended go on. Asks nobody else.
   * @param since the run was not sent before this instant (ms)
   */
  findRun(runId: string, since: number): Promise<FoundRun>;
  /** Those of the runs that the object has and that have not ended, by their ids. Asks nobody else. */
  unfinishedRuns(runIds: string[]): Promise<string[]>;
}

/** Calls about runs. */
export interface ThreadRunCalls {
  /** Takes in a run, and answers when D1 knows it too. @throws thread.not_found, run.conflict */
  createRun(run: NewRun): Promise<Run>;
  /** Takes in a run and waits for it to end. @throws thread.not_found, run.conflict */
  createAndJoinRun(run: NewRun): Promise<JoinResult>;
  /**
   * Takes in a run and streams its events from the first on, as server-sent events.
   * @param cancelOnDisconnect whether the run is stopped when nobody reads the stream any more
   * @throws thread.not_found, run.conflict
   */
  createAndStreamRun(
    run: NewRun,
    cancelOnDisconnect: boolean,
    filter: RunFilter,
  ): Promise<ReadableStream<Uint8Array>>;
  /**
   * Streams a run's events until it ends. The stream begins now; with `lastEventId` it begins with the kept events after that
   * one, and a run in the background that nobody has heard yet is heard from its first event.
   * @throws run.not_found
   */
  streamRun(
    threadId: string,
    runId: string,
    options: RunFilter & StreamStart & { cancelOnDisconnect: boolean },
  ): Promise<PositionedStream>;
  /** Streams what happens on the thread, with all of its runs, for as long as someone reads. @throws thread.not_found */
  streamThread(threadId: string, options: StreamStart & { modes: ThreadMode[] }): Promise<PositionedStream>;
  /** Waits for a run to end. @throws run.not_found */
  joinRun(threadId: string, runId: string): Promise<JoinResult>;
  /** The run, living or ended. @throws run.not_found */
  getRun(threadId: string, runId: string): Promise<Run>;
  /**
   * Stops a run; a run that has ended is left as it is. `rollback` leaves no trace of the run.
   * @param wait whether to answer only when the run has stopped
   * @throws run.not_found
   */
  cancelRun(threadId: string, runId: string, action: "interrupt" | "rollback", wait: boolean): Promise<void>;
  /** Deletes a run and the checkpoints that it wrote; a run that has not ended is stopped first. @throws run.not_found */
  deleteRun(threadId: string, runId: string): Promise<void>;
}

/** What a thread waits for. */
export interface PendingInput {
  /** The assistant of the thread's last run; null when it had none. */
  assistantId: string | null;
  /** The ids of the interrupts that wait for an answer. LangGraph before version 0.4 gives them none. */
  interruptIds: (string | null)[];
}

/** Calls for the thread protocol. */
export interface ThreadProtocolCalls {
  /**
   * Takes in a run. Its input is the answer to an interrupt when the thread waits for one and the run does not start from another
   * checkpoint.
   * @returns the number of the last event before the run
   * @throws thread.not_found, run.conflict; run.exists when the run answers an interrupt that another run goes on with already
   */
  startRun(run: NewRun): Promise<number>;
  /**
   * Stores a run that answers interrupts, as `createRun` does.
   * @throws thread.not_found, run.conflict; run.exists when an interrupt that the run names was answered before
   */
  createAnswer(run: NewRun): Promise<Run>;
  /** What the thread waits for. When its run has just asked, waits for the end of that run. @throws thread.not_found */
  pendingInput(threadId: string): Promise<PendingInput>;
  /** The tree of the graph and of the graphs in it, as the thread's last run tells it; null when there was no run. */
  agentTree(threadId: string): Promise<AgentTree | null>;
  /**
   * Streams the events of the thread for as long as someone reads, also those of a thread that does not exist yet.
   * @param lastEventId the stream begins after this event, unless the filter says where
   * @param visible the events are sent while the thread passes this filter
   * @param isPython whether the client is in Python
   */
  streamEvents(
    threadId: string,
    filter: EventsFilter,
    options: { lastEventId: string | undefined; visible: AccessFilter | undefined; isPython: boolean },
  ): Promise<ReadableStream<Uint8Array>>;
}

/** Everything that a thread's object can be asked. */
export interface ThreadCalls
  extends ThreadRecordCalls, ThreadStateCalls, ThreadFiringCalls, ThreadRunCalls, ThreadProtocolCalls {
  /**
   * For the watchdog: sets the alarm again, which may have been lost, and corrects D1 about runs that are not here.
   * @param runIds runs of the thread that have not ended as far as D1 knows
   */
  poke(threadId: string, runIds: string[]): Promise<void>;
}

/**
 * The object that holds the thread.
 * @param visible with it, a thread that does not pass the filter is one that does not exist, and so are its runs; to create a thread
 *   with its id is thread.exists
 */
export const threadObject = (env: Env, threadId: string, visible?: AccessFilter): ThreadCalls =>
  remoteCalls<ThreadCalls>(env.THREAD.get(env.THREAD.idFromName(threadObjectName(threadId))), visible);
