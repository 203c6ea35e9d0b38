/** A run as the server keeps it and as the API shows it. */
import { toIso } from "../platform/clock";
import type { JsonObject } from "../platform/json";
import type { MultitaskStrategy } from "../wire/runs/payload";
import type {
  KeptFields,
  Run,
  RunCreate,
  RunError,
  RunStatus,
  TokenUsage,
  WebhookDelivery,
} from "../wire/runs/run";
import type { ThreadTtl } from "../wire/threads/ttl";

/** What the run was asked to do; `config` and `context` have the assistant's merged in. */
export interface RunKwargs extends JsonObject, KeptFields {
  config: JsonObject & { configurable: JsonObject };
  context: JsonObject;
  durability?: RunCreate["durability"];
}

/** What a cron asks of the runs that it makes. */
export interface CronTerms {
  /** Is told how each of them has ended. */
  cronId: string;
  /** Attempts in all at a run whose graph fails; 1: it is not tried again. */
  maxAttempts: number;
  /** Ms from the first failure to the next attempt; twice as long after each further one. */
  retryDelayMs: number;
  /** Ms that an attempt may take, when that is less than any run may; null: no less. */
  timeoutMs: number | null;
  /** Of a thread that is made for the run and kept; null: the deployment's own. */
  ttl: ThreadTtl | null;
  /** The thread is made for this run alone. */
  ownsThread: boolean;
}

/** A run that is to be enqueued. */
export interface NewRun {
  runId: string;
  threadId: string;
  assistantId: string;
  graphId: string;
  metadata: JsonObject;
  kwargs: RunKwargs;
  /** The keys of `configurable` that are the request's, and not its assistant's. */
  ownConfigurable: string[];
  multitaskStrategy: MultitaskStrategy;
  /** Make the thread if there is none; otherwise a missing one is an error. */
  createThread: boolean;
  /** The thread is made for this run and goes with it. */
  temporary: boolean;
  /** Ms to wait before it starts. */
  delayMs: number;
  /** Null when no cron makes it. */
  cron: CronTerms | null;
}

/** A run's record. Instants in ms since the epoch. */
export interface RunRecord {
  runId: string;
  threadId: string;
  assistantId: string;
  status: RunStatus;
  metadata: JsonObject;
  kwargs: RunKwargs;
  multitaskStrategy: MultitaskStrategy;
  error: RunError | null;
  /** Null when it has no webhook. */
  webhook: WebhookDelivery | null;
  /** Starts of its execution so far; null when that is not known. */
  attempts: number | null;
  /** What all its attempts used; null when no model told of any. */
  usage: TokenUsage | null;
  createdAt: number;
  updatedAt: number;
}

export const isFinal = (status: RunStatus): boolean => status !== "pending" && status !== "running";

export function toWireRun(run: RunRecord): Run {
  return {
    run_id: run.runId,
    thread_id: run.threadId,
    assistant_id: run.assistantId,
    created_at: toIso(run.createdAt),
    updated_at: toIso(run.updatedAt),
    status: run.status,
    metadata: run.metadata,
    kwargs: run.kwargs,
    multitask_strategy: run.multitaskStrategy,
    ...(run.error === null ? {} : { error: run.error }),
    ...(run.webhook === null ? {} : { webhook: run.webhook }),
    ...(run.attempts === null ? {} : { attempts: run.attempts }),
    ...(run.usage === null
      ? {}
      : { usage: { input_tokens: run.usage.inputTokens, output_tokens: run.usage.outputTokens } }),
  };
}
/** What a row says of tokens, here or in the index. */
export const usageOf = (row: {
  input_tokens: number | null;
  output_tokens: number | null;
}): TokenUsage | null =>
  row.input_tokens === null ? null : { inputTokens: row.input_tokens, outputTokens: row.output_tokens ?? 0 };
