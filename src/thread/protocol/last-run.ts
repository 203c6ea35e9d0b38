/**
 * How the last run of a thread has ended, for a client that begins to listen. Most runs leave no events: those of crons that nobody
 * watched, and those whose events have expired. Their ends are then made anew, of what the thread's row says and of the thread's state.
 */
import { readSnapshot } from "../state/thread-state";
import type { LastRun, StoredThread } from "../record/thread-row";
import type { SentEvent } from "../streams/sent-event";
import type { ThreadContext } from "../thread-context";
import { toSentEvent, type ProtocolEvent } from "./protocol-event";
import { inputRequested, isRunEnd, runEnd, serverEvent } from "./run-events";

/**
 * The end of the thread's last run, as the events that a client would have got; none when a run goes on, or when the end is among
 * the events that the object has.
 */
export async function endOfLastRun(context: ThreadContext, threadId: string): Promise<SentEvent[]> {
  const thread = restingThread(context, threadId);
  if (thread === undefined) return [];
  const { runId, status, error, position } = thread.lastRun;
  const known = context.events.readProtocol(threadId, 0);
  if (hasEnd(known, thread.lastRun)) return [];
  const { values, interrupts } = await readSnapshot(context.storage, thread);
  const asked = Object.values(interrupts).flat();
  const events: ProtocolEvent[] = [
    ...(values === null ? [] : [serverEvent("values", values, { runId, what: "values" })]),
    ...asked.map(({ id, value }, index) =>
      inputRequested(runId, [], { id: id ?? `interrupt_${index}`, value }),
    ),
    runEnd({ runId, graphId: String(thread.metadata.graph_id) }, { status, error }),
  ];
  // The end has the number that it had, or a smaller one, so a client that has it is not told again. It comes after the events that the
  // object has: its host died, or the end of the run could not be stored.
  const first = Math.max(position + 2 - events.length, (known.at(-1)?.id ?? 0) + 1);
  const at = Math.floor(first / 1000);
  return events
    .map((event, index) => toSentEvent({ id: first + index, runId, threadId }, { ...event, at }))
    .filter((sent) => sent !== undefined);
}

/** The thread, if a run has ended on it and none is under way. */
function restingThread(
  context: ThreadContext,
  threadId: string,
): (StoredThread & { lastRun: LastRun }) | undefined {
  if (!context.hasTables()) return undefined;
  const thread = context.threads.find(threadId);
  const lastRun = thread?.lastRun ?? null;
  if (thread === undefined || thread.deleted || lastRun === null) return undefined;
  return context.runs.unfinishedIds(threadId).length > 0 ? undefined : { ...thread, lastRun };
}

/** Whether the end of the run, or of one after it, is among the events. A run that was rolled back may come after it. */
function hasEnd(events: readonly SentEvent[], { runId, position }: LastRun): boolean {
  const end = events.findLast(isRunEnd);
  return end !== undefined && (end.runId === runId || end.id > position);
}
