/** The events of the thread protocol, and the requests that say which of them a client wants. */
import { z } from "zod";
import { optional, requestNames } from "../fields";

/** More of them than any client has would only make each event slow. */
const MAX_LISTED = 200;

/** The channels on which events are sent, beside the named ones, `custom:<name>`. */
export const CHANNELS = [
  "values",
  "updates",
  "messages",
  "tools",
  "lifecycle",
  "input",
  "checkpoints",
  "tasks",
  "custom",
] as const;

const channel = z
  .string()
  .max(200)
  .regex(
    new RegExp(`^(?:${CHANNELS.join("|")}|custom:.+)$`, "s"),
    `expected ${CHANNELS.join(", ")} or custom:<name>`,
  );

const namespace = z.array(z.string().max(500)).max(50);

const filterFields = {
  channels: z.array(channel).min(1).max(MAX_LISTED).meta({
    description: "The channels whose events are streamed; `custom:<name>` is one of the named ones.",
  }),
  namespaces: optional(z.array(namespace).max(MAX_LISTED)).meta({
    description:
      "Only events of these subgraphs and of what is in them: the labels of each, from the outermost on. A label without the id " +
      "after its colon stands for all of its name.",
  }),
  depth: optional(z.int().min(0)).meta({
    description: "Only events at most so many subgraphs below one of the `namespaces`.",
  }),
  since: optional(z.int().min(0)).meta({
    description:
      "The `seq` of the last event that was received. The stream begins with the kept events after it; 0 asks for all kept " +
      "events. Without it, the stream begins with the events of the thread's last run.",
  }),
};

/** The body of a request for a stream of events. */
export const eventsFilter = z.strictObject(filterFields).register(requestNames, { id: "EventsFilter" });
/** The same as the parameters of the command `subscription.subscribe`, which may have more fields. */
export const subscribeParams = z.looseObject(filterFields);

/** Which events of a thread a client wants. */
export type EventsFilter = z.output<typeof eventsFilter>;

/** A state of the thread's agent, or of one of its subgraphs. */
export type AgentStatus = "started" | "running" | "completed" | "failed" | "interrupted";

/** A graph and the graphs in it. */
export interface AgentTree {
  namespace: string[];
  status: AgentStatus;
  graph_name: string;
  children?: AgentTree[];
}
