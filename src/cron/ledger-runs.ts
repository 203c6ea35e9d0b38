/**
 * The runs of a cron as its ledger knows them. The ledger goes back as far as `history_limit`, also when D1 has removed the records of
 * the runs. What it knows of a run is when the run was made and ended, how it ended, and its tokens.
 */
import type { CronDefinition } from "../calls/cron-definition";
import type { CronRunsPage, CronRunsQuery } from "../calls/cron-runs";
import { toIso } from "../platform/clock";
import type { MultitaskStrategy } from "../wire/runs/payload";
import type { Run } from "../wire/runs/run";
import type { CronContext } from "./cron-context";
import { keptThreadId, runIdOf } from "./slot-ids";
import type { SlotRow } from "./slot-rows";

/** The slot of a run, or null columns for a run that the ledger does not have. */
type Row = SlotRow & { found_id: string | null; total: number };

export class LedgerRuns {
  constructor(private readonly context: CronContext) {}

  /** A page of the runs, in the order of their creation. It reads the whole ledger, whose length is bounded. */
  list(query: CronRunsQuery): CronRunsPage {
    const { record, ledger, state } = this.context;
    const { definition, pendingFrom } = record.require();
    const isOfAssistant = query.assistantId === undefined || query.assistantId === definition.assistantId;
    const order = query.order === "asc" ? "ASC" : "DESC";
    const rows = state.storage.sql
      .exec<Row>(
        `WITH own AS MATERIALIZED (
           SELECT scheduled_for, manual, run_id, run_created_at AS created_at FROM slots
           WHERE status = 'fired' AND run_created_at >= ?1 AND run_created_at < ?2 AND run_deleted = 0
             AND (?3 IS NULL OR run_status = ?3) AND ?4 = 1),
         listed AS MATERIALIZED (
           SELECT * FROM own
           UNION ALL SELECT NULL, NULL, value ->> '$.runId', value ->> '$.createdAt' FROM json_each(?5)
             WHERE value ->> '$.runId' NOT IN (SELECT run_id FROM own)),
         page AS MATERIALIZED (
           SELECT * FROM listed ORDER BY created_at ${order}, run_id ${order} LIMIT ?6 OFFSET ?7)
         SELECT slots.*, page.run_id AS found_id, (SELECT count(*) FROM listed) AS total
         FROM (SELECT 1) LEFT JOIN page ON true
           LEFT JOIN slots ON (slots.scheduled_for, slots.manual) = (page.scheduled_for, page.manual)
         ORDER BY page.created_at ${order}, page.run_id ${order}`,
        query.createdAfter ?? 0,
        query.createdBefore ?? Number.MAX_SAFE_INTEGER,
        query.status ?? null,
        isOfAssistant ? 1 : 0,
        JSON.stringify(query.others),
        query.limit,
        query.offset,
      )
      .toArray();
    const runs = rows.flatMap(({ found_id: runId, ...row }) =>
      // The columns of a slot are null for a run that is not in the ledger.
      runId === null ? [] : [{ runId, run: row.run_id === null ? null : toRun(definition, row) }],
    );
    const unsettled = ledger
      .pending(pendingFrom)
      .filter(({ attempts }) => attempts > 0)
      .map((slot) => runIdOf(definition.cronId, slot));
    return { runs, total: rows[0]?.total ?? 0, unsettled };
  }

  /** Notes that the owner has deleted the run, so that it is listed no more. */
  forget(runId: string): void {
    const { record, ledger, state } = this.context;
    const { definition, pendingFrom } = record.require();
    const pending = ledger.pending(pendingFrom).find((slot) => runIdOf(definition.cronId, slot) === runId);
    if (pending !== undefined) ledger.storeClaimed();
    state.storage.sql.exec(
      "UPDATE slots SET run_deleted = 1 WHERE run_id = ? OR (scheduled_for, manual) = (?, ?)",
      runId,
      pending?.scheduledFor ?? null,
      pending?.manual === true ? 1 : 0,
    );
  }
}

/** The run, with the metadata that the cron gives its runs now. A run that has not ended is shown as `pending`. */
function toRun(definition: CronDefinition, row: SlotRow): Run {
  const { cronId, assistantId, metadata, payload } = definition;
  const createdAt = toIso(row.run_created_at ?? row.scheduled_for);
  const hasUsage = (row.input_tokens ?? 0) + (row.output_tokens ?? 0) > 0;
  return {
    run_id: row.run_id ?? "",
    thread_id:
      row.thread_id ?? keptThreadId(cronId, { scheduledFor: row.scheduled_for, manual: row.manual === 1 }),
    assistant_id: assistantId,
    created_at: createdAt,
    updated_at: row.run_ended_at === null ? createdAt : toIso(row.run_ended_at),
    status: row.run_status === null || row.run_status === "rolled_back" ? "pending" : row.run_status,
    metadata: { ...metadata, cron_id: cronId, scheduled_for: toIso(row.scheduled_for) },
    kwargs: {},
    multitask_strategy: (payload.multitask_strategy as MultitaskStrategy | undefined) ?? "enqueue",
    ...(row.run_error === null ? {} : { error: { error: "Error", message: row.run_error } }),
    ...(hasUsage
      ? { usage: { input_tokens: row.input_tokens ?? 0, output_tokens: row.output_tokens ?? 0 } }
      : {}),
  };
}
