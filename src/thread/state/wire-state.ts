/** Turns LangGraph's states into the JSON that the API answers with: messages become plain objects, keys become snake_case. */
import type { StateSnapshot } from "@langchain/langgraph";
import { toIsoOrNull } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import type { JsonObject } from "../../platform/json";
import type {
  WireInterrupt,
  NestedState,
  TaskCheckpoint,
  WireCheckpoint,
  WireState,
} from "../../wire/threads/state";
import type { ThreadSnapshot } from "../../wire/threads/thread";

/** Characters of a state, or of a page of states, in one answer. A call between objects carries 32 MiB. */
export const MAX_WIRE_LENGTH = 30_000_000;

/** The one method of a LangChain message that is needed here. */
interface Dictable {
  toDict: () => { type: string; data: JsonObject };
}

/**
 * `value` as plain JSON. A message becomes `{type, content, …}`, as the SDKs expect it.
 * @throws thread.too_large; a TypeError when the value cannot be JSON, because it is circular for example
 */
export function toWire(value: unknown): unknown {
  const text = JSON.stringify(value, function (this: JsonObject, key: string, plain: unknown): unknown {
    // JSON.stringify has called the message's own toJSON, which gives another shape. The message itself is still in its parent.
    const original = this[key];
    if (isDictable(original)) return toWireMessage(original);
    // In a list the messages are replaced before that, because their toJSON takes longer than all the rest.
    if (!Array.isArray(plain) || !plain.some(isDictable)) return plain;
    return plain.map((item: unknown) => (isDictable(item) ? toWireMessage(item) : item));
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

function toWireMessage(message: Dictable): JsonObject {
  const { type, data } = message.toDict();
  return { ...data, type };
}

const isDictable = (value: unknown): value is Dictable =>
  typeof value === "object" && value !== null && "toDict" in value && typeof value.toDict === "function";

/** The values of a state, and its interrupts that wait for an answer. The values are null when the thread has no checkpoint. */
export function toThreadSnapshot(state: StateSnapshot): ThreadSnapshot {
  const waiting = state.tasks.filter(waitsForAnswer);
  return {
    values: checkpointIdOf(state.config) === null ? null : toWire(state.values),
    interrupts: Object.fromEntries(waiting.map((task) => [task.id, toWireInterrupts(openInterrupts(task))])),
  };
}

/** A state as the API shows it. @throws thread.too_large; a TypeError when it cannot be JSON */
export function toWireState(threadId: string, state: StateSnapshot): WireState {
  // An answered interrupt stays in its task. In a state that still waits it is left out, because clients show all the interrupts
  // that they find there as open questions.
  const isPast = state.tasks.every(({ result }) => result !== undefined);
  return {
    values: toWire(state.values) ?? {},
    next: [...state.next],
    tasks: state.tasks.map((task) => ({
      id: task.id,
      name: task.name,
      path: toWire(task.path) as unknown[],
      error: task.error === undefined ? null : messageOfTask(task.error),
      interrupts: toWireInterrupts(isPast ? task.interrupts : openInterrupts(task)),
      checkpoint: checkpointOfTask(threadId, task.state),
      state: isSnapshot(task.state) ? nestedState(threadId, task.state) : null,
      result: toWire(task.result ?? null),
    })),
    metadata: (toWire(state.metadata) ?? {}) as JsonObject,
    created_at: state.createdAt === undefined ? null : toIsoOrNull(Date.parse(state.createdAt)),
    checkpoint: toWireCheckpoint(threadId, state.config.configurable),
    parent_checkpoint:
      state.parentConfig === undefined ? null : toWireCheckpoint(threadId, state.parentConfig.configurable),
    interrupts: state.tasks.flatMap((task) => toWireInterrupts(openInterrupts(task))),
  };
}

const toWireInterrupts = (interrupts: unknown[]): WireInterrupt[] => toWire(interrupts) as WireInterrupt[];

/** The state of a subgraph within the state of its parent. It has the field `interrupts` only if there are any. */
function nestedState(threadId: string, state: StateSnapshot): NestedState {
  const { interrupts, ...nested } = toWireState(threadId, state);
  return interrupts.length === 0 ? nested : { ...nested, interrupts };
}

type Task = StateSnapshot["tasks"][number];

/** The interrupts of a task that wait for an answer. A task with a result was answered, although its interrupts are kept. */
const openInterrupts = ({ interrupts, result }: Task): unknown[] => (result === undefined ? interrupts : []);

/** Whether a task waits for an answer. */
export const waitsForAnswer = (task: Task): boolean => openInterrupts(task).length > 0;

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

/** The checkpoint that a config's `configurable` names, as the API shows it. */
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

/**
 * The checkpoint with the state of a task's subgraph; null when the task has no subgraph or when its state is there already. The
 * checkpoint has an id only if that is known.
 */
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

/** The message of a task's error. */
const messageOfTask = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error
    ? String(error.message)
    : JSON.stringify(error);
