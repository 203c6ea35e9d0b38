/** Makes a run of what a request, or the payload of a cron, asks for. */
import { requireStorable, type JsonObject } from "../platform/json";
import { KEPT_FIELDS, type RunCreate } from "../wire/runs/run";
import type { CronTerms, NewRun, RunKwargs } from "./run";

/** The fields that ask for a run: those of a request, or those of a stored payload of a cron. */
export type RunFields = Pick<RunCreate, "assistant_id"> &
  Partial<Omit<RunCreate, "config" | "checkpoint">> & { config?: JsonObject; checkpoint?: JsonObject };

/** What a run takes from its assistant. */
export interface AssistantSnapshot {
  assistant_id: string;
  graph_id: string;
  config: JsonObject;
  context: JsonObject;
}

/**
 * The run that `fields` ask for. It gets the config and the context of the assistant; fields of the same name in the request
 * replace those of the assistant.
 * @param stateless whether the thread is made for this run
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
    cron = null,
  }: { runId: string; threadId: string; stateless: boolean; cron?: CronTerms | null },
): NewRun {
  const requested = publicKeys(fields.config?.configurable);
  const kwargs: RunKwargs = {
    ...Object.fromEntries(
      KEPT_FIELDS.filter((key) => fields[key] !== undefined).map((key) => [key, fields[key]]),
    ),
    durability: durabilityOf(fields),
    config: {
      ...assistant.config,
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
    context: { ...assistant.context, ...fields.context },
  };
  requireStorable("run", kwargs, fields.metadata ?? {});
  return {
    runId,
    threadId,
    assistantId: assistant.assistant_id,
    graphId: assistant.graph_id,
    metadata: fields.metadata ?? {},
    kwargs,
    ownConfigurable: Object.keys(requested),
    multitaskStrategy: fields.multitask_strategy ?? "enqueue",
    createThread: stateless || fields.if_not_exists === "create",
    temporary: stateless && fields.on_completion !== "keep",
    delayMs: (fields.after_seconds ?? 0) * 1000,
    cron,
  };
}

function durabilityOf(fields: RunFields): RunKwargs["durability"] {
  if (fields.durability !== undefined) return fields.durability;
  return fields.checkpoint_during === false ? "exit" : "async";
}

/** `configurable` without the keys that LangGraph uses itself. A client must not set these. */
const publicKeys = (configurable: unknown): JsonObject =>
  Object.fromEntries(
    Object.entries((configurable ?? {}) as JsonObject).filter(
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
