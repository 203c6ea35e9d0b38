/**
 * The runs of a cron. The cron's own object lists them, as far back as its ledger goes, and D1 adds the records that it still has. So
 * D1 needs no index of runs by cron, and a run whose record was removed is listed all the same, with what the ledger knows of it. See
 * docs/decisions/0025-a-cron-lists-its-runs-itself.md.
 */
import type { AccessFilter } from "../calls/access-filter";
import { cronObject } from "../calls/cron-calls";
import type { CronRunsPage, RunPlace } from "../calls/cron-runs";
import { isFinal } from "../calls/run";
import { assistantIdOf } from "../d1/assistants-table";
import { searchRuns, type RunFilters } from "../d1/run-search";
import type { Env } from "../platform/config";
import { asDomainError } from "../platform/errors";
import { parseInstant } from "../platform/instant";
import { containsJson, type JsonObject } from "../platform/json";
import type { FinalStatus, Run } from "../wire/runs/run";
import { uuid } from "../wire/fields";

/** A search for runs. `metadata.cron_id` names the cron. */
export type CronRunsSearch = RunFilters & { metadata: { cron_id: string } };

/** How many runs of a ledger are checked at a time for metadata, which only D1 knows. */
const RUNS_AT_ONCE = 500;
/** How many matching runs, beyond those of the page, are counted. */
const COUNTED_RUNS = 1_000;

interface FoundRuns {
  runs: Run[];
  total: number;
}

/** Whether the search is one for the runs of a cron. */
export const namesCron = (query: RunFilters): query is CronRunsSearch =>
  typeof query.metadata?.cron_id === "string";

/**
 * One page of the runs of a cron that match, newest first unless `sort_order` is "asc", and the number of all that match.
 * @param visible runs that only D1 knows are found if they pass this filter. Anybody may have made a run whose metadata name the
 *   cron. Those of the ledger are the cron's, and have its metadata
 */
export async function searchRunsOfCron(
  env: Env,
  query: CronRunsSearch,
  visible?: AccessFilter,
): Promise<FoundRuns> {
  const { cron_id: cronId, ...metadata } = query.metadata;
  // D1 finds few runs that are on one thread or have not ended, and only D1 knows more of them than their cron does.
  if (query.thread_id !== undefined || isUnfinished(query.status)) return searchRuns(env.DB, query, visible);
  const filters = { ...query, metadata };
  const inNoLedger = { ...filters, inNoLedgerOf: cronId };
  if (!uuid.safeParse(cronId).success) return searchRuns(env.DB, inNoLedger, visible);
  const search = new LedgerSearch(env, cronId, filters, visible);
  try {
    const { ids, total } = await (Object.keys(metadata).length === 0 ? search.page() : search.matchingPage());
    return { runs: await search.withRecords(ids), total };
  } catch (error) {
    if (asDomainError(error)?.code !== "cron.not_found") throw error;
    return searchRuns(env.DB, inNoLedger, visible);
  }
}

/** One search for runs of a cron, in its ledger and in D1. */
class LedgerSearch {
  /** The runs as the ledger knows them, by their ids. */
  private readonly known = new Map<string, Run>();
  /** Matching runs that the ledger does not list. */
  private others: RunPlace[] = [];
  /** Whether {@link others} has the runs of slots that wait for an answer. */
  private hasUnsettled = false;

  constructor(
    private readonly env: Env,
    private readonly cronId: string,
    private readonly filters: RunFilters & { metadata: JsonObject },
    private readonly visible: AccessFilter | undefined,
  ) {}

  /** The ids of a page of runs. */
  async page(): Promise<{ ids: string[]; total: number }> {
    const { limit, offset } = this.filters;
    const notRead = await this.readOthers(offset + limit + 1);
    const { ids, total } = await this.read(limit, offset);
    return { ids, total: total + notRead };
  }

