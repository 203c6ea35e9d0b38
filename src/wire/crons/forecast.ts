/** The answer about what all crons will use. */
import { z } from "zod";
import { answerNames } from "../fields";

export const forecast = z
  .strictObject({
    crons: z.int().meta({
      description:
        "How many crons are on. With more than a thousand schedules, those of the thousand that use most count.",
    }),
    crons_without_runs: z.int().meta({
      description:
        "How many of them have not run yet. Nobody knows what they will use, so they count as nothing.",
    }),
    times_in_30_days: z.int().meta({ description: "How many times they fire within the next 30 days." }),
    tokens_in_30_days: z.int().meta({
      description:
        "The tokens of these times, if the runs of each cron go on to use what they used on average.",
    }),
  })
  .register(answerNames, { id: "CronForecast" });
export type Forecast = z.output<typeof forecast>;
