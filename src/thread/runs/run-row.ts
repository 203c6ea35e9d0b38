/** The row of a run in its thread's object: the table, and what is read from it. */
import type { CronEntry } from "../../calls/cron-entry";
import { usageOf, type CronTerms, type NewRun, type RunRecord } from "../../calls/run";
import { toIsoOrNull } from "../../platform/clock";
import { parseJson, parseJsonOrNull } from "../../platform/json";
import { type RunStatus, type WebhookDelivery } from "../../wire/runs";

/** A run's row, read. */
export interface StoredRun extends RunRecord {
  graphId: string;
  attempts: number;
  /** It does not start before. */
  startAt: number;
  /** When its first attempt began. */
  startedAt: number | null;
  /** What the cron that made it asks of it; null for a run that no cron made. */
  cron: CronTerms | null;
  /** What the index is to have of its cron, and is not known to; written with the run. */
  cronEntry: CronEntry | null;
  /** Attempts that the graph has failed in; the others ended with their hosts, or go on. */
  failures: number;
  /** It has ended at an interrupt, and waits for an answer. */
  waiting: boolean;
  /** When its cron is to be told (again) how it ended; null before it has, and when there is nobody to tell. */
  reportAt: number | null;
  reportAttempts: number;
  /** Rolled back or deleted: to be taken out of the index. */
  deleted: boolean;
  /** When its webhook is to be called (again); null when there is nothing to call. */
  webhookAt: number | null;
  webhookAttempts: number;
  /** The checkpoint that the run ended with, whose values its webhook is sent. */
  lastCheckpointId: string | null;
  revision: number;
  indexed: number;
}

/** As SQLite has it. */
export type RunRow = {
  run_id: string;
  thread_id: string;
  assistant_id: string;
  graph_id: string;
  status: RunStatus;
  metadata: string;
  kwargs: string;
  multitask_strategy: NewRun["multitaskStrategy"];
  error: string | null;
  attempts: number;
  start_at: number;
  started_at: number | null;
  /** JSON of CronTerms. */
  cron: string | null;
  /** JSON of CronEntry. */
  cron_entry: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  failures: number;
  waiting: number;
  report_at: number | null;
  report_attempts: number;
  created_at: number;
  updated_at: number;
  deleted: number;
  webhook_at: number | null;
  webhook_attempts: number;
  webhook_status: WebhookDelivery["status"] | null;
  webhook_error: string | null;
  last_checkpoint_id: string | null;
  /** 1 when what its webhook is to send is in `webhook_values`. */
  webhook_values_kept: number;
  revision: number;
  indexed: number;
};

const deliveryOf = (row: RunRow, status: WebhookDelivery["status"]): WebhookDelivery => ({
  status,
  attempts: row.webhook_attempts,
  last_error: row.webhook_error,
  next_attempt_at: toIsoOrNull(row.webhook_at),
});

export const toStoredRun = (row: RunRow): StoredRun => ({
  runId: row.run_id,
  threadId: row.thread_id,
  assistantId: row.assistant_id,
  graphId: row.graph_id,
  status: row.status,
  metadata: parseJson(row.metadata),
  kwargs: parseJson(row.kwargs),
  multitaskStrategy: row.multitask_strategy,
  error: parseJsonOrNull(row.error),
  attempts: row.attempts,
  usage: usageOf(row),
  webhook: row.webhook_status === null ? null : deliveryOf(row, row.webhook_status),
  webhookAt: row.webhook_at,
  webhookAttempts: row.webhook_attempts,
  lastCheckpointId: row.last_checkpoint_id,
  startAt: row.start_at,
  startedAt: row.started_at,
  cron: parseJsonOrNull(row.cron),
  cronEntry: parseJsonOrNull(row.cron_entry),
  failures: row.failures,
  waiting: row.waiting === 1,
  reportAt: row.report_at,
  reportAttempts: row.report_attempts,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  deleted: row.deleted === 1,
  revision: row.revision,
  indexed: row.indexed,
});
