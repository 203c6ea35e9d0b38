/** What clients may send about runs. */
import { z } from "zod";
import type { JsonObject } from "../../platform/json";
import { isPublicUrl } from "../../platform/public-url";
import {
  assistantId,
  jsonObject,
  lastOf,
  limit,
  listOf,
  offset,
  optional,
  queryBoolean,
  queryLimit,
  queryOffset,
  uuid,
} from "../fields";

/** What steers the execution is checked: with a `max_concurrency` of 0 no node would ever start. */
export const runConfig = z.looseObject({
  tags: optional(z.array(z.string())),
  recursion_limit: optional(z.number().int().min(1).max(10_000)),
  max_concurrency: optional(z.number().int().min(1)),
  run_name: optional(z.string()),
  metadata: optional(jsonObject),
  configurable: optional(jsonObject),
});

const streamModes = z.enum([
  "values",
  "messages",
  "messages-tuple",
  "tasks",
  "checkpoints",
  "updates",
  "events",
  "debug",
  "custom",
  "tools",
]);

const nodes = z.union([z.literal("*"), z.array(z.string())], 'expected "*" or a list of node names');

export const multitaskStrategy = z.enum(["reject", "rollback", "interrupt", "enqueue"]);

export const webhookUrl = z
  .string()
  .min(1)
  .max(65_536)
  .refine(isPublicUrl, "expected an absolute http(s) URL on a public host");

/** Fields that a cron's payload and a run have in common. */
export const payloadFields = {
  config: optional(runConfig),
  context: optional(jsonObject),
  webhook: optional(webhookUrl),
  interrupt_before: optional(nodes),
  interrupt_after: optional(nodes),
  stream_mode: optional(
    z.union([streamModes, z.array(streamModes)], "expected a stream mode or a list of them"),
  ),
  stream_subgraphs: optional(z.boolean()),
  stream_resumable: optional(z.boolean()),
  durability: optional(z.enum(["sync", "async", "exit"])),
  checkpoint_during: optional(z.boolean()),
};

/** Any JSON, or nothing: `z.unknown()` alone would ask for the key. */
const anything = z.unknown().optional();

/** How LangGraph's own classes name themselves as JSON, which is how RemoteGraph sends them. */
const lgName = (name: string) => optional(z.literal(name));

const send = z
  .strictObject({
    node: z.string(),
    input: anything,
    lg_name: lgName("Send"),
    args: anything,
    timeout: anything,
  })
  .transform(({ node, input, args }) => ({ node, input: input === undefined ? args : input }));
const goto = z.union([z.string(), send]);

export const command = z
  .strictObject({
    lg_name: lgName("Command"),
    update: z.union([jsonObject, z.array(z.tuple([z.string(), z.unknown()]))]).nullish(),
    resume: anything,
    goto: z.union([goto, z.array(goto)]).nullish(),
    /** What Python's SDKs before 0.1.43 call those places to go to that have an input of their own. */
    send: z.union([send, z.array(send)]).nullish(),
  })
  .transform(({ update, resume, goto, send }) => ({
    update,
    resume,
    goto: send == null ? goto : [goto ?? [], send].flat(),
  }));

/** A checkpoint of a thread, which is the one that the request is about. */
export const checkpoint = z.strictObject({
  thread_id: optional(z.string()),
  checkpoint_ns: optional(z.string()),
  checkpoint_id: optional(z.string()),
  checkpoint_map: optional(jsonObject),
});

/** The JavaScript SDK's types have other words for the same. */
const onCompletion = z
  .enum(["delete", "keep", "complete", "continue"])
  .transform((word) => (word === "keep" || word === "continue" ? "keep" : "delete"));

/** The body of every request that makes a run, on a thread or stateless. */
export const runCreate = z.strictObject({
  ...payloadFields,
  assistant_id: assistantId,
  input: anything,
  command: optional(command),
  metadata: optional(jsonObject),
  multitask_strategy: optional(multitaskStrategy),
  if_not_exists: optional(z.enum(["create", "reject"])),
  on_completion: optional(onCompletion),
  on_disconnect: optional(z.enum(["cancel", "continue"])),
  after_seconds: optional(z.number().min(0).max(31_536_000)),
  checkpoint: optional(checkpoint),
  checkpoint_id: optional(z.string()),
  feedback_keys: optional(z.array(z.string())),
  langsmith_tracer: optional(jsonObject),
  langsmith_tracing: optional(jsonObject),
  strict_resume: optional(z.boolean()),
});
export type RunCreate = z.output<typeof runCreate>;

/** The body of a request that waits for its run. */
export const runWait = z.strictObject({
  ...runCreate.shape,
  /** Python's synchronous client sends along what it will do itself when the run has failed. */
  raise_error: optional(z.boolean()),
});

const runStatus = z.enum(["pending", "running", "error", "success", "timeout", "interrupted"]);

const runFields = [
  "run_id",
  "thread_id",
  "assistant_id",
  "created_at",
  "updated_at",
  "status",
  "metadata",
  "kwargs",
  "multitask_strategy",
  "error",
  "webhook",
  "attempts",
  "usage",
] as const;
const runField = z.enum(runFields);

