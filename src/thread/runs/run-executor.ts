/** Executes the graph of a run for one attempt: from the input, or from the last checkpoint of an earlier attempt. */
import { stampRetryable } from "@langchain/core/errors";
import { isUnknownInterruptError } from "@langchain/langgraph";
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { userKeys, withoutUserKeys } from "../../calls/user";
import { loadGraph } from "../../graphs/registry";
import type { JsonObject } from "../../platform/json";
import type { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import type { RunFeed } from "../protocol/run-feed";
import { feedModes } from "../protocol/feed-modes";
import { MAX_WIRE_LENGTH, toWire } from "../state/wire-state";
import "../traces/late-run-trees";
import type { Trace } from "../traces/traces";
import {
  EventMapper,
  needsSubgraphs,
  libraryModes,
  type GraphChunk,
  type RunEvent,
  type StreamMode,
} from "../streams/stream-modes";
import "./callback-managers";
import { toCommand } from "./command";
import "./empty-channels";
import { isPermanent } from "./next-attempt";
import { interruptsOfOlderGraph } from "./older-langgraph";
import { noValues, toRunError, type Outcome } from "./outcome";
import type { StoredRun } from "./run-row";
import { withInterrupts } from "./run-values";
import type { UsageMeter } from "./token-usage";

/** What the executor needs to make one attempt at a run. */
export interface Execution {
  readonly run: StoredRun;
  /** Reads and saves the checkpoints of the run's thread. */
  readonly saver: CheckpointSaver;
  /** The store that the graph may read and write. */
  readonly store: BaseStore;
  /** Counts the tokens that the models report. */
  readonly meter: UsageMeter;
  /** The trace of the attempt. */
  readonly trace: Trace;
  /** Makes the events of the thread protocol. */
  readonly feed: RunFeed;
  /** Aborts with a {@link StopReason} when the run is to stop. */
  readonly signal: AbortSignal;
  /** Whether somebody waits for the values with which the run ends. */
  isJoined(): boolean;
  /** Streams an event. @throws when the event cannot be streamed, which ends the run with that error */
  emit(event: RunEvent): void;
}

/**
 * Runs the graph to its end, to an interrupt, or until the signal aborts. An attempt whose run has checkpoints of its own goes on
 * from the last of them, so that finished supersteps are not repeated. Never throws: an error of the graph becomes the outcome.
 * The error is not streamed here, because another attempt may follow.
 */
export async function executeRun(execution: Execution): Promise<Outcome> {
  const { run, feed } = execution;
  let values: unknown = null;
  // The interrupts at which the graph has stopped. Empty at a breakpoint, and undefined when the graph ran to its end.
  let interrupts: unknown[] | undefined;
  try {
    execution.emit({ event: "metadata", data: { run_id: run.runId, attempt: run.attempts } });
    feed.begin();
    const mapper = new EventMapper(streamModesOf(run), streamsSubgraphs(run));
    for await (const part of executeGraph(execution)) {
      if ("event" in part) {
        execution.emit(part);
        continue;
      }
      if (part.mode === "values" && part.ns.length === 0) {
        if (isInterrupt(part.chunk)) interrupts = [...(interrupts ?? []), ...part.chunk.__interrupt__];
        else values = part.chunk;
      }
      feed.push(part);
      for (const event of mapper.eventsOf(part)) execution.emit(event);
    }
    if (interrupts === undefined) {
      interrupts = await interruptsOfOlderGraph(execution);
      if (interrupts !== undefined) {
        const part: GraphChunk = { ns: [], mode: "values", chunk: { __interrupt__: interrupts } };
        feed.push(part);
        for (const event of mapper.eventsOf(part)) execution.emit(event);
      }
    }
    await feed.end();
    const ended = interrupts === undefined ? values : withInterrupts(values, interrupts);
    if (execution.saver.stateBytes > LARGE_STATE_BYTES) toWire(ended);
    return { ...SUCCESS, values: valuesFor(execution, ended), waiting: interrupts !== undefined };
  } catch (error) {
    await feed.end({ error });
    return failure(error, execution, values);
  }
}

const SUCCESS = { status: "success", error: null } as const;

/** When a state has more bytes, the run fails if the values are too large to be sent, also when nobody waits for them. */
const LARGE_STATE_BYTES = MAX_WIRE_LENGTH / 2;

/**
 * The values of a run for its outcome. They are made at once when somebody waits for them, because the next run of the thread may
 * change the same objects in place.
 */
function valuesFor({ isJoined }: Execution, values: unknown): Outcome["values"] {
  const make = (): unknown => toWire(values);
  if (!isJoined()) return make;
  try {
    const made = make();
    return () => made;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Runs the graph. Yields the chunks that it streams and, with the stream mode `events`, also the events of what it calls. */
async function* executeGraph({
  run,
  saver,
  store,
  signal,
  meter,
  trace,
  feed,
}: Execution): AsyncGenerator<GraphChunk | RunEvent> {
  const { context } = run.kwargs;
  // Last, so that nothing that a client sent takes the place of the user.
  const configurable = { ...withoutUserKeys(run.kwargs.config.configurable), ...userKeys(run.user) };
  const config = { ...run.kwargs.config, configurable };
  const graph = await loadGraph(run.graphId, { ...config, context }, { checkpointer: saver, store });
  const continuesAttempt = run.attempts > 1 && saver.latestOfRun(run.threadId, run.runId) !== undefined;
  const input = continuesAttempt ? null : graphInput(run);
  const startId = config.configurable.checkpoint_id as string | undefined;
  // Without this checkpoint the graph would start from an empty state, and replace the state of the thread.
  if (!continuesAttempt && startId !== undefined && (await saver.getTuple(config)) === undefined) {
    throw stampRetryable(new Error(`no checkpoint with the id ${startId} on this thread`), false);
  }
  feed.setGraph(graph);
  const modes = streamModesOf(run);
  const fed = feedModes(modes, feed);
  const subgraphs = fed.subgraphs || needsSubgraphs(modes, streamsSubgraphs(run));
  const options = {
    ...optionsOf(run),
    configurable: {
      ...(continuesAttempt ? withoutCheckpoint(config.configurable) : config.configurable),
      // LangGraph's own key. With it, LangGraph refuses answers to interrupts that the thread does not have.
      ...(run.kwargs.strict_resume === true ? { __pregel_strict_resume: true } : {}),
    },
    context,
    signal,
    callbacks: [meter, ...trace.handlers],
    subgraphs,
    streamMode: [...new Set([...libraryModes(modes), ...fed.modes])],
    ...fed.options,
  };
  if (!modes.includes("events")) {
    const stream = await graph.stream(input, options);
    for await (const chunk of stream) yield toGraphChunk(chunk, subgraphs);
    return;
  }
  for await (const event of graph.streamEvents(input, { ...options, version: "v2" })) {
    if (event.tags?.includes("langsmith:hidden")) continue;
    // The chunks that the graph itself streams come as events, too. They are told by the id of the run.
    const isGraphChunk = event.event === "on_chain_stream" && event.run_id === run.runId;
    yield isGraphChunk ? toGraphChunk(event.data.chunk, subgraphs) : { event: "events", data: event };
  }
}

/** A chunk of LangGraph's stream. @param subgraphs whether the chunk begins with the namespace of its subgraph */
function toGraphChunk(chunk: unknown, subgraphs: boolean): GraphChunk {
  const [ns, mode, data] = (subgraphs ? chunk : [[], ...(chunk as unknown[])]) as [
    string[],
    GraphChunk["mode"],
    unknown,
  ];
  return { ns, mode, chunk: data };
}

/** The stream modes that the client asked for; `values` when it asked for none. */
function streamModesOf({ kwargs }: StoredRun): StreamMode[] {
  const requested = [kwargs.stream_mode ?? []].flat() as StreamMode[];
  return requested.length === 0 ? ["values"] : requested;
}

const streamsSubgraphs = ({ kwargs }: StoredRun): boolean => kwargs.stream_subgraphs === true;

/**
 * The outcome of an attempt that ended with an error.
 * @param values the last values that the graph streamed
 */
function failure(error: unknown, execution: Execution, values: unknown): Outcome {
  const { signal } = execution;
  const ended = { values: valuesFor(execution, values), waiting: false };
  // LangGraph throws this error when a `strict_resume` answers an interrupt that the thread does not have.
  if (isUnknownInterruptError(error)) {
    const waiting = error.pendingIds.length > 0;
    const refused = { values: noValues, waiting, refused: true, permanent: true } as const;
    return { status: "error", error: toRunError(error), ...refused };
  }
  if (!signal.aborted) {
    return { ...ended, status: "error", error: toRunError(error), permanent: isPermanent(error) };
  }
  if (signal.reason === "timeout") {
    return {
      ...ended,
      status: "timeout",
      error: { error: "TimeoutError", message: "the run took too long" },
    };
  }
  return { ...ended, status: "interrupted", error: null };
}

const isInterrupt = (chunk: unknown): chunk is { __interrupt__: unknown[] } =>
  typeof chunk === "object" && chunk !== null && "__interrupt__" in chunk;

/** The `configurable` without the keys that name a checkpoint, so that LangGraph goes on from the thread's last one. */
function withoutCheckpoint(configurable: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(configurable).filter(([key]) => !key.startsWith("checkpoint_")));
}

/** The input of the graph: the command of the request, or else its input. */
const graphInput = ({ kwargs: { command, input } }: StoredRun): unknown =>
  command === undefined ? (input ?? null) : toCommand(command);

/** The options for LangGraph that the run has. Options without a value are left out, because they would replace the graph's own. */
function optionsOf(run: StoredRun): JsonObject {
  const { config, durability, interrupt_before: before, interrupt_after: after } = run.kwargs;
  const options = {
    runId: run.runId,
    tags: config.tags,
    recursionLimit: config.recursion_limit,
    maxConcurrency: config.max_concurrency,
    runName: config.run_name,
    metadata: { ...(config.metadata as JsonObject | undefined), ...run.metadata, run_attempt: run.attempts },
    interruptBefore: before,
    interruptAfter: after,
    durability,
  };
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== null),
  );
}
