/** Makes a run of what a request, or the payload of a cron, asks for. */
import { requireStorable, type JsonObject } from "../platform/json";
import { NO_NAME } from "../wire/assistants";
import { DECLARED_NAME } from "../wire/crons/cron";
import { KEPT_FIELDS, type RunCreate } from "../wire/runs/run";
import type { CronTerms, NewRun, RunKwargs } from "./run";
import { withoutUserKeys, type User } from "./user";

/** The fields that ask for a run: those of a request, or those of a stored payload of a cron. */
export type RunFields = Pick<RunCreate, "assistant_id"> &
  Partial<Omit<RunCreate, "config" | "checkpoint">> & { config?: JsonObject; checkpoint?: JsonObject };

/** What a run takes from its assistant. */
export interface AssistantSnapshot {
  assistant_id: string;
  graph_id: string;
  /** Absent in what crons of earlier versions have stored. */
  name?: string;
  config: JsonObject;
  context: JsonObject;
}

/**
 * The run that `fields` ask for. It gets the config and the context of the assistant; fields of the same name in the request
 * replace those of the assistant.
 * @param stateless whether the thread is made for this run
 * @param user who makes the run; null when that is nobody with a name
 * @param cron what the cron that makes the run asks of it; null when no cron makes it
 * @throws request.too_large
 */
export function newRun(
  fields: RunFields,
  assistant: AssistantSnapshot,
  {
    runId,
    threadId,
    stateless,
    user,
    cron = null,
  }: { runId: string; threadId: string; stateless: boolean; user: User | null; cron?: CronTerms | null },
): NewRun {
  const requested = publicKeys(fields.config?.configurable);
  const kwargs: RunKwargs = {
    ...Object.fromEntries(
      KEPT_FIELDS.filter((key) => fields[key] !== undefined).map((key) => [key, fields[key]]),
    ),
    durability: durabilityOf(fields),
    config: {
      ...nameOf(assistant),
      ...assistant.config,
      ...(cron === null ? {} : declaredName(fields.metadata)),
      ...fields.config,
      configurable: {
        ...publicKeys(assistant.config.configurable),
        ...requested,
        ...(fields.checkpoint_id === undefined ? {} : { checkpoint_id: fields.checkpoint_id }),
        ...checkpointKeys(fields.checkpoint),
        run_id: runId,
        thread_id: threadId,
        graph_id: assistant.graph_id,
        assistant_id: assistant.assistant_id,
      },
    },
    context: withoutUserKeys({ ...assistant.context, ...fields.context }),
  };
  requireStorable("run", kwargs, fields.metadata ?? {}, user);
  return {
    runId,
    threadId,
    assistantId: assistant.assistant_id,
    graphId: assistant.graph_id,
    metadata: fields.metadata ?? {},
    kwargs,
    user,
    ownConfigurable: Object.keys(requested),
    multitaskStrategy: fields.multitask_strategy ?? "enqueue",
    createThread: stateless || fields.if_not_exists === "create",
    temporary: stateless && fields.on_completion !== "keep",
    delayMs: (fields.after_seconds ?? 0) * 1000,
    cron,
  };
}

/** The name under which the run of a cron is traced that langgraph.json declares. */
const declaredName = (metadata: JsonObject = {}): JsonObject =>
  typeof metadata[DECLARED_NAME] === "string" ? { run_name: metadata[DECLARED_NAME] } : {};

/** The name under which the runs of an assistant are traced, if it has one. Without it, that of the graph is taken. */
const nameOf = ({ name, graph_id: graphId }: AssistantSnapshot): JsonObject =>
  name === undefined || name === NO_NAME || name === graphId ? {} : { run_name: name };

function durabilityOf(fields: RunFields): RunKwargs["durability"] {
  if (fields.durability !== undefined) return fields.durability;
  return fields.checkpoint_during === false ? "exit" : "async";
}

/** `configurable` without the keys that LangGraph and the server use themselves. A client must not set these. */
const publicKeys = (configurable: unknown): JsonObject =>
  Object.fromEntries(
    Object.entries(withoutUserKeys((configurable ?? {}) as JsonObject)).filter(
      ([key]) => !key.startsWith("__") && !key.startsWith("checkpoint_"),
    ),
  );

/** The keys of `configurable` that name the checkpoint at which the run starts. */
const checkpointKeys = (checkpoint: JsonObject | undefined): JsonObject =>
  Object.fromEntries(
    ["checkpoint_id", "checkpoint_ns", "checkpoint_map"]
      .filter((key) => checkpoint?.[key] !== undefined)
      .map((key) => [key, checkpoint?.[key]]),
  );
