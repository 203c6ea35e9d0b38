/** The figures of a cron as D1 has them, read. */
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

/** What earlier versions wrote: they counted less, and `start_lateness_ms` was called `lateness_ms`. */
type EarlierFigures = Partial<Omit<Figures, "slots" | "runs" | "tokens">> & {
  slots?: Partial<Figures["slots"]>;
  runs?: Partial<Figures["runs"]>;
  tokens?: Partial<Figures["tokens"]>;
  lateness_ms?: Figures["start_lateness_ms"];
};

/**
 * Reads the column `figures`. A cron that has not fired since an upgrade still has the figures of the earlier version, so
 * whatever that version did not write is filled in here.
 */
export function storedFigures(text: string): Figures {
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
