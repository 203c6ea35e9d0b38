/** The figures of a cron: how its slots and runs turned out. */
import { z } from "zod";
import { answeredInstant, answerNames } from "../fields";

const percentiles = z.strictObject({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() });
/** Percentiles over the last hundred runs, in ms. */
export type Percentiles = z.output<typeof percentiles>;

export const cronFigures = z
  .strictObject({
    slots: z.strictObject({
      fired: z.int(),
      skipped: z.int(),
      missed: z.int(),
      rolled_back: z.int(),
      pending: z.int(),
    }),
    last_missed_slot: answeredInstant.nullable().meta({
      description:
        "The newest slot that was missed. Null when none was, or when all that were missed have been backfilled.",
    }),
    runs: z.strictObject({
      running: z.int(),
      success: z.int(),
      error: z.int(),
      timeout: z.int(),
      interrupted: z.int(),
      rolled_back: z.int(),
    }),
    success_ratio: z.number().nullable().meta({
      description:
        "The part of the runs that succeeded, of those that succeeded or failed. Null before the first.",
    }),
    failures_in_a_row: z.int(),
    tokens: z.strictObject({ input: z.int(), output: z.int(), today: z.int(), this_month: z.int() }),
    start_lateness_ms: percentiles.nullable().meta({
      description:
        "From the scheduled time to the start of the run, which may wait after it was enqueued. Backfilled slots are left out.",
    }),
    duration_ms: percentiles.nullable().meta({ description: "From the start of the run to its end." }),
    thread_space_used: z.number().nullable().meta({
      description:
        "Which part of the space that a thread's object has was in use at the end of the last run. Null below 0.8. At 1 the runs on the thread fail.",
    }),
  })
  .register(answerNames, { id: "CronFigures" });
export type Figures = z.output<typeof cronFigures>;
