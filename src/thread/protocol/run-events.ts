/**
 * The events of the thread protocol that the server makes itself: how a run begins, asks and ends. Their ids name the run, which the
 * SDKs read from them, and are the same each time that an event is made, so that no client takes it for a second one.
 */
import type { RunError } from "../../wire/runs/run";
import type { AgentStatus } from "../../wire/protocol/events";
import type { Outcome } from "../runs/outcome";
import type { StoredRun } from "../runs/run-row";
import type { SentEvent } from "../streams/sent-event";
import type { ProtocolEvent } from "./protocol-event";

/** An event of the graph itself. @param what tells the event from the others of the run */
export const serverEvent = (
  method: string,
  data: unknown,
  { runId, what }: { runId: string; what: string },
): ProtocolEvent => ({ method, namespace: [], data, eventId: `synth:${runId}:${what}` });

/** The begin of an attempt at a run. */
export const runBegin = ({ runId, graphId, attempts }: StoredRun): ProtocolEvent =>
  serverEvent(
    "lifecycle",
    { event: "running" satisfies AgentStatus, graph_name: graphId },
    { runId, what: `running:${attempts}` },
  );

/** Which interrupts a run answers; undefined when it answers none by their ids. */
export function inputAnswered({
  runId,
  kwargs: { command, strict_resume },
}: StoredRun): ProtocolEvent | undefined {
  const resume = command?.resume;
  if (strict_resume !== true || typeof resume !== "object" || resume === null) return undefined;
  return serverEvent("input.answered", { interrupt_ids: Object.keys(resume) }, { runId, what: "answered" });
}

/** An interrupt that waits for an answer. */
export const inputRequested = (
  runId: string,
  namespace: string[],
  { id, value }: { id: string; value: unknown },
): ProtocolEvent => ({
  ...serverEvent("input.requested", { interrupt_id: id, payload: value }, { runId, what: `input:${id}` }),
  namespace,
});

/** The end of a run. */
export const runEnd = (
  { runId, graphId }: { runId: string; graphId: string },
  { status, error }: { status: AgentStatus; error: RunError | null },
): ProtocolEvent =>
  serverEvent(
    "lifecycle",
    { event: status, graph_name: graphId, ...(error === null ? {} : { error: error.message }) },
    { runId, what: "end" },
  );

/** The word of the protocol for how a run has ended. */
export function agentStatus({ status, waiting }: Pick<Outcome, "status" | "waiting">): AgentStatus {
  if (status === "success") return waiting ? "interrupted" : "completed";
  return status === "interrupted" ? "interrupted" : "failed";
}

/** Whether the event is the end of a run. */
export const isRunEnd = ({ protocol }: SentEvent): boolean => protocol?.eventId.endsWith(":end") === true;
