/** LangGraph's state as JSON on the wire: messages as plain objects, snapshots in snake_case. */
import type { StateSnapshot } from "@langchain/langgraph";
import { toIsoOrNull } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import type { JsonObject } from "../../platform/json";
import type { NestedState, TaskCheckpoint, WireCheckpoint, WireState } from "../../wire/threads/state";
import type { ThreadSnapshot } from "../../wire/threads/thread";

/** Calls between objects carry 32 MiB. */
export const MAX_WIRE_LENGTH = 30_000_000;

/** A LangChain message, as far as its place on the wire asks. */
interface Dictable {
  toDict: () => { type: string; data: JsonObject };
}

/**
 * `value` as plain JSON; a message becomes `{type, content, …}`, as the SDKs expect it.
 * @throws thread.too_large, and an error when a value cannot be JSON, a circular one for example.
 */
export function toWire(value: unknown): unknown {
  const text = JSON.stringify(value, function (this: JsonObject, key: string, plain: unknown): unknown {
    // Messages have a toJSON of their own, with which JSON.stringify has been called already.
    const raw = this[key];
    if (!isDictable(raw)) return plain;
    const { type, data } = raw.toDict();
    return { ...data, type };
  }) as string | undefined;
  if (text === undefined) return null;
  if (text.length > MAX_WIRE_LENGTH) {
    throw new DomainError(
      "thread.too_large",
      `a state of ${text.length} characters; at most ${MAX_WIRE_LENGTH} can be sent`,
    );
  }
  return JSON.parse(text) as unknown;
}

const isDictable = (value: unknown): value is Dictable =>
  typeof value === "object" && value !== null && "toDict" in value && typeof value.toDict === "function";

/** The values and waiting interrupts of a snapshot. */
export function toThreadSnapshot(state: StateSnapshot): ThreadSnapshot {
  const waiting = state.tasks.filter(asks);
  return {
    values: checkpointIdOf(state.config) === null ? null : toWire(state.values),
    interrupts: Object.fromEntries(waiting.map((task) => [task.id, toWire(interruptsOf(task))])),
  };
}

/** A snapshot as the API shows it. */
export function toWireState(threadId: string, state: StateSnapshot): WireState {
  // What was asked stays on record, but in a state that waits clients take all that they find for what is asked.
  const isPast = state.tasks.every(({ result }) => result !== undefined);
  return {
    values: toWire(state.values) ?? {},
    next: [...state.next],
    tasks: state.tasks.map((task) => ({
      id: task.id,
      name: task.name,
      path: toWire(task.path),
      error: task.error === undefined ? null : messageOfTask(task.error),
      interrupts: toWire(isPast ? task.interrupts : interruptsOf(task)),
      checkpoint: checkpointOfTask(threadId, task.state),
      state: isSnapshot(task.state) ? nestedState(threadId, task.state) : null,
      result: toWire(task.result ?? null),
    })),
    metadata: (toWire(state.metadata) ?? {}) as JsonObject,
    created_at: state.createdAt === undefined ? null : toIsoOrNull(Date.parse(state.createdAt)),
    checkpoint: toWireCheckpoint(threadId, state.config.configurable),
    parent_checkpoint:
      state.parentConfig === undefined ? null : toWireCheckpoint(threadId, state.parentConfig.configurable),
    interrupts: state.tasks.flatMap((task) => toWire(interruptsOf(task)) as unknown[]),
  };
}

/** The state of a subgraph within that of its parent, which says nothing of interrupts when it has none. */
function nestedState(threadId: string, state: StateSnapshot): NestedState {
  const { interrupts, ...nested } = toWireState(threadId, state);
  return interrupts.length === 0 ? nested : { ...nested, interrupts };
}

type Task = StateSnapshot["tasks"][number];

/** What a task asks; one that has a result was answered, though its questions are on record still. */
const interruptsOf = ({ interrupts, result }: Task): unknown[] => (result === undefined ? interrupts : []);

/** Whether a task waits for an answer. */
export const asks = (task: Task): boolean => interruptsOf(task).length > 0;

/** The state of a thread that has none yet. */
export const emptyState = (threadId: string): WireState => ({
  values: {},
  next: [],
  tasks: [],
  metadata: {},
  created_at: null,
  checkpoint: toWireCheckpoint(threadId, {}),
  parent_checkpoint: null,
  interrupts: [],
});

export const toWireCheckpoint = (threadId: string, configurable: JsonObject | undefined): WireCheckpoint => ({
  thread_id: threadId,
  checkpoint_id: (configurable?.checkpoint_id as string | undefined) ?? null,
  checkpoint_ns: (configurable?.checkpoint_ns as string | undefined) ?? "",
  checkpoint_map: (configurable?.checkpoint_map as JsonObject | undefined) ?? null,
});

const checkpointIdOf = (config: StateSnapshot["config"]): unknown =>
  config.configurable?.checkpoint_id ?? null;

const isSnapshot = (state: unknown): state is StateSnapshot =>
  typeof state === "object" && state !== null && "values" in state && "next" in state;

/** Where the subgraph of a task has its state; a checkpoint is named only when it is known. */
function checkpointOfTask(threadId: string, state: unknown): TaskCheckpoint | null {
  if (typeof state !== "object" || state === null || isSnapshot(state) || !("configurable" in state))
    return null;
  const {
    checkpoint_id: id,
    checkpoint_map: map,
    ...known
  } = toWireCheckpoint(threadId, state.configurable as JsonObject);
  return {
    ...known,
    ...(id === null ? {} : { checkpoint_id: id }),
    ...(map === null ? {} : { checkpoint_map: map }),
  };
}

const messageOfTask = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error
    ? String(error.message)
    : JSON.stringify(error);