  /** The ids of a page of runs whose metadata match. */
  async matchingPage(): Promise<{ ids: string[]; total: number }> {
    const { limit, offset, metadata } = this.filters;
    const end = offset + limit + COUNTED_RUNS;
    await this.readOthers(end);
    const matching: string[] = [];
    for (let at = 0; matching.length < end; at += RUNS_AT_ONCE) {
      const { ids } = await this.read(RUNS_AT_ONCE, at);
      const isOther = new Set(this.others.map(({ runId }) => runId));
      const all = { run_ids: ids, limit: RUNS_AT_ONCE, offset: 0, select: ["run_id"] };
      const [recorded, found] = await Promise.all([
        searchRuns(this.env.DB, all),
        searchRuns(this.env.DB, { ...all, metadata }),
      ]);
      const isRecorded = new Set(recorded.runs.map((run) => run.run_id));
      const isFound = new Set(found.runs.map((run) => run.run_id));
      matching.push(
        ...ids.filter((id) => {
          if (isOther.has(id)) return true;
          return isRecorded.has(id) ? isFound.has(id) : containsJson(this.known.get(id)?.metadata, metadata);
        }),
      );
      if (ids.length < RUNS_AT_ONCE) break;
    }
    return { ids: matching.slice(offset, offset + limit), total: matching.length };
  }

  /** The runs of these ids, each with its record in D1 if there is one. @throws request.too_large */
  async withRecords(ids: string[]): Promise<Run[]> {
    if (ids.length === 0) return [];
    const { select } = this.filters;
    const { runs } = await searchRuns(this.env.DB, {
      run_ids: ids,
      limit: ids.length,
      offset: 0,
      ...(select === undefined ? {} : { select: ["run_id", ...select] }),
    });
    const records = new Map(runs.map((run) => [run.run_id, run]));
    return ids.flatMap((id) => {
      const run = this.known.get(id);
      const record = records.get(id);
      if (record === undefined) return run ?? [];
      // The ledger may know of the end before D1 does.
      const isLate = run !== undefined && isFinal(run.status) && isUnfinished(record.status);
      return isLate ? { ...record, ...run, metadata: record.metadata, kwargs: record.kwargs } : record;
    });
  }

  /** Reads the first of the matching runs that are in no ledger. @returns how many more there are */
  private async readOthers(limit: number): Promise<number> {
    const page = { inNoLedgerOf: this.cronId, select: ["run_id", "created_at"], limit, offset: 0 };
    const { runs, total } = await searchRuns(this.env.DB, { ...this.filters, ...page }, this.visible);
    this.others = runs.map(placeOf);
    return total - runs.length;
  }

  /** Reads a page of the ledger, with the others among its runs. */
  private async read(limit: number, offset: number): Promise<{ ids: string[]; total: number }> {
    const { status, assistant_id: assistant, agent_id: agent, created_after, created_before } = this.filters;
    const assistantId = assistant ?? agent;
    const ask = (): Promise<CronRunsPage> =>
      cronObject(this.env, this.cronId).listRuns({
        status: status as FinalStatus | undefined,
        assistantId: assistantId === undefined ? undefined : assistantIdOf(assistantId),
        createdAfter: created_after === undefined ? undefined : parseInstant(created_after),
        createdBefore: created_before === undefined ? undefined : parseInstant(created_before),
        order: this.filters.sort_order ?? "desc",
        limit,
        offset,
        others: this.others,
      });
    let answer = await ask();
    if (answer.unsettled.length > 0 && !this.hasUnsettled) {
      await this.readUnsettled(answer.unsettled);
      answer = await ask();
    }
    for (const { runId, run } of answer.runs) if (run !== null) this.known.set(runId, run);
    return { ids: answer.runs.map(({ runId }) => runId), total: answer.total };
  }

  /** Adds those of these runs that D1 has and that match. */
  private async readUnsettled(runIds: string[]): Promise<void> {
    this.hasUnsettled = true;
    const page = { run_ids: runIds, select: ["run_id", "created_at"], limit: runIds.length, offset: 0 };
    const { runs } = await searchRuns(this.env.DB, { ...this.filters, ...page }, this.visible);
    this.others.push(...runs.map(placeOf));
  }
}

const placeOf = (run: Run): RunPlace => ({ runId: run.run_id, createdAt: Date.parse(run.created_at) });

const isUnfinished = (status: string | undefined): boolean => status === "pending" || status === "running";
