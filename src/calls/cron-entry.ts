/** What D1 is told of a cron with each of its runs. */
import type { Figures } from "../wire/crons/slot";

/** What a firing and the end of its run change of a cron's row. */
export interface CronEntry {
  cronId: string;
  nextRunAt: number | null;
  figures: Figures;
  revision: number;
}
