/** The part of a cron's row in D1 that is written together with each of its runs. */
import type { Figures } from "../wire/crons/slot";

/** What a firing, and the end of its run, change in the cron's row in D1. */
export interface CronEntry {
  cronId: string;
  /** The instant of the next slot, in ms; null when no slot is to come. */
  nextRunAt: number | null;
  figures: Figures;
  /** Grows with each change of the cron. D1 keeps the row with the highest revision. */
  revision: number;
}
