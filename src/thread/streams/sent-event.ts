/** The events that streams send, and which of them a stream includes. */
import type { RunFilter, ThreadMode } from "../../calls/thread-calls";

/** The run and the thread of an event; `runId` is null for an event of the thread alone. */
export interface EventRef {
  runId: string | null;
  threadId: string;
}

/** An event as it is sent. */
export interface SentEvent extends EventRef {
  /** The ids of the events in an object rise strictly, also when the object moves to another host. */
  id: number;
  event: string;
  /** JSON text. */
  data: string;
  /** The event goes to the streams of the thread and not to those of the run. */
  threadOnly?: true;
  /** There when the event is one of the thread protocol, and then no stream of the older API has it. */
  protocol?: ProtocolAddress;
}

/** What says which clients of the thread protocol get an event. */
export interface ProtocolAddress {
  channel: string;
  /** The labels of the subgraph that the event is from, from the outermost on; none for the graph itself. */
  namespace: string[];
  /** The event says how a node begins or ends that is no graph. */
  isOfNode?: true;
  /** The id that clients see. It names the run of an event that the server makes itself, and is the event's number otherwise. */
  eventId: string;
}

/** Whether a run's stream includes the event. */
export function isInRunStream(sent: SentEvent, { modes, namespaces }: RunFilter): boolean {
  if (sent.threadOnly === true || sent.protocol !== undefined) return false;
  const [name = "", ...labels] = sent.event.split("|");
  const [mode = ""] = name.split("/");
  if (mode === "metadata" || mode === "error" || mode === "feedback") return true;
  if (namespaces !== undefined && !namespaces.includes(labels.join("|"))) return false;
  // The event `messages/partial` is of the mode `messages`, and the event `messages` of the mode `messages-tuple`.
  return modes === undefined || modes.includes(name === "messages" ? "messages-tuple" : mode);
}

/** Whether a thread's stream includes the event. */
export function isInThreadStream({ event, protocol }: SentEvent, modes: readonly ThreadMode[]): boolean {
  if (protocol !== undefined) return false;
  if (event === "state_update") return modes.includes("state_update");
  return modes.includes("run_modes") || (event === "metadata" && modes.includes("lifecycle"));
}
