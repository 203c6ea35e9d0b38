/** Reading a thread's state: what its checkpoints say, seen through its graph. */
import type { RunnableConfig } from "@langchain/core/runnables";
import type { StateSnapshot } from "@langchain/langgraph";
import type { ThreadRecord } from "../../calls/thread";
import type { StateRead } from "../../calls/thread-calls";
import { graphIds, loadGraph, type RunnableGraph } from "../../graphs/registry";
import { asDomainError, DomainError, messageOf } from "../../platform/errors";
import { logError } from "../../platform/log";
import { type StateSelection, type WireState } from "../../wire/threads/state";
import type { HistorySearch, ThreadSnapshot } from "../../wire/threads/thread";
import { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import { selectFields, selectValues } from "./state-selection";
import { asks, emptyState, MAX_WIRE_LENGTH, toThreadSnapshot, toWireState } from "./wire-state";

/** The values and waiting interrupts of a thread; none when it has no state, or none that can be read. */
export async function readSnapshot(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
): Promise<ThreadSnapshot> {
  try {
    const graph = await graphOf(storage, thread);
    if (graph !== undefined) return toThreadSnapshot(await graph.getState(configOf(thread)));
  } catch (error) {
    // The graph may be gone from the bundle, or its state no JSON: the thread is still to be found and deleted.
    logError("the thread's state could not be read", error, { thread_id: thread.threadId });
  }
  return { values: null, interrupts: {} };
}

/** The thread's latest state, or the one at a checkpoint. */
export async function readState(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  { checkpointId, ns, subgraphs, select }: StateRead,
): Promise<Partial<WireState>> {
  return readable(async () => {
    const graph = await graphOf(storage, thread);
    if (graph === undefined) return selectFields(emptyState(thread.threadId), select);
    const state = await graph.getState(configOf(thread, checkpointId, ns), { subgraphs });
    if (checkpointId !== undefined && state.createdAt === undefined) throw noCheckpoint(checkpointId);
    return shownState(thread, state, select);
  });
}

export const noCheckpoint = (checkpointId: string): DomainError =>
  new DomainError("thread.not_found", `no checkpoint with the id ${checkpointId} on this thread`);

/** Whether the thread's latest state waits: for answers to its questions, and with tasks to come. */
export async function readWaiting(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
): Promise<{ asks: boolean; goesOn: boolean }> {
  const state = await (await graphOf(storage, thread))?.getState(configOf(thread));
  if (state === undefined) return { asks: false, goesOn: false };
  return { asks: state.tasks.some(asks), goesOn: state.next.length > 0 };
}

/** A state as it is answered. */
function shownState(
  { threadId }: ThreadRecord,
  state: StateSnapshot,
  select: StateSelection,
): Partial<WireState> {
  const tellsTasks = select === undefined || select.includes("tasks") || select.includes("interrupts");
  const narrowed = {
    ...state,
    values: selectValues(state.values, select),
    tasks: tellsTasks ? state.tasks : [],
  };
  return selectFields(toWireState(threadId, narrowed), select);
}

/** The thread's states, newest first. */
export async function readHistory(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
  query: HistorySearch,
): Promise<Partial<WireState>[]> {
  return readable(() => collectHistory(storage, thread, query));
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
    const state = shownState(thread, snapshot, query.select);
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

/** What a graph throws when it is asked for its state is about what was asked, or about the graph; it is told as it is. */
const readable = <T>(read: () => Promise<T>): Promise<T> => told("the state cannot be read", read);

/** What `work` throws, as a refusal that says `what` is the matter. @throws thread.invalid */
export async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asDomainError(error) ?? new DomainError("thread.invalid", `${what}: ${messageOf(error)}`);
  }
}

/** The thread's graph. @throws thread.invalid before the first run, when no metadata says which graph it is */
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

/** The graph of the thread's last run; undefined before the first, or when it is in the bundle no more. */
export async function graphOf(
  storage: DurableObjectStorage,
  thread: ThreadRecord,
): Promise<RunnableGraph | undefined> {
  const { graph_id: graphId } = thread.metadata;
  if (typeof graphId !== "string" || !graphIds.includes(graphId)) return undefined;
  // A graph that a function makes of its config is the one that the last run was configured with.
  const { configurable } = thread.config as RunnableConfig;
  const config = { ...thread.config, configurable: { ...configurable, ...configOf(thread).configurable } };
  return loadGraph(graphId, config, { checkpointer: new CheckpointSaver(storage) });
}

/** What names the thread, or one of its checkpoints, to LangGraph. */
export const configOf = (thread: ThreadRecord, checkpointId?: string, ns = ""): RunnableConfig => ({
  configurable: {
    thread_id: thread.threadId,
    checkpoint_ns: ns,
    ...(checkpointId === undefined ? {} : { checkpoint_id: checkpointId }),
  },
});
