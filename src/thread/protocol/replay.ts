/** With which events a stream of the thread protocol begins. */
import type { EventsFilter } from "../../wire/protocol/events";
import type { SentEvent } from "../streams/sent-event";
import type { ThreadContext } from "../thread-context";
import { endOfLastRun } from "./last-run";
import { passesEventsFilter } from "./protocol-event";
import { inPython } from "./python-view";

/** Where a stream begins: after an event by its number or, as in the header `Last-Event-ID`, by its id. */
export interface ReplayStart {
  since: number | undefined;
  lastEventId: string | undefined;
}

/** Reads what a client is sent first. */
export type Replay = (filter: EventsFilter, client?: { isPython: boolean }) => SentEvent[];

/**
 * Prepares what a client that begins to listen is sent first. The returned function reads the events; whoever calls it has to listen
 * from then on, before anything else happens, so that no event is missed or comes twice.
 */
export async function prepareReplay(
  context: ThreadContext,
  threadId: string,
  { since, lastEventId }: ReplayStart,
): Promise<Replay> {
  const end = await endOfLastRun(context, threadId);
  return (filter, { isPython } = { isPython: false }) => {
    beginFeed(context, threadId);
    const known = context.hasTables() ? context.events.readProtocol(threadId, 0) : [];
    // A run may have begun while the end of the last one was read.
    const hasBegun = context.feeds.has(threadId) || (known.at(-1)?.id ?? 0) > (end.at(-1)?.id ?? 0);
    const all = hasBegun ? known : [...known, ...end];
    const after = since ?? positionOf(lastEventId, all);
    const wanted = after === undefined ? ofLastRun(all) : all.filter(({ id }) => id > after);
    const shown = isPython ? wanted.map(inPython).filter((event) => event !== undefined) : wanted;
    return shown.filter((event) => passesEventsFilter(event, filter));
  };
}

/** A run under way that nobody has listened to yet says how it stands. */
function beginFeed({ events, feeds }: ThreadContext, threadId: string): void {
  const stopListening = events.listenByProtocol(threadId, () => undefined);
  feeds.get(threadId)?.begin();
  stopListening();
}

/** The number of the event with an id. Undefined when no event has it, and the client gets the whole of the last run. */
function positionOf(eventId: string | undefined, events: readonly SentEvent[]): number | undefined {
  if (eventId === undefined) return undefined;
  if (/^\d{1,16}$/.test(eventId)) return Number(eventId);
  return events.find(({ protocol }) => protocol?.eventId === eventId)?.id;
}

function ofLastRun(events: readonly SentEvent[]): SentEvent[] {
  const last = events.at(-1)?.runId;
  return events.filter(({ runId }) => runId === last);
}
