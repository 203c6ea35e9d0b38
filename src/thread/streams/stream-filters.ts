/** Decides which events a stream includes. */
import type { RunFilter, ThreadMode } from "../../calls/thread-calls";
import type { SentEvent } from "./sent-event";

/** Whether a run's stream includes the event. */
export function isInRunStream(sent: SentEvent, { modes, namespaces }: RunFilter): boolean {
  if (sent.threadOnly === true) return false;
  const [name = "", ...labels] = sent.event.split("|");
  const [mode = ""] = name.split("/");
  if (mode === "metadata" || mode === "error" || mode === "feedback") return true;
  if (namespaces !== undefined && !namespaces.includes(labels.join("|"))) return false;
  // The event `messages/partial` is of the mode `messages`, and the event `messages` of the mode `messages-tuple`.
  return modes === undefined || modes.includes(name === "messages" ? "messages-tuple" : mode);
}

/** Whether a thread's stream includes the event. */
export function isInThreadStream({ event }: SentEvent, modes: readonly ThreadMode[]): boolean {
  if (event === "state_update") return modes.includes("state_update");
  return modes.includes("run_modes") || (event === "metadata" && modes.includes("lifecycle"));
}
