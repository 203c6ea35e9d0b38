/** The request for the preview of a schedule, and its answer. */
import { z } from "zod";
import { answeredInstant, answerNames, optional, requestNames } from "../fields";
import { END_TIME_MEANING, instant, schedule, SCHEDULE_MEANING, timezone, TIMEZONE_MEANING } from "./cron";

export const previewRequest = z
  .strictObject({
    schedule: schedule.meta(SCHEDULE_MEANING),
    timezone: optional(timezone).meta(TIMEZONE_MEANING),
    end_time: optional(instant).meta(END_TIME_MEANING),
    count: optional(z.number().int().min(1).max(100)).meta({
      description: "How many times are listed. Without it, 5.",
    }),
  })
  .register(requestNames, { id: "CronPreview" });
export type PreviewQuery = z.output<typeof previewRequest>;

/** Why the owner may want to look at the schedule again. */
const warning = z.strictObject({
  code: z.enum(["never", "rarely", "more_than_hourly", "dst_gap", "dst_overlap"]),
  message: z.string(),
});
export type PreviewWarning = z.output<typeof warning>;

export const schedulePreview = z
  .strictObject({
    schedule: z.string(),
    timezone: z.string().nullable(),
    description: z.string().meta({ description: "The schedule in plain English." }),
    next: z.array(z.strictObject({ utc: answeredInstant, local: z.iso.datetime({ offset: true }) })).meta({
      description:
        "The next times: each in UTC, and as the clocks of the time zone show it, with the offset from UTC.",
    }),
    times_in_30_days: z.int().meta({ description: "How many times it has within the next 30 days." }),
    times_in_365_days: z.int().meta({ description: "How many times it has within the next 365 days." }),
    warnings: z.array(warning),
  })
  .register(answerNames, { id: "SchedulePreview" });
export type Preview = z.output<typeof schedulePreview>;
