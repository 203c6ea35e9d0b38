/** Gives the events of LangGraph's pipeline the form in which clients of the thread protocol get them. */
import type { JsonObject } from "../../platform/json";
import { isObject, wireTask } from "../streams/stream-modes";
import type { ProtocolEvent } from "./protocol-event";
import { inputRequested } from "./run-events";

/** An event of LangGraph's pipeline. */
export interface GraphEvent {
  method: string;
  params: { namespace: string[]; timestamp: number; node?: string; data: unknown };
}

/** What is known of the run beside the event. */
interface RunSoFar {
  runId: string;
  /** Ids of the interrupts that were sent; new ones are added. */
  requested: Set<string>;
  /** The namespaces that are those of graphs, with their labels joined by `|`. The others are those of nodes. */
  graphs: ReadonlySet<string>;
}

/** What begins the method of an event that a transformer of the graph has made. */
const NAMED = "custom:";

/** The events that clients get of an event of the pipeline. */
export function* eventsOf({ method, params }: GraphEvent, run: RunSoFar): Generator<ProtocolEvent> {
  const { namespace, timestamp: at, node, data } = params;
  const event: ProtocolEvent = { method, namespace, data, at, ...(node === undefined ? {} : { node }) };
  switch (method) {
    case "lifecycle":
      // The server says itself how the run as a whole begins and ends.
      if (namespace.length > 0) yield { ...event, isOfNode: !run.graphs.has(namespace.join("|")) };
      return;
    case "values": {
      const { values, interrupts } = withoutInterrupts(data);
      yield* requests(interrupts, namespace, run);
      if (values !== undefined) yield { ...event, data: values };
      return;
    }
    case "updates":
      if (isObject(data) && data.node === INTERRUPT) yield* requests(data.values, namespace, run);
      else yield event;
      return;
    case "messages":
      yield { ...event, data: withRole(data) };
      return;
    case "custom":
      yield { ...event, data: withPayload(data) };
      return;
    case "tasks":
      yield { ...event, data: isObject(data) ? wireTask(data) : data };
      return;
    default:
      if (!method.startsWith(NAMED)) yield event;
      else yield { ...event, method: "custom", data: { name: method.slice(NAMED.length), payload: data } };
  }
}

/** The namespace of the task that the metadata of a message names. */
export function namespaceOf(metadata: JsonObject): string[] {
  const { langgraph_checkpoint_ns: ns } = metadata;
  return typeof ns === "string" && ns !== "" ? ns.split("|") : [];
}

/** The key under which LangGraph streams interrupts. */
const INTERRUPT = "__interrupt__";

/** Values and the interrupts in them. The values are undefined when there was nothing else. */
function withoutInterrupts(data: unknown): { values: unknown; interrupts: unknown } {
  if (!isObject(data) || !(INTERRUPT in data)) return { values: data, interrupts: [] };
  const { [INTERRUPT]: interrupts, ...values } = data;
  return { values: Object.keys(values).length === 0 ? undefined : values, interrupts };
}

/** An event for each interrupt that was not sent before: LangGraph streams an interrupt of a subgraph at each level, and in two modes. */
function* requests(
  interrupts: unknown,
  namespace: string[],
  { runId, requested }: RunSoFar,
): Generator<ProtocolEvent> {
  if (!Array.isArray(interrupts)) return;
  for (const [index, interrupt] of (interrupts as unknown[]).entries()) {
    if (!isObject(interrupt)) continue;
    // LangGraph before version 0.4 gives interrupts no ids.
    const id = typeof interrupt.id === "string" ? interrupt.id : `interrupt_${index}`;
    if (requested.has(id)) continue;
    requested.add(id);
    yield inputRequested(runId, namespace, { id, value: interrupt.value });
  }
}

/** The begin of a message with its role, which LangGraph leaves out when it is that of a model. */
const withRole = (data: unknown): unknown =>
  isObject(data) && data.event === "message-start" ? { role: "ai", ...data } : data;

/**
 * What a graph has written, as the `payload` of its event. An object with a name is an event of that name; its other fields stay
 * where they are, because Python's SDK reads them there.
 */
function withPayload(data: unknown): unknown {
  if (!isObject(data) || typeof data.name !== "string" || "payload" in data) return data;
  return { ...data, payload: data };
}
