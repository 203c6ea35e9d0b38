/**
 * The events in the form in which LangGraph for Python has them. There, messages and tools are at the namespace of the graph that has
 * their node, and nodes that are no graphs do not begin or end. Python's SDK looks for them there, and only there.
 */
import { parseJson } from "../../platform/json";
import type { SentEvent } from "../streams/sent-event";
import type { Listener } from "../streams/event-log";

interface Envelope {
  params: { namespace: string[]; data: Record<string, unknown> };
}

/** The event for a client in Python; undefined when it gets none. */
export function inPython(event: SentEvent): SentEvent | undefined {
  const { protocol } = event;
  if (protocol === undefined || protocol.isOfNode === true) return undefined;
  if (protocol.channel === "messages" || protocol.channel === "tools") {
    const namespace = protocol.namespace.slice(0, -1);
    return { ...event, data: changed(event, { namespace }), protocol: { ...protocol, namespace } };
  }
  if (event.event !== "input.requested") return event;
  // The SDK has another word for what is asked.
  const { data } = parseJson<Envelope>(event.data).params;
  return { ...event, data: changed(event, { data: { ...data, value: data.payload } }) };
}

/** A listener that gets the events so. */
export const listeningInPython =
  (listener: Listener): Listener =>
  (event) => {
    const seen = inPython(event);
    if (seen !== undefined) listener(seen);
  };

function changed({ data }: SentEvent, params: Partial<Envelope["params"]>): string {
  const envelope = parseJson<Envelope>(data);
  return JSON.stringify({ ...envelope, params: { ...envelope.params, ...params } });
}
