/** The events of the thread protocol: how they are written, and which of them a client gets. */
import { isPrefixMatch } from "@langchain/langgraph/stream";
import { now } from "../../platform/clock";
import { logWarning } from "../../platform/log";
import type { EventsFilter } from "../../wire/protocol/events";
import { toWire } from "../state/wire-state";
import type { EventRef, SentEvent } from "../streams/sent-event";

/** An event before it is sent. `data` may still hold class instances such as messages, which `toWire` turns into JSON. */
export interface ProtocolEvent {
  /** What clients know it by: its channel, or `input.requested` and `input.answered` on the channel `input`. */
  method: string;
  namespace: string[];
  data: unknown;
  /** The node that the event is from, where that is known. */
  node?: string;
  /** The event says how a node begins or ends that is no graph. */
  isOfNode?: boolean;
  /** The id that clients see. Without it, they see the number of the event. */
  eventId?: string;
  /** When it happened, ms since the epoch; without it, now. */
  at?: number;
}

/** Where an event comes in the order of all events of its object, and what it is about. */
type EventPlace = EventRef & { id: number };

/** The event as it is sent; undefined when it cannot be JSON. */
export function toSentEvent<Place extends EventPlace>(
  place: Place,
  event: ProtocolEvent,
): (SentEvent & Place) | undefined {
  const { method, namespace, node, isOfNode, eventId = String(place.id), at = now() } = event;
  try {
    const data = toWire(event.data);
    const params = { namespace, timestamp: at, ...(node === undefined ? {} : { node }), data };
    const envelope = { type: "event", event_id: eventId, seq: place.id, method, params };
    const ofNode = isOfNode === true ? { isOfNode } : {};
    const protocol = { channel: channelOf(method, data), namespace, eventId, ...ofNode };
    return { ...place, event: method, data: JSON.stringify(envelope), protocol };
  } catch (error) {
    logWarning(`an event of the kind ${method} could not be sent: ${String(error)}`);
    return undefined;
  }
}

/** The channel of an event. What graphs send under a name has a channel of its own. */
function channelOf(method: string, data: unknown): string {
  if (method.startsWith("input.")) return "input";
  if (method !== "custom") return method;
  const name = typeof data === "object" && data !== null && "name" in data ? data.name : undefined;
  return typeof name === "string" ? `custom:${name}` : method;
}

/** Whether a client with this filter gets the event. `since` is not looked at: it says where a stream begins. */
export function passesEventsFilter(
  { protocol }: SentEvent,
  { channels, namespaces = [], depth = Infinity }: EventsFilter,
): boolean {
  if (protocol === undefined) return false;
  const { channel, namespace } = protocol;
  const isAsked =
    channels.includes(channel) || (channel.startsWith("custom:") && channels.includes("custom"));
  if (!isAsked) return false;
  if (namespaces.length === 0) return true;
  return namespaces.some(
    (prefix) => isPrefixMatch(namespace, prefix) && namespace.length - prefix.length <= depth,
  );
}
