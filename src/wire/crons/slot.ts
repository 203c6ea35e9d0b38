/** Requests and answers about the slots of a cron, and what can be done with slots by hand. */
import { z } from "zod";
import {
  answeredId,
  answeredInstant,
  answerNames,
  jsonObject,
  optional,
  queryPaging,
  requestNames,
} from "../fields";
import { nullAsAbsent, payloadFields } from "../runs/payload";
import { cronInput, INPUT_MEANING, instant, note, NOTE_MEANING } from "./cron";

/** A `pending` slot is to get a run, which is not known to be enqueued yet. The others are final. */
const slotStatus = z.enum(["pending", "fired", "skipped", "missed", "rolled_back"]);
export type SlotStatus = z.output<typeof slotStatus>;

/** Why there is a run, or was to be one. */
const slotOrigin = z.enum(["schedule", "catchup", "backfill", "manual"]);
export type SlotOrigin = z.output<typeof slotOrigin>;

export const slot = z
  .strictObject({
    scheduled_for: answeredInstant,
    origin: slotOrigin.meta({ description: "Why the slot has a run, or was to have one." }),
    status: slotStatus.meta({
      description:
        "A `pending` slot is claimed, and its run is being enqueued. The others are final, except that a `fired` slot " +
        "becomes `rolled_back` when its run is rolled back.",
    }),
    reason: z.string().nullable().meta({ description: "Why the slot has no run." }),
    lateness_ms: z.int().nullable().meta({
      description: "How long after the time of the slot its run was enqueued, or the slot was given up.",
    }),
    run_id: answeredId.nullable(),
    thread_id: answeredId.nullable(),
    requested_by: z.string().nullable().meta({
      description:
        "Of a run by hand: the identity of who asked for it. Null when the server does not know callers by name.",
    }),
    run: z
      .strictObject({
        status: z.enum(["success", "error", "timeout", "interrupted", "rolled_back"]),
        duration_ms: z
          .int()
          .nullable()
          .meta({ description: "From the start of its first attempt to its end." }),
        input_tokens: z.int(),
        output_tokens: z.int(),
        error: z.string().nullable().meta({ description: "The first line of its error." }),
      })
      .nullable()
      .meta({
        description: "How the run of the slot has ended. Null when there is none, or it has not ended.",
      }),
  })
  .register(answerNames, { id: "Slot" });
export type Slot = z.output<typeof slot>;

export const slotList = z.strictObject({
  limit: queryPaging.limit,
  before: instant.optional().meta({ description: "Only slots before this time.", format: "date-time" }),
  status: slotStatus.optional(),
});
export type SlotList = z.output<typeof slotList>;

/** A run by hand: what its fields have in place of the cron's own. */
export const runNow = z
  .strictObject({
    ...nullAsAbsent(payloadFields),
    input: optional(cronInput).meta(INPUT_MEANING),
    metadata: optional(jsonObject).meta({ description: "Merged into the metadata of the cron." }),
  })
  .register(requestNames, { id: "CronRunNow" });
export type RunNow = z.output<typeof runNow>;

export const skipNext = z
  .strictObject({
    count: z.number().int().min(0).max(1000).meta({
      description: "How many slots are skipped. 0 takes back what was skipped by hand before.",
    }),
    note: optional(note).meta(NOTE_MEANING),
  })
  .register(requestNames, { id: "CronSkip" });
export type SkipNext = z.output<typeof skipNext>;

export const backfill = z
  .strictObject({
    start: instant.meta({ description: "The start of the period.", format: "date-time" }),
    end: instant.meta({
      description: "The end of the period. A slot at this time is not in it.",
      format: "date-time",
    }),
  })
  .register(requestNames, { id: "CronBackfill" });
export type Backfill = z.output<typeof backfill>;

export const backfillPreview = z
  .strictObject({
    slots: z.int().meta({ description: "How many slots would run." }),
    times: z.array(answeredInstant).meta({ description: "Their times, oldest first." }),
    slots_with_run: z.int().meta({
      description: "How many slots of the period have a run already, or are to get one. They are left alone.",
    }),
  })
  .register(answerNames, { id: "BackfillPreview" });
export type BackfillPreview = z.output<typeof backfillPreview>;
