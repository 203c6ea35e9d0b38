/** Requests and answers about what many crons did: sums by hour or day, and the last slots of each of a list of crons. */
import { z } from "zod";
import {
  answeredId,
  answeredInstant,
  answerNames,
  optional,
  queryNumber,
  requestNames,
  uuid,
} from "../fields";
import { slot } from "./slot";

export const activityQuery = z.strictObject({
  unit: z
    .enum(["hour", "day"])
    .default("hour")
    .meta({ description: "The length of a period. Days are days of UTC." }),
  count: queryNumber(z.number().int().min(1).max(400))
    .default(24)
    .meta({ description: "How many periods are listed." }),
});
export type ActivityQuery = z.output<typeof activityQuery>;

export const activity = z.array(
  z
    .strictObject({
      start: answeredInstant,
      runs: z
        .strictObject({
          running: z.int(),
          success: z.int(),
          error: z.int(),
          timeout: z.int(),
          interrupted: z.int(),
        })
        .meta({ description: "The runs that crons made in this period, by how they have ended." }),
      tokens: z.strictObject({ input: z.int(), output: z.int() }).meta({
        description: "The tokens that these runs have used.",
      }),
    })
    .register(answerNames, { id: "ActivityPeriod" }),
);
export type Activity = z.output<typeof activity>;

/** Each cron is asked, and a request may make fifty calls on a free plan. */
const MAX_CRONS = 40;

export const lastSlotsQuery = z
  .strictObject({
    cron_ids: z
      .array(uuid)
      .min(1)
      .max(MAX_CRONS)
      .meta({ description: "The crons. One that there is not is left out of the answer." }),
    limit: optional(z.number().int().min(1).max(100)).meta({
      description: "How many slots of each cron. Without it, 20.",
    }),
  })
  .register(requestNames, { id: "LastSlotsQuery" });

export const lastSlots = z.array(
  z
    .strictObject({
      cron_id: answeredId,
      slots: z.array(slot).meta({ description: "Newest first." }),
    })
    .register(answerNames, { id: "LastSlots" }),
);
