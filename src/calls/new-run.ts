/** From a request, or a cron's payload, to the run that it asks for. */
import { requireStorable, type JsonObject } from "../platform/json";
import { KEPT_FIELDS, type RunCreate } from "../wire/runs/run";
import type { CronTerms, NewRun, RunKwargs } from "./run";

/** The fields of a run: of a request, or of a cron's payload as it is stored. */
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
 * The run that `fields` ask for. The assistant's config and context are its ground; what the request says lies on top.
 * @param stateless that the thread is made for this run
 * @param cron what the cron that makes it asks of it
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
  const own = publicKeys(fields.config?.configurable);
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
        ...own,
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
    ownConfigurable: Object.keys(own),
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

/** `configurable` without LangGraph's own keys, which steer its machinery and are not a client's to set. */
const publicKeys = (configurable: unknown): JsonObject =>
  Object.fromEntries(
    Object.entries((configurable ?? {}) as JsonObject).filter(
      ([key]) => !key.startsWith("__") && !key.startsWith("checkpoint_"),
    ),
  );

const checkpointKeys = (checkpoint: JsonObject | undefined): JsonObject =>
  Object.fromEntries(
    ["checkpoint_id", "checkpoint_ns", "checkpoint_map"]
      .filter((key) => checkpoint?.[key] !== undefined)
      .map((key) => [key, checkpoint?.[key]]),
  );
