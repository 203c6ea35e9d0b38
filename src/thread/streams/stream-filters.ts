/** Which of the events of runs and threads a stream is to have. */
import type { RunFilter, ThreadMode } from "../../calls/thread-calls";
import type { SentEvent } from "./sent-event";

/** Whether a run's stream is to have the event. */
export function isOfRun(sent: SentEvent, { modes, namespaces }: RunFilter): boolean {
  if (sent.threadOnly === true) return false;
  const [name = "", ...labels] = sent.event.split("|");
  const [mode = ""] = name.split("/");
  if (mode === "metadata" || mode === "error" || mode === "feedback") return true;
  if (namespaces !== undefined && !namespaces.includes(labels.join("|"))) return false;
  // `messages/partial` is of the mode `messages`, and `messages` itself of the newer one.
  return modes === undefined || modes.includes(name === "messages" ? "messages-tuple" : mode);
}

/** Whether a thread's stream is to have the event. */
export function isOfThread({ event }: SentEvent, modes: readonly ThreadMode[]): boolean {
  if (event === "state_update") return modes.includes("state_update");
  return modes.includes("run_modes") || (event === "metadata" && modes.includes("lifecycle"));
}
