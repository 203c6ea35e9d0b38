/** What the object of a cron is asked about the cron's runs, and what it answers. */
import type { FinalStatus, Run } from "../wire/runs/run";

/** The place of a run in a list by creation. */
export interface RunPlace {
  runId: string;
  /** Ms since the epoch. */
  createdAt: number;
}

/** Which runs of a cron are asked for. Instants are in ms. */
export interface CronRunsQuery {
  /** Without it runs of each status are asked for, also those that have not ended. */
  status: FinalStatus | undefined;
  /** The id of an assistant. */
  assistantId: string | undefined;
  createdAfter: number | undefined;
  createdBefore: number | undefined;
  order: "asc" | "desc";
  limit: number;
  offset: number;
  /** Runs that are listed with those of the ledger: D1 has their records, and the ledger does not have them. */
  others: RunPlace[];
}

/** A page of the runs of a cron. */
export interface CronRunsPage {
  /** `run` is what the ledger knows of it; null for one of the others. */
  runs: { runId: string; run: Run | null }[];
  /** How many there are, the others included. */
  total: number;
  /** Runs that D1 may have, and that are not listed: slots that were delivered and wait for an answer. */
  unsettled: string[];
}
