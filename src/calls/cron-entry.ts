/** The part of a cron's row in D1 that is written together with each of its runs. */
import type { Figures } from "../wire/crons/figures";
import {
  figuresOf,
  NO_PROGRESS,
  startOfDay,
  startOfMonth,
  storedProgress,
  withReport,
  type Progress,
} from "./cron-progress";
import { parseJson } from "../platform/json";
import type { RunReport } from "./run-report";

/** What a firing, and the end of its run, change in the cron's row in D1. */
export interface CronEntry {
  cronId: string;
  /** The instant of the next slot, in ms; null when no slot is to come. */
  nextRunAt: number | null;
  progress: Progress;
  /** How many slots are claimed whose run is not yet known to be enqueued. */
  pending: number;
  /** Grows with each change of the cron. D1 keeps the row with the highest revision. */
  revision: number;
}

/** The figures that the row in D1 is to have. The cron's object may be of an earlier version. @param at the present instant in ms */
export const figuresOfEntry = ({ progress, pending }: CronEntry, at: number): Figures =>
  figuresOf(storedProgress(progress), pending, at);

/** The figures as the row in D1 has them: with the instant (ms) at which they were written. */
export const storedFigures = (figures: Figures, at: number): string => JSON.stringify({ ...figures, at });

/**
 * The figures that a row in D1 has, at the instant `at` (ms). Nothing was counted since they were written, so a day or a month that
 * has begun since then has no tokens. A row that an earlier version wrote does not say when.
 */
export function readStoredFigures(stored: string, at: number): Figures {
  const { at: writtenAt = at, ...figures } = {
    ...NO_FIGURES,
    ...parseJson<Partial<Figures> & { at?: number }>(stored),
  };
  const { tokens } = figures;
  return {
    ...figures,
    tokens: {
      ...tokens,
      today: startOfDay(writtenAt) === startOfDay(at) ? tokens.today : 0,
      this_month: startOfMonth(writtenAt) === startOfMonth(at) ? tokens.this_month : 0,
    },
  };
}

/** Of a cron that has not fired. */
const NO_FIGURES: Figures = figuresOf(NO_PROGRESS, 0, 0);

/**
 * The entry of a firing, with the end of its run counted too. It has the revision after that of the firing, which the cron
 * gives to nothing else; see `CronRecord.update`.
 */
export function withEndOfRun(entry: CronEntry, report: RunReport): CronEntry {
  const progress = withReport(entry.progress, report);
  return progress === undefined ? entry : { ...entry, progress, revision: entry.revision + 1 };
}

/** What a cron answers to a report. */
export interface ReportAnswer {
  /** What D1 is to be told of the cron together with the run; null when the cron writes to D1 itself. */
  entry: CronEntry | null;
  /** Whether D1 keeps the record of the run. It does not when the run is older than the cron's history goes back. */
  keepsRecord: boolean;
}
