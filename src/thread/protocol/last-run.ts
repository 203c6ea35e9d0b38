/**
 * What the object can still say of the runs of a thread, for a client that begins to listen: the events that it has, and the end of
 * the last run, made anew from the thread's state when there is no event of it. Most runs leave no events: those of crons that nobody
 * watched, and those whose events have expired.
 */
import { parseJson, parseJsonOrNull } from "../../platform/json";
import type { RunError } from "../../wire/runs/run";
import { findCheckpoints } from "../checkpoints/checkpoint-tables";
import type { StoredThread } from "../record/thread-row";
import { readSnapshot } from "../state/thread-state";
import type { SentEvent } from "../streams/sent-event";
import type { ThreadContext } from "../thread-context";
import { toSentEvent, type ProtocolEvent } from "./protocol-event";
import { inputRequested, isRunEnd, runEnd, serverEvent } from "./run-events";

/** Of so many checkpoints, one is of a run; the others are of requests that updated the state. */
const RECENT_CHECKPOINTS = 20;

/** The last run of a thread, as far as its checkpoints tell. */
interface LastRun {
  /** Null when it wrote no checkpoint. */
  runId: string | null;
  /** The number that an event of the time of its last checkpoint would have. */
  position: number;
}

/**
 * The end of the thread's last run, as the events that a client would have got; none when the run goes on, or when its end is among
 * the events that the object has.
 */
export async function endOfLastRun(context: ThreadContext, threadId: string): Promise<SentEvent[]> {
  const thread = restingThread(context, threadId);
  if (thread === undefined) return [];
  const last = lastRunOf(context, thread);
  const known = context.events.readProtocol(threadId, 0);
  if (last === undefined || hasEnd(known, thread, last)) return [];
  const { values, interrupts } = await readSnapshot(context.storage, thread);
  const runId = last.runId ?? threadId;
  const error = parseJsonOrNull<RunError>(thread.error);
  const isWaiting = thread.status === "interrupted";
  const status = isWaiting ? "interrupted" : error === null ? "completed" : "failed";
  const asked = Object.values(interrupts).flat();
  const events: ProtocolEvent[] = [
    ...(values === null ? [] : [serverEvent("values", values, { runId, what: "values" })]),
    ...asked.map(({ id, value }, index) =>
      inputRequested(runId, [], { id: id ?? `interrupt_${index}`, value }),
    ),
    runEnd({ runId, graphId: String(thread.metadata.graph_id) }, { status, error }),
  ];
  // After the events that the object has: its host died, or the end of the run could not be stored.
  const first = Math.max(last.position, (known.at(-1)?.id ?? 0) + 1);
  const at = Math.floor(first / 1000);
  return events
    .map((event, index) => toSentEvent({ id: first + index, runId, threadId }, { ...event, at }))
    .filter((sent) => sent !== undefined);
}

/** The thread, if a run has ended on it and none is under way. */
function restingThread(context: ThreadContext, threadId: string): StoredThread | undefined {
  if (!context.hasTables()) return undefined;
  const thread = context.threads.find(threadId);
  if (thread === undefined || thread.deleted || thread.metadata.graph_id === undefined) return undefined;
  return context.runs.unfinishedIds(threadId).length > 0 ? undefined : thread;
}

/** The last run of the thread; undefined when there was none. */
function lastRunOf(context: ThreadContext, thread: StoredThread): LastRun | undefined {
  const { sql } = context.storage;
  const recent = findCheckpoints(sql, { threadId: thread.threadId, ns: "", limit: RECENT_CHECKPOINTS });
  const own = recent.find(({ runId }) => runId !== null);
  const position = own === undefined ? 0 : instantOf(own.checkpointId) * 1000;
  if (thread.error === null) return own && { runId: own.runId, position };
  // A run may fail before its first checkpoint.
  return { runId: own?.runId ?? null, position: Math.max(position, thread.updatedAt * 1000) };
}

/** Whether the end of the thread's last run is among the events. */
function hasEnd(events: readonly SentEvent[], thread: StoredThread, last: LastRun): boolean {
  const end = events.findLast(isRunEnd);
  if (end === undefined) return false;
  const { params } = parseJson<{ params: { data: { event: string } } }>(end.data);
  if (thread.error !== null) return params.data.event === "failed";
  return end.runId === last.runId || end.id > last.position;
}

/** When a checkpoint was made (ms): its id is a UUID of version 6, which begins with 100-nanosecond steps since 1582. */
function instantOf(checkpointId: string): number {
  const [high = "", middle = "", low = ""] = checkpointId.split("-");
  const steps = Number.parseInt(`${high}${middle}${low.slice(1)}`, 16);
  return Number.isNaN(steps) ? 0 : Math.floor(steps / 10_000) - 12_219_292_800_000;
}
