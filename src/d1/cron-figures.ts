/** Reads the figures of crons from their rows in D1. The metrics page shows the figures of all crons. */
import { parseJson } from "../platform/json";
import type { Figures } from "../wire/crons/slot";

const NO_FIGURES: Figures = {
  slots: { fired: 0, skipped: 0, missed: 0, rolled_back: 0, pending: 0 },
  runs: { running: 0, success: 0, error: 0, timeout: 0, interrupted: 0, rolled_back: 0 },
  success_ratio: null,
  failures_in_a_row: 0,
  tokens: { input: 0, output: 0, today: 0, this_month: 0 },
  start_lateness_ms: null,
  duration_ms: null,
};

/** The figures that earlier versions wrote. They lack some fields, and `start_lateness_ms` was called `lateness_ms`. */
type EarlierFigures = Partial<Omit<Figures, "slots" | "runs" | "tokens">> & {
  slots?: Partial<Figures["slots"]>;
  runs?: Partial<Figures["runs"]>;
  tokens?: Partial<Figures["tokens"]>;
  lateness_ms?: Figures["start_lateness_ms"];
};

/** A cron with the figures that its row in D1 has: those of its last firing, or of the end of its last run. */
export interface IndexedFigures {
  cronId: string;
  assistantId: string;
  enabled: boolean;
  /** The instant of the next slot, in ms; null when no slot is to come. */
  nextRunAt: number | null;
  figures: Figures;
}

/**
 * Reads one page of the crons that have figures, in the order of their ids.
 * @param afterId the last cron id of the page before; the empty text for the first page
 */
export async function pageOfFigures(
  db: D1Database,
  afterId: string,
  limit: number,
): Promise<IndexedFigures[]> {
  const { results } = await db
    .prepare(
      `SELECT cron_id, assistant_id, enabled, next_run_date, figures FROM crons
       WHERE cron_id > ? AND figures <> '{}' ORDER BY cron_id LIMIT ?`,
    )
    .bind(afterId, limit)
    .all<{
      cron_id: string;
      assistant_id: string;
      enabled: number;
      next_run_date: number | null;
      figures: string;
    }>();
  return results.map((row) => ({
    cronId: row.cron_id,
    assistantId: row.assistant_id,
    enabled: row.enabled === 1,
    nextRunAt: row.next_run_date,
    figures: parseFigures(row.figures),
  }));
}

/**
 * Parses the column `figures`. A cron that has not fired since an upgrade still has the figures of the earlier version.
 * The fields that the earlier version did not write are filled in here.
 */
function parseFigures(text: string): Figures {
  const { lateness_ms: lateness = null, ...stored } = parseJson<EarlierFigures>(text);
  return {
    ...NO_FIGURES,
    start_lateness_ms: lateness,
    ...stored,
    slots: { ...NO_FIGURES.slots, ...stored.slots },
    runs: { ...NO_FIGURES.runs, ...stored.runs },
    tokens: { ...NO_FIGURES.tokens, ...stored.tokens },
  };
}
