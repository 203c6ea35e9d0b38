/** What of a graph's execution is streamed, in which shape: from LangGraph's chunks to the events of the wire. */
import { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { StreamMode as LibraryMode } from "@langchain/langgraph";
import type { JsonObject } from "../../platform/json";

/** The stream modes of the API. */
export type StreamMode = LibraryMode | "messages-tuple" | "events";

/** An event of a run; `data` is not plain JSON yet. */
export interface RunEvent {
  event: string;
  data: unknown;
}

/** A piece of what a graph streams: from the (sub)graph named by `ns`, empty for the root. */
export interface GraphChunk {
  ns: string[];
  mode: LibraryMode;
  chunk: unknown;
}

/** The modes that LangGraph is asked for; `values` always, since the last of them is the run's result. */
export function libraryModes(asked: readonly StreamMode[]): LibraryMode[] {
  const modes = new Set<LibraryMode>(["values"]);
  for (const mode of asked) {
    if (mode === "messages-tuple") modes.add("messages");
    else if (mode !== "events") modes.add(mode);
  }
  return [...modes];
}

/**
 * Whether LangGraph is asked for the chunks of subgraphs too: the mode `messages` has the tokens of every model, wherever in
 * the graph it is called. Not beside `messages-tuple`, which would have less of them then.
 */
export const goesDeep = (asked: readonly StreamMode[], subgraphs: boolean): boolean =>
  subgraphs || (asked.includes("messages") && !asked.includes("messages-tuple"));

/** Turns the chunks of one run into its events. */
export class EventMapper {
  private readonly asked: ReadonlySet<StreamMode>;
  /** Messages that are still being written, put together so far. */
  private readonly partial = new Map<string, AIMessageChunk>();
  private readonly complete = new Set<string>();

  /** @param subgraphs that the chunks of subgraphs are events too */
  constructor(
    asked: readonly StreamMode[],
    private readonly subgraphs: boolean,
  ) {
    this.asked = new Set(asked);
  }

  /** The events of a chunk, in order; none when its mode was not asked for. */
  *eventsOf({ ns, mode, chunk }: GraphChunk): Generator<RunEvent> {
    const named = (name: string): string => [name, ...ns].join("|");
    if (mode === "messages") {
      if (this.asked.has("messages-tuple")) yield { event: named("messages"), data: chunk };
      if (this.asked.has("messages")) yield* this.partialMessages(chunk as [BaseMessage, JsonObject]);
      return;
    }
    if (ns.length > 0 && !this.subgraphs) return;
    if (this.asked.has(mode)) {
      const data = wireData(mode, chunk);
      if (data !== undefined) yield { event: named(mode), data };
    }
    if (mode === "values" && this.asked.has("messages")) yield* this.completeMessages(chunk);
  }

  private *partialMessages([message, metadata]: [BaseMessage, JsonObject]): Generator<RunEvent> {
    if (!(message instanceof AIMessageChunk) || message.id === undefined) return;
    const before = this.partial.get(message.id);
    if (before === undefined) yield { event: "messages/metadata", data: { [message.id]: { metadata } } };
    const whole = before === undefined ? message : before.concat(message);
    this.partial.set(message.id, whole);
    yield { event: "messages/partial", data: [whole] };
  }

  private *completeMessages(values: unknown): Generator<RunEvent> {
    if (typeof values !== "object" || values === null || !("messages" in values)) return;
    const messages = [values.messages].flat().filter((message) => BaseMessage.isInstance(message));
    const fresh = messages.filter(({ id }) => id !== undefined && !this.complete.has(id));
    for (const { id } of fresh) {
      this.complete.add(id ?? "");
      this.partial.delete(id ?? "");
    }
    if (fresh.length > 0) yield { event: "messages/complete", data: fresh };
  }
}

/** The data of a chunk as clients know it; undefined when the chunk is none of theirs. */
function wireData(mode: LibraryMode, chunk: unknown): unknown {
  switch (mode) {
    case "checkpoints":
      return isObject(chunk) && "values" in chunk ? wireCheckpoint(chunk) : undefined;
    case "tasks":
      return isObject(chunk) ? wireTask(chunk) : chunk;
    case "debug": {
      if (!isObject(chunk) || !isObject(chunk.payload)) return chunk;
      return {
        ...chunk,
        payload: chunk.type === "checkpoint" ? wireCheckpoint(chunk.payload) : wireTask(chunk.payload),
      };
    }
    case "values":
    case "updates":
    case "messages":
    case "custom":
    case "tools":
      return chunk;
  }
}

function wireCheckpoint({ config, parentConfig, tasks, ...rest }: JsonObject): JsonObject {
  return {
    ...rest,
    config: publicConfig(config),
    parent_config: publicConfig(parentConfig),
    checkpoint: checkpointOf(config),
    parent_checkpoint: checkpointOf(parentConfig),
    tasks: (Array.isArray(tasks) ? (tasks as JsonObject[]) : []).map(wireTask),
  };
}

/** A task of a subgraph tells where the subgraph's state is kept, as a config; clients know it as a checkpoint. */
function wireTask({ state, ...task }: JsonObject): JsonObject {
  const checkpoint = checkpointOf(state);
  return checkpoint === null
    ? { ...task, ...(state === undefined ? {} : { state }) }
    : { ...task, checkpoint };
}

function publicConfig(config: unknown): JsonObject | undefined {
  if (!isObject(config) || !isObject(config.configurable)) return undefined;
  const configurable = Object.entries(config.configurable).filter(([key]) => !key.startsWith("__"));
  return { configurable: Object.fromEntries(configurable) };
}

function checkpointOf(config: unknown): JsonObject | null {
  if (!isObject(config) || !isObject(config.configurable)) return null;
  const { thread_id, checkpoint_id = null, checkpoint_ns = "", checkpoint_map = null } = config.configurable;
  return thread_id === undefined ? null : { thread_id, checkpoint_id, checkpoint_ns, checkpoint_map };
}

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null;
