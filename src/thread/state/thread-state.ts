/** Reads the state of a thread: its graph turns the thread's checkpoints into a state. */
import type { RunnableConfig } from "@langchain/core/runnables";
import type { StateSnapshot } from "@langchain/langgraph";
import type { ThreadRecord } from "../../calls/thread";
import type { StateRead } from "../../calls/thread-calls";
import { graphIds, loadGraph, type RunnableGraph } from "../../graphs/registry";
import { asDomainError, DomainError, messageOf } from "../../platform/errors";
import { pick } from "../../platform/json";
import { logError } from "../../platform/log";
import type { HistorySearch, StateSelection, WireState } from "../../wire/threads/state";
import type { ThreadSnapshot } from "../../wire/threads/thread";
import { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import type { ListMemory } from "../checkpoints/list-memory";
import { emptyState, MAX_WIRE_LENGTH, toThreadSnapshot, toWireState, waitsForAnswer } from "./wire-state";

/**
 * The values of a thread, and the interrupts that wait for an answer. The values are null when the thread has no state, or when
 * the state cannot be read. Never throws.
 * @param lists remembers the long lists of the thread's latest state
 */
export async function readSnapshot(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  lists?: ListMemory,
): Promise<ThreadSnapshot> {
  try {
    const graph = await graphOf(storage, thread, lists);
    if (graph !== undefined) return toThreadSnapshot(await graph.getState(configOf(thread)));
  } catch (error) {
    // The graph may not load, or its state may not be JSON. The thread can still be found and deleted.
    logError("the thread's state could not be read", error, { thread_id: thread.threadId });
  }
  return { values: null, interrupts: {} };
}

/**
 * The thread's latest state, or the one at a checkpoint, with the fields that are selected.
 * @throws thread.not_found when there is no such checkpoint, thread.invalid when the graph cannot read the state
 */
export async function readState(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  { checkpointId, ns, subgraphs, select }: StateRead,
): Promise<Partial<WireState>> {
  return orThreadInvalid(UNREADABLE, async () => {
    const graph = await graphOf(storage, thread);
    if (graph === undefined) return selectFields(emptyState(thread.threadId), select);
    const state = await graph.getState(configOf(thread, checkpointId, ns), { subgraphs });
    if (checkpointId !== undefined && state.createdAt === undefined) throw noCheckpoint(checkpointId);
    return selectedState(thread, state, select);
  });
}

/** The refusal of a request that names a checkpoint which the thread does not have. */
export const noCheckpoint = (checkpointId: string): DomainError =>
  new DomainError("thread.not_found", `no checkpoint with the id ${checkpointId} on this thread`);

/**
 * How the thread's latest state stands: whether it waits for an answer to an interrupt, and whether it has nodes to execute next.
 * @throws whatever the graph throws
 */
export async function readProgress(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
): Promise<{ waits: boolean; hasNext: boolean }> {
  const state = await (await graphOf(storage, thread))?.getState(configOf(thread));
  if (state === undefined) return { waits: false, hasNext: false };
  return { waits: state.tasks.some(waitsForAnswer), hasNext: state.next.length > 0 };
}

/** A state as the API shows it, with the fields that are selected. Values that are not selected need not be JSON. */
function selectedState(
  { threadId }: ThreadRecord,
  state: StateSnapshot,
  select: StateSelection,
): Partial<WireState> {
  // The interrupts of a state are read from its tasks.
  const needsTasks = select === undefined || select.includes("tasks") || select.includes("interrupts");
  const narrowed = {
    ...state,
    values: selectValues(state.values, select),
    tasks: needsTasks ? state.tasks : [],
  };
  return selectFields(toWireState(threadId, narrowed), select);
}

/** A selected field with this prefix names one of the values. */
const VALUE_PREFIX = "values.";

/** The values that are selected. */
function selectValues(values: unknown, selection: StateSelection): unknown {
  if (selection === undefined || selection.includes("values")) return values;
  if (typeof values !== "object" || values === null) return {};
  const keys = new Set(
    selection
      .filter((field) => field.startsWith(VALUE_PREFIX))
      .map((field) => field.slice(VALUE_PREFIX.length)),
  );
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.has(key)));
}

/** The state with the selected fields. */
const selectFields = (state: WireState, selection: StateSelection): Partial<WireState> =>
  pick(
    state,
    selection?.map((field) => (field.startsWith(VALUE_PREFIX) ? "values" : field)),
  );

/**
 * The thread's states, newest first, with the fields that are selected.
 * @throws thread.too_large when they do not fit one answer, thread.invalid when the graph cannot read them
 */
export async function readHistory(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  query: HistorySearch,
): Promise<Partial<WireState>[]> {
  return orThreadInvalid(UNREADABLE, () => collectHistory(storage, thread, query));
}

async function collectHistory(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  query: HistorySearch,
): Promise<Partial<WireState>[]> {
  const graph = await graphOf(storage, thread);
  if (graph === undefined) return [];
  const config = configOf(thread, query.checkpoint?.checkpoint_id, query.checkpoint?.checkpoint_ns);
  const states: Partial<WireState>[] = [];
  let length = 0;
  const history = graph.getStateHistory(config, {
    limit: query.limit,
    ...(query.before === undefined ? {} : { before: configOf(thread, query.before) }),
    ...(query.metadata === undefined ? {} : { filter: query.metadata }),
  });
  for await (const snapshot of history) {
    const state = selectedState(thread, snapshot, query.select);
    length += JSON.stringify(state).length;
    if (length > MAX_WIRE_LENGTH) {
      throw new DomainError(
        "thread.too_large",
        `limit: ${states.length} states are all that can be sent in one answer; ask for fewer, and on with before`,
      );
    }
    states.push(state);
  }
  return states;
}

const UNREADABLE = "the state cannot be read";

/**
 * The result of `work`, which asks a graph. A graph throws because of the request or because of its own code, so the caller gets
 * the message.
 * @param problem the beginning of the message
 * @throws thread.invalid with the message of the graph; refusals stay as they are
 */
export async function orThreadInvalid<T>(problem: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asDomainError(error) ?? new DomainError("thread.invalid", `${problem}: ${messageOf(error)}`);
  }
}

/** The thread's graph, see {@link graphOf}. @throws thread.invalid when the thread has none */
export async function requireGraph(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
): Promise<RunnableGraph> {
  const graph = await graphOf(storage, thread);
  if (graph === undefined) {
    throw new DomainError(
      "thread.invalid",
      "the thread has no graph yet: run one on it, or set metadata.graph_id",
    );
  }
  return graph;
}

/**
 * The graph that the thread's metadata names: that of its last run, or the one that its creator named. Undefined when no graph
 * is named, or when the deployment no longer has it.
 */
export async function graphOf(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  lists?: ListMemory,
): Promise<RunnableGraph | undefined> {
  const { graph_id: graphId } = thread.metadata;
  if (typeof graphId !== "string" || !graphIds.includes(graphId)) return undefined;
  // A graph may be made by a function of the config, so it gets the config of the thread's last run.
  const { configurable } = thread.config as RunnableConfig;
  const config = { ...thread.config, configurable: { ...configurable, ...configOf(thread).configurable } };
  return loadGraph(graphId, config, { checkpointer: new CheckpointSaver(storage, { lists }) });
}

/** The config that names the thread to LangGraph, or one of the thread's checkpoints. */
export const configOf = (thread: ThreadRecord, checkpointId?: string, ns = ""): RunnableConfig => ({
  configurable: {
    thread_id: thread.threadId,
    checkpoint_ns: ns,
    ...(checkpointId === undefined ? {} : { checkpoint_id: checkpointId }),
  },
});
