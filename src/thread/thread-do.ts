/**
 * The Durable Object in which threads live, each with its metadata, its checkpoints and its runs. A long-lived thread has an
 * object of its own. A standing object holds many temporary threads, of several crons or of stateless runs.
 *
 * The class has the calls that the object answers, and makes the parts that do the work. A part uses the parts above it.
 */
import { DurableObject } from "cloudflare:workers";
import type { AccessFilter } from "../calls/access-filter";
import type { ThreadCalls } from "../calls/thread-calls";
import { answerCall, type Answer } from "../platform/rpc";
import { AlarmHandler } from "./alarm-handler";
import { IndexWriter } from "./index-writer";
import { ProtocolCalls } from "./protocol/protocol-calls";
import { Sockets, WITHOUT_CODE } from "./protocol/sockets";
import { RecordCalls } from "./record/record-calls";
import { FiringCalls } from "./runs/firing-calls";
import { Reports } from "./runs/reports";
import { RunCalls } from "./runs/run-calls";
import { RunEnding } from "./runs/run-ending";
import { RunQueue } from "./runs/run-queue";
import { RunRecords } from "./runs/run-records";
import { StateCalls } from "./state/state-calls";
import { ThreadContext } from "./thread-context";
import { VisibleThreads } from "./visible-threads";
import { Webhooks } from "./webhooks/webhooks";

/** The arguments of a call. */
type Args<Call extends keyof ThreadCalls> = Parameters<ThreadCalls[Call]>;
/** What a call answers with. */
type Result<Call extends keyof ThreadCalls> = ReturnType<ThreadCalls[Call]>;

export class ThreadDO extends DurableObject implements ThreadCalls {
  private readonly context = new ThreadContext(this.ctx, this.env);
  private readonly sockets = new Sockets(this.context);
  private readonly index = new IndexWriter(this.context);
  private readonly reports = new Reports(this.context, this.index);
  private readonly webhooks = new Webhooks(this.context, this.index);
  private readonly runRecords = new RunRecords(this.context);
  private readonly runEnding = new RunEnding(
    this.context,
    this.index,
    this.reports,
    this.webhooks,
    this.runRecords,
  );
  private readonly queue = new RunQueue(this.context, this.index, this.runRecords, this.runEnding);
  private readonly recordCalls = new RecordCalls(this.context, this.index, this.queue);
  private readonly stateCalls = new StateCalls(this.context, this.index);
  private readonly runCalls = new RunCalls(this.context, this.index, this.queue);
  private readonly firingCalls = new FiringCalls(this.context, this.index, this.queue, this.runCalls);
  private readonly protocolCalls = new ProtocolCalls(this.context, this.queue, this.runCalls);
  private readonly visibleThreads = new VisibleThreads(this.context, this.runCalls);
  private readonly alarmHandler = new AlarmHandler(
    this.context,
    this.index,
    this.reports,
    this.webhooks,
    this.queue,
    this.recordCalls,
  );

  /** Answers every call of Workers and other objects, see {@link answerCall}. */
  async call(method: string, args: unknown[], visible?: AccessFilter): Promise<Answer> {
    const guard = visible && (() => this.visibleThreads.require(method, args, visible));
    return answerCall(this, method, args, guard);
  }

  /** Accepts a WebSocket. Only the edge can call this. */
  override fetch(request: Request): Response {
    return this.sockets.accept(request);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.sockets.receive(socket, message);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.sockets.closed(socket, code);
  }

  override webSocketError(socket: WebSocket): void {
    this.sockets.closed(socket, WITHOUT_CODE);
  }

  override async alarm(): Promise<void> {
    await this.alarmHandler.handle();
  }

  poke(...args: Args<"poke">): Result<"poke"> {
    return this.alarmHandler.poke(...args);
  }

  // The calls about threads.

  createThread(...args: Args<"createThread">): Result<"createThread"> {
    return this.recordCalls.createThread(...args);
  }

