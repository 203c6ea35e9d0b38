/** Turns the chunks that LangGraph streams into the events that clients of the API get, by stream mode. */
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { StreamMode as LibraryMode } from "@langchain/langgraph";
import { isMessage, isPieceOfAnswer } from "../../graphs/message-kinds";
import type { JsonObject } from "../../platform/json";

/** The stream modes of the API. */
export type StreamMode = LibraryMode | "messages-tuple" | "events";

/** An event of a run. `data` may still hold class instances such as messages, which `toWire` turns into JSON. */
export interface RunEvent {
  event: string;
  data: unknown;
}

/** A chunk that a graph streams. `ns` is the namespace of the subgraph that it is from, empty for the root graph. */
export interface GraphChunk {
  ns: string[];
  mode: LibraryMode;
  chunk: unknown;
}

/** The modes to stream from LangGraph. `values` is always among them, because the last values are the run's result. */
export function libraryModes(asked: readonly StreamMode[]): LibraryMode[] {
  const modes = new Set<LibraryMode>(["values"]);
  for (const mode of asked) {
    if (mode === "messages-tuple") modes.add("messages");
    else if (mode !== "events") modes.add(mode);
  }
  return [...modes];
}

/**
 * Whether to stream the chunks of subgraphs from LangGraph. The mode `messages` needs them, because it includes the tokens of
 * models that subgraphs call. Together with `messages-tuple` they are left out, because `messages-tuple` would then lack some.
 */
export const needsSubgraphs = (asked: readonly StreamMode[], subgraphs: boolean): boolean =>
  subgraphs || (asked.includes("messages") && !asked.includes("messages-tuple"));

/** Turns the chunks of one run into its events. */
export class EventMapper {
  private readonly asked: ReadonlySet<StreamMode>;
  /** Messages that are still being streamed, by their ids, with the chunks so far joined. */
  private readonly partial = new Map<string, AIMessageChunk>();
  /** Ids of the messages that were sent as complete. */
  private readonly complete = new Set<string>();

  /** @param subgraphs whether the chunks of subgraphs become events, too */
  constructor(
    asked: readonly StreamMode[],
    private readonly subgraphs: boolean,
  ) {
    this.asked = new Set(asked);
  }

  /** The events that a chunk becomes, in order; none when the client did not ask for its mode. */
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

  /** The events of the mode `messages` for a message chunk: the message as far as it was streamed. */
  private *partialMessages([message, metadata]: [BaseMessage, JsonObject]): Generator<RunEvent> {
    if (!isPieceOfAnswer(message) || message.id === undefined) return;
    const before = this.partial.get(message.id);
    if (before === undefined) yield { event: "messages/metadata", data: { [message.id]: { metadata } } };
    const whole = before === undefined ? message : before.concat(message);
    this.partial.set(message.id, whole);
    yield { event: "messages/partial", data: [whole] };
  }

  /** The events of the mode `messages` for new values: the messages that were not sent as complete before. */
  private *completeMessages(values: unknown): Generator<RunEvent> {
    if (typeof values !== "object" || values === null || !("messages" in values)) return;
    const messages = [values.messages].flat().filter((message) => isMessage(message));
    const fresh = messages.filter(({ id }) => id !== undefined && !this.complete.has(id));
    for (const { id } of fresh) {
      this.complete.add(id ?? "");
      this.partial.delete(id ?? "");
    }
    if (fresh.length > 0) yield { event: "messages/complete", data: fresh };
  }
}

/** The data of a chunk in the shape that the API defines; undefined when clients do not get the chunk. */
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

/** A task of a subgraph names the checkpoint of the subgraph by a config in `state`; clients get it as `checkpoint`. */
export function wireTask({ state, ...task }: JsonObject): JsonObject {
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

export const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null;
