/** A run as the server keeps it and as the API shows it. */
import { toIso } from "../platform/clock";
import type { JsonObject } from "../platform/json";
import type { LogFields } from "../platform/log";
import type { MultitaskStrategy } from "../wire/runs/payload";
import type {
  EarlierAttempt,
  KeptFields,
  Run,
  RunCreate,
  RunError,
  RunStatus,
  TokenUsage,
  WebhookDelivery,
} from "../wire/runs/run";
import type { ThreadTtl } from "../wire/threads/ttl";
import type { CronChain } from "./cron-planning";
import type { User } from "./user";

/** What the run was asked to do. `config` and `context` are those of the request, merged with those of the assistant. */
export interface RunKwargs extends JsonObject, KeptFields {
  config: JsonObject & { configurable: JsonObject };
  context: JsonObject;
  durability?: RunCreate["durability"];
  /** The run was started by the thread protocol, whose events are kept for it. */
  protocol?: true;
}

/** What a cron asks of the runs that it makes. */
export interface CronTerms {
  /** The cron that gets a report of how each of its runs ended. */
  cronId: string;
  /** The number of attempts at a run whose graph fails; with 1, it is not tried again. */
  maxAttempts: number;
  /** Ms from the first failure to the next attempt. Each further failure doubles the delay. */
  retryDelayMs: number;
  /** Ms that one attempt may take. Null for the limit of the deployment, which no attempt may exceed. */
  timeoutMs: number | null;
  /** The time to live of a thread that is made for the run and kept; null for that of the deployment. */
  ttl: ThreadTtl | null;
  /** Whether the thread is made for this run alone. */
  ownsThread: boolean;
  /** The chain that the cron belongs to. Absent when no run of a cron made it: then a chain may begin with it. */
  chain?: CronChain;
}

/** A run that is to be enqueued. */
export interface NewRun {
  runId: string;
  threadId: string;
  assistantId: string;
  graphId: string;
  metadata: JsonObject;
  kwargs: RunKwargs;
  /** Who makes the run, for the graph. Null when nobody with a name does. The record of the run does not show it. */
  user: User | null;
  /** The keys of `configurable` that the request set; the others come from the assistant. */
  ownConfigurable: string[];
  multitaskStrategy: MultitaskStrategy;
  /** Whether the thread is made when it does not exist. Otherwise a missing thread is an error. */
  createThread: boolean;
  /** Whether the thread is temporary: made for this run and removed with it. */
  temporary: boolean;
  /** Ms to wait before the run starts. */
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
  /** How far the calling of its webhook has got; null when the run has no webhook. */
  webhook: WebhookDelivery | null;
  /** The number of attempts so far; null when it is not known. */
  attempts: number | null;
  /** The attempts before the last one; null when there were none. */
  earlierAttempts: EarlierAttempt[] | null;
  /** The tokens that all its attempts used; null when no model reported any. */
  usage: TokenUsage | null;
  createdAt: number;
  updatedAt: number;
}

/** The ids of a run, for the lines of the log that are about it. A run that no cron made has no `cron_id`. */
export const runLogFields = (run: {
  runId: string;
  threadId: string;
  cron: CronTerms | null;
}): LogFields => ({
  cron_id: run.cron?.cronId,
  run_id: run.runId,
  thread_id: run.threadId,
});

/** Whether a run of this status has ended. */
export const isFinal = (status: RunStatus): boolean => status !== "pending" && status !== "running";

/** The run as the API shows it. */
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
    ...(run.earlierAttempts === null ? {} : { earlier_attempts: run.earlierAttempts }),
    ...(run.usage === null
      ? {}
      : { usage: { input_tokens: run.usage.inputTokens, output_tokens: run.usage.outputTokens } }),
  };
}

/** The tokens in the row of a run, be it of the thread's object or of the index; null when no model reported any. */
export const usageOf = (row: {
  input_tokens: number | null;
  output_tokens: number | null;
}): TokenUsage | null =>
  row.input_tokens === null ? null : { inputTokens: row.input_tokens, outputTokens: row.output_tokens ?? 0 };
