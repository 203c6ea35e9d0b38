/**
 * Makes the events of the thread protocol of what one attempt at a run streams. LangGraph's own pipeline for such events does most of
 * it: it tells where subgraphs begin and end, and runs the stream transformers of the graph. Nothing is made while nobody listens
 * and the run is not one that was started by the thread protocol.
 */
import {
  createGraphRunStream,
  isInterrupted,
  type StreamMode as LibraryMode,
  type StreamTransformer,
} from "@langchain/langgraph";
import { DeadlineError, within } from "../../platform/deadline";
import { messageOf } from "../../platform/errors";
import { logWarning } from "../../platform/log";
import { runLogFields } from "../../calls/run";
import type { StoredRun } from "../runs/run-row";
import type { EventLog } from "../streams/event-log";
import { isObject, type GraphChunk } from "../streams/stream-modes";
import { MessageBlocks, type MessagePiece } from "./message-blocks";
import { eventsOf, namespaceOf, type GraphEvent } from "./graph-events";
import type { ProtocolEvent } from "./protocol-event";
import { inputAnswered, runBegin } from "./run-events";

/** A transformer of a graph that never comes to an end holds up its run for this long. */
const FINISH_MS = 5_000;

type Transformers = readonly (() => StreamTransformer)[];
type Chunk = [namespace: string[], mode: LibraryMode, payload: unknown];

export class RunFeed {
  private hasBegun = false;
  /** Whether no more chunks are taken in. */
  private isOver = false;
  private isStopped = false;
  /** Takes the chunks in; undefined before the first. */
  private input: ReadableStreamDefaultController<Chunk> | undefined;
  /** Resolves when all that the chunks became is sent. */
  private sent: Promise<void> = Promise.resolve();
  private failure: { error: unknown } | undefined;
  private readonly blocks = new MessageBlocks();
  /** Ids of the interrupts that were sent. */
  private readonly requested = new Set<string>();
  /** The namespaces of the graph and of the graphs in it, as far as they have streamed. */
  private readonly graphs = new Set<string>();
  /** The last values of the graph, for those who begin to listen in the middle of the run. */
  private values: unknown;
  private transformers: Transformers = [];

  constructor(
    private readonly log: EventLog,
    private readonly run: StoredRun,
  ) {}

  /** Whether somebody gets the events, now or when they are replayed. */
  get isWanted(): boolean {
    return this.run.kwargs.protocol === true || this.log.isHeardByProtocol(this.run.threadId);
  }

  /** Whether the run has stopped to ask something, which it does at its end. */
  get hasAsked(): boolean {
    return this.requested.size > 0;
  }

  /** Sends how the run stands, if somebody listens and it was not sent before. */
  begin(): void {
    if (this.hasBegun || this.isOver || !this.isWanted) return;
    this.hasBegun = true;
    this.emit(runBegin(this.run));
    const answered = inputAnswered(this.run);
    if (answered !== undefined) this.emit(answered);
    if (this.values !== undefined) this.emit({ method: "values", namespace: [], data: this.values });
  }

  /** @param graph the graph that is executed; its transformers get the events, too */
  setGraph(graph: object): void {
    const { streamTransformers = [] } = graph as { streamTransformers?: Transformers };
    this.transformers = streamTransformers;
  }

  /** Takes in a chunk of the graph. Never throws: a run does not fail because of those who watch it. */
  push(part: GraphChunk): void {
    this.begin();
    if (part.mode === "values" && part.ns.length === 0 && !isInterrupted(part.chunk))
      this.values = part.chunk;
    if (!this.hasBegun || this.isOver) return;
    try {
      this.take(part, this.input ?? this.open());
    } catch (error) {
      logWarning(`a chunk could not be streamed: ${messageOf(error)}`, runLogFields(this.run));
    }
  }

  private take({ ns, mode, chunk }: GraphChunk, input: ReadableStreamDefaultController<Chunk>): void {
    if (mode !== "messages" && mode !== "tools") this.graphs.add(ns.join("|"));
    if (mode === "values") {
      for (const event of this.blocks.end((metadata) => isOfGraph(ns, metadata))) this.pushMessage(event);
    }
    if (mode !== "messages" || !isPiece(chunk)) input.enqueue([ns, mode, chunk]);
    else for (const event of this.blocks.eventsOf(chunk)) this.pushMessage(event);
  }

  /** No more chunks come. Resolves when all events are sent. @param failure the error with which the graph has ended */
  async end(failure?: { error: unknown }): Promise<void> {
    if (!this.hasBegun || this.isOver) return;
    const input = this.input ?? this.open();
    this.isOver = true;
    this.failure = failure;
    for (const event of this.blocks.end()) this.pushMessage(event);
    input.close();
    await within(FINISH_MS, "a stream transformer", this.sent).catch((error: unknown) => {
      if (error instanceof DeadlineError) logWarning(error.message, runLogFields(this.run));
    });
  }

  /** Sends nothing any more. */
  stop(): void {
    this.isOver = true;
    this.isStopped = true;
  }

  /** Begins to send what the chunks become. */
  private open(): ReadableStreamDefaultController<Chunk> {
    const { stream, controller } = controlledStream<Chunk>();
    this.input = controller;
    this.sent = this.sendAll(stream);
    return controller;
  }

  private pushMessage({ data, metadata }: { data: unknown; metadata: Record<string, unknown> }): void {
    this.input?.enqueue([namespaceOf(metadata), "messages", [data, metadata]]);
  }

  /** Sends what LangGraph's pipeline makes of the chunks. Never throws. */
  private async sendAll(source: ReadableStream<Chunk>): Promise<void> {
    try {
      const events = createGraphRunStream(this.withFailure(source), this.transformers);
      for await (const event of events as AsyncIterable<GraphEvent>) {
        const { requested, graphs } = this;
        for (const made of eventsOf(event, { runId: this.run.runId, requested, graphs })) this.emit(made);
      }
    } catch (error) {
      if (error === this.failure?.error) return;
      logWarning(`a stream transformer has failed: ${messageOf(error)}`, runLogFields(this.run));
    }
  }

  /** The chunks, and after them the failure of the graph, which the pipeline passes on to subgraphs and transformers. */
  private async *withFailure(source: ReadableStream<Chunk>): AsyncGenerator<Chunk> {
    yield* source;
    if (this.failure !== undefined) throw this.failure.error;
  }

  private emit(event: ProtocolEvent): void {
    if (!this.isStopped) this.log.emitProtocol(this.run, event, this.run.kwargs.protocol === true);
  }
}

/** Whether a chunk of the mode `messages` is a message, or a piece of one, and not an event already. */
const isPiece = (chunk: unknown): chunk is MessagePiece =>
  Array.isArray(chunk) && isObject(chunk[0]) && "content" in chunk[0] && !("event" in chunk[0]);

/** Whether a message is from a node of the graph with this namespace. */
const isOfGraph = (ns: readonly string[], metadata: Record<string, unknown>): boolean =>
  namespaceOf(metadata).slice(0, -1).join("|") === ns.join("|");

/** A stream, and what fills it. */
function controlledStream<T>(): {
  stream: ReadableStream<T>;
  controller: ReadableStreamDefaultController<T>;
} {
  const made: { controller?: ReadableStreamDefaultController<T> } = {};
  const stream = new ReadableStream<T>({
    start(controller) {
      made.controller = controller;
    },
  });
  if (made.controller === undefined) throw new Error("a stream without a controller");
  return { stream, controller: made.controller };
}
