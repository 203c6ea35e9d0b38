/** The tool with which an agent learns what time it is. */
import { tool } from "@langchain/core/tools";
import { z } from "zod";

const schema = z.object({
  time_zone: z
    .string()
    .optional()
    .describe("IANA time zone of the answer, for example Europe/Berlin. Default: UTC."),
});

/** Answers an ISO 8601 instant. An unknown time zone is told to the model as the tool's error. */
export const currentTime = tool(
  ({ time_zone }: z.infer<typeof schema>) => {
    const now = new Date();
    return time_zone === undefined ? now.toISOString() : inTimeZone(now, time_zone);
  },
  { name: "current_time", description: "The current date and time.", schema },
);

/** For example `2026-11-22T10:57:00+01:00 (Europe/Berlin)`. */
function inTimeZone(instant: Date, timeZone: string): string {
  let format: Intl.DateTimeFormat;
  try {
    // Swedish writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat("sv-SE", {
      timeZone,
      dateStyle: "short",
      timeStyle: "medium",
    });
  } catch {
    throw new Error(`"${timeZone}" is no IANA time zone; use a name like Europe/Berlin`);
  }
  const offset = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" })
    .formatToParts(instant)
    .find(({ type }) => type === "timeZoneName")
    ?.value.replace("GMT", "");
  return `${format.format(instant).replace(" ", "T")}${offset || "+00:00"} (${timeZone})`;
}
