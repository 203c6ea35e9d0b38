/** The row of a run in its thread's object, and the object that is read from it. */
import type { CronEntry } from "../../calls/cron-entry";
import { usageOf, type CronTerms, type NewRun, type RunRecord } from "../../calls/run";
import type { User } from "../../calls/user";
import { now, toIsoOrNull } from "../../platform/clock";
import { parseJson, parseJsonOrNull } from "../../platform/json";
import type { RunStatus, WebhookDelivery } from "../../wire/runs/run";

/** A run's row, read. */
export interface StoredRun extends RunRecord {
  graphId: string;
  user: User | null;
  attempts: number;
  /** The run does not start before this instant (ms). */
  startAt: number;
  /** When the run's first attempt began (ms). */
  startedAt: number | null;
  /** The terms of the cron that made the run; null for a run that no cron made. */
  cron: CronTerms | null;
  /** Changes of the cron's row in the index that are still to be written, together with the run. */
  cronEntry: CronEntry | null;
  /** Attempts that ended with a failure of the graph. In the other attempts the host died, or they are still under way. */
  failures: number;
  /** The run ended at an interrupt and waits for an answer. */
  waiting: boolean;
  /** When the next report to the cron is due (ms); null before the run has ended, and when no report is to be sent. */
  reportAt: number | null;
  reportAttempts: number;
  /** The run was rolled back or deleted, and is to be removed from the index. */
  deleted: boolean;
  /** When the next call of the webhook is due (ms); null when no call is to be made. */
  webhookAt: number | null;
  webhookAttempts: number;
  /** The checkpoint with which the run ended. Its values are sent to the webhook. */
  lastCheckpointId: string | null;
  revision: number;
  /** The last revision that the index is known to have. */
  indexed: number;
}

/** The row in SQLite. */
export type RunRow = {
  run_id: string;
  thread_id: string;
  assistant_id: string;
  graph_id: string;
  status: RunStatus;
  metadata: string;
  kwargs: string;
  /** JSON of the user. */
  user: string | null;
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
  /** JSON of the attempts before the last one. */
  earlier_attempts: string | null;
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
  /** 1 when the values for the webhook are stored in `webhook_values`. */
  webhook_values_kept: number;
  revision: number;
  indexed: number;
};

/**
 * The row of a new run. A run that starts at once is stored as running, with its first attempt counted before it begins.
 */
export function newRunRow(
  run: NewRun,
  { startsNow, cronEntry }: { startsNow: boolean; cronEntry: CronEntry | null },
): RunRow {
  const at = now();
  return {
    run_id: run.runId,
    thread_id: run.threadId,
    assistant_id: run.assistantId,
    graph_id: run.graphId,
    status: startsNow ? "running" : "pending",
    metadata: JSON.stringify(run.metadata),
    kwargs: JSON.stringify(run.kwargs),
    user: run.user === null ? null : JSON.stringify(run.user),
    multitask_strategy: run.multitaskStrategy,
    error: null,
    attempts: startsNow ? 1 : 0,
    start_at: at + run.delayMs,
    started_at: startsNow ? at : null,
    cron: run.cron === null ? null : JSON.stringify(run.cron),
    cron_entry: cronEntry === null ? null : JSON.stringify(cronEntry),
    input_tokens: null,
    output_tokens: null,
    failures: 0,
    earlier_attempts: null,
    waiting: 0,
    report_at: null,
    report_attempts: 0,
    created_at: at,
    updated_at: at,
    deleted: 0,
    webhook_at: null,
    webhook_attempts: 0,
    webhook_status: run.kwargs.webhook === undefined ? null : "pending",
    webhook_error: null,
    last_checkpoint_id: null,
    webhook_values_kept: 0,
    revision: 1,
    indexed: 0,
  };
}

/** How far the run's webhook has got, as the API shows it. */
const deliveryOf = (row: RunRow, status: WebhookDelivery["status"]): WebhookDelivery => ({
  status,
  attempts: row.webhook_attempts,
  last_error: row.webhook_error,
  next_attempt_at: toIsoOrNull(row.webhook_at),
});

/** The entry in the column `cron_entry`. An entry of version 0.1.0 is left out: it has figures where the progress is now. */
const readEntry = (text: string | null): CronEntry | null => {
  const entry = parseJsonOrNull<CronEntry>(text);
  return entry !== null && "progress" in entry ? entry : null;
};

/** The run that a row holds. */
export const toStoredRun = (row: RunRow): StoredRun => ({
  runId: row.run_id,
  threadId: row.thread_id,
  assistantId: row.assistant_id,
  graphId: row.graph_id,
  status: row.status,
  metadata: parseJson(row.metadata),
  kwargs: parseJson(row.kwargs),
  user: parseJsonOrNull(row.user),
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
  cronEntry: readEntry(row.cron_entry),
  failures: row.failures,
  earlierAttempts: parseJsonOrNull(row.earlier_attempts),
  waiting: row.waiting === 1,
  reportAt: row.report_at,
  reportAttempts: row.report_attempts,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  deleted: row.deleted === 1,
  revision: row.revision,
  indexed: row.indexed,
});