  checkThread(...args: Args<"checkThread">): Result<"checkThread"> {
    return this.recordCalls.checkThread(...args);
  }

  getThread(...args: Args<"getThread">): Result<"getThread"> {
    return this.recordCalls.getThread(...args);
  }

  patchThread(...args: Args<"patchThread">): Result<"patchThread"> {
    return this.recordCalls.patchThread(...args);
  }

  deleteThread(...args: Args<"deleteThread">): Result<"deleteThread"> {
    return this.recordCalls.deleteThread(...args);
  }

  pruneThread(...args: Args<"pruneThread">): Result<"pruneThread"> {
    return this.recordCalls.pruneThread(...args);
  }

  readCheckpoints(...args: Args<"readCheckpoints">): Result<"readCheckpoints"> {
    return this.recordCalls.readCheckpoints(...args);
  }

  writeCheckpoints(...args: Args<"writeCheckpoints">): Result<"writeCheckpoints"> {
    return this.recordCalls.writeCheckpoints(...args);
  }

  // The calls about the state of threads.

  getState(...args: Args<"getState">): Result<"getState"> {
    return this.stateCalls.getState(...args);
  }

  updateState(...args: Args<"updateState">): Result<"updateState"> {
    return this.stateCalls.updateState(...args);
  }

  getHistory(...args: Args<"getHistory">): Result<"getHistory"> {
    return this.stateCalls.getHistory(...args);
  }

  // The calls by which a cron fires.

  enqueueRun(...args: Args<"enqueueRun">): Result<"enqueueRun"> {
    return this.firingCalls.enqueueRun(...args);
  }

  findRun(...args: Args<"findRun">): Result<"findRun"> {
    return this.firingCalls.findRun(...args);
  }

  unfinishedRuns(...args: Args<"unfinishedRuns">): Result<"unfinishedRuns"> {
    return this.firingCalls.unfinishedRuns(...args);
  }

  // The calls about runs.

  createRun(...args: Args<"createRun">): Result<"createRun"> {
    return this.runCalls.createRun(...args);
  }

  createAndJoinRun(...args: Args<"createAndJoinRun">): Result<"createAndJoinRun"> {
    return this.runCalls.createAndJoinRun(...args);
  }

  createAndStreamRun(...args: Args<"createAndStreamRun">): Result<"createAndStreamRun"> {
    return this.runCalls.createAndStreamRun(...args);
  }

  streamRun(...args: Args<"streamRun">): Result<"streamRun"> {
    return this.runCalls.streamRun(...args);
  }

  streamThread(...args: Args<"streamThread">): Result<"streamThread"> {
    return this.runCalls.streamThread(...args);
  }

  joinRun(...args: Args<"joinRun">): Result<"joinRun"> {
    return this.runCalls.joinRun(...args);
  }

  getRun(...args: Args<"getRun">): Result<"getRun"> {
    return this.runCalls.getRun(...args);
  }

  cancelRun(...args: Args<"cancelRun">): Result<"cancelRun"> {
    return this.runCalls.cancelRun(...args);
  }

  deleteRun(...args: Args<"deleteRun">): Result<"deleteRun"> {
    return this.runCalls.deleteRun(...args);
  }

  // The calls for the thread protocol.

  startRun(...args: Args<"startRun">): Result<"startRun"> {
    return this.protocolCalls.startRun(...args);
  }

  createAnswer(...args: Args<"createAnswer">): Result<"createAnswer"> {
    return this.protocolCalls.createAnswer(...args);
  }

  pendingInput(...args: Args<"pendingInput">): Result<"pendingInput"> {
    return this.protocolCalls.pendingInput(...args);
  }

  agentTree(...args: Args<"agentTree">): Result<"agentTree"> {
    return this.protocolCalls.agentTree(...args);
  }

  streamEvents(...args: Args<"streamEvents">): Result<"streamEvents"> {
    return this.protocolCalls.streamEvents(...args);
  }
}