export const runList = z.strictObject({
  limit: queryLimit.default(10),
  offset: queryOffset.default(0),
  status: runStatus.optional(),
  select: listOf(runField).optional(),
});

export const runSearch = z.strictObject({
  metadata: optional(jsonObject),
  status: optional(runStatus),
  thread_id: optional(uuid),
  assistant_id: optional(assistantId),
  /** The open Agent Protocol's word for an assistant. */
  agent_id: optional(assistantId),
  created_after: optional(z.iso.datetime({ offset: true, local: true })),
  created_before: optional(z.iso.datetime({ offset: true, local: true })),
  limit: limit.nullish().transform((value) => value ?? 10),
  offset: offset.nullish().transform((value) => value ?? 0),
  sort_order: optional(z.enum(["asc", "desc"])),
  select: optional(z.array(runField)),
});
export type RunSearch = z.output<typeof runSearch>;

export const cancelQuery = z.strictObject({
  wait: queryBoolean.default(false),
  action: z.enum(["interrupt", "rollback"]).default("interrupt"),
  reason: z.string().optional(),
});

export const joinQuery = z.strictObject({ cancel_on_disconnect: queryBoolean.default(false) });

const lastEventId = z
  .string()
  .regex(/^-?\d*$/, 'expected the id of an event, or "-1" for all')
  .transform((text) => (text === "" || text === "-" ? 0 : Math.max(Number(text), 0)));

/** The header `Last-Event-ID`, when it is sent. */
export const lastEventIdHeader = lastEventId.optional();

/** For those who go on and have no event yet; the header is for all others. */
const goOnAfter = lastOf(lastEventId).optional();

/** What of a run's events is streamed, beside what the run is asked to stream. */
export const streamQuery = z.looseObject({ namespace: listOf(z.string()).optional() });

export const joinStreamQuery = z.looseObject({
  ...streamQuery.shape,
  cancel_on_disconnect: lastOf(queryBoolean).default(false),
  stream_mode: listOf(streamModes).optional(),
  /** The SDK's hint at what its caller has seen: to be sent more than that does no harm. */
  checkpoint_id: lastOf(z.string()).optional(),
  last_event_id: goOnAfter,
});

/** The modes of a thread's stream. */
export const THREAD_MODES = ["run_modes", "lifecycle", "state_update"] as const;

const threadModes = listOf(z.enum(THREAD_MODES)).optional();

export const threadStreamQuery = z.strictObject({
  stream_modes: threadModes,
  /** What the SDKs call it. */
  stream_mode: threadModes,
  last_event_id: goOnAfter,
});

export const runsCancel = z.strictObject({
  status: optional(z.enum(["pending", "running", "all"])),
  thread_id: optional(uuid),
  run_ids: optional(z.array(uuid).min(1).max(1000)),
});

/** What only the client itself has a use for, and sends all the same. */
const CLIENT_ONLY = new Set(["signal", "_langsmithTracer"]);

const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The JavaScript SDKs send a batch as their caller wrote it, in camel case, with `assistant_id` added. */
function fromCamelCase(item: unknown): unknown {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
  const entries = Object.entries(item).filter(([key]) => !CLIENT_ONLY.has(key));
  const renamed = entries.map(([key, value]): [string, unknown] => {
    const name = snakeCase(key);
    return [name in runCreate.shape ? name : key, value];
  });
  return {
    ...Object.fromEntries(renamed),
    ...Object.fromEntries(entries.filter(([key]) => key in runCreate.shape)),
  };
}

export const runBatch = z.array(z.preprocess(fromCamelCase, runCreate)).min(1).max(100);
/** The states of docs/run-lifecycle.md. */
export type RunStatus = "pending" | "running" | "success" | "error" | "timeout" | "interrupted";
/** Of a run that has ended. */
export type FinalStatus = Exclude<RunStatus, "pending" | "running">;
export type MultitaskStrategy = "reject" | "rollback" | "interrupt" | "enqueue";
/** What went wrong, in the form that the SDKs raise. */
export interface RunError {
  error: string;
  message: string;
}
/** How far the calling of a run's webhook has got. */
export interface WebhookDelivery {
  status: "pending" | "delivered" | "failed";
  /** Calls so far. */
  attempts: number;
  /** What was wrong with the last call that failed; null when none has, or one was answered. */
  last_error: string | null;
  /** ISO text; null before the run has ended, and when there is nothing more to call. */
  next_attempt_at: string | null;
}
/**
 * A run as the API shows it; `error` only when it failed, `webhook` only when it has one, and `usage` only when a model told
 * what it used.
 */
export interface Run {
  run_id: string;
  thread_id: string;
  assistant_id: string;
  created_at: string;
  updated_at: string;
  status: RunStatus;
  metadata: JsonObject;
  kwargs: JsonObject;
  multitask_strategy: MultitaskStrategy;
  error?: RunError;
  webhook?: WebhookDelivery;
  /** Not of runs that ended under a version that did not count them. */
  attempts?: number;
  usage?: { input_tokens: number; output_tokens: number };
}
/** Tokens that models were sent, and that they answered with. */
export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
}
