/** The arguments of the tools for crons, as a model is told of them: how schemas are written, and those that several tools have. */

export type JsonSchema = Readonly<Record<string, unknown>>;

export const text = (description: string): JsonSchema => ({ type: "string", description });
export const object = (description: string): JsonSchema => ({ type: "object", description });
export const number = (description: string, minimum: number, maximum: number): JsonSchema => ({
  type: "integer",
  minimum,
  maximum,
  description,
});
export const choice = (description: string, ...values: string[]): JsonSchema => ({
  type: "string",
  enum: values,
  description,
});
export const orNull = ({ type, ...schema }: JsonSchema): JsonSchema => ({ ...schema, type: [type, "null"] });

export const CRON_ID = text("The id of the cron, a UUID, as create_cron and list_crons tell it.");
export const NOTE = text(
  "The reason, in your own words, at most 1000 characters. It is shown with the cron.",
);
export const SCHEDULE = text(
  "A cron expression of five fields: minute, hour, day of the month, month, day of the week. " +
    '"0 9 * * 1-5" is 09:00 from Monday to Friday, "*/30 * * * *" is every 30 minutes, and "0 9 27 11 *" is 09:00 on 27 November of each ' +
    "year. With six fields the first is seconds. The times are those of `timezone`. There is no form for a single time: name the minute, " +
    'hour, day and month, and set `max_runs` to 1. For a time such as "in two hours", add to the present time, which preview_schedule tells.',
);
export const TIMEZONE = text(
  'The IANA time zone in which `schedule` is meant, such as "Europe/Berlin" or "America/New_York". Without it, UTC. Use the zone of ' +
    "the person who asks; clock changes are then taken care of.",
);
export const END_TIME = text(
  'No run starts at or after this time: ISO 8601, such as "2027-01-31T00:00:00Z". A time without an offset is in UTC.',
);
export const INPUT = object(
  "The input of each run: what the assistant is told to do then. For an assistant with `messages`, " +
    '{"messages": [{"role": "user", "content": "…"}]}. Write it so that it makes sense on its own at that time.',
);
export const METADATA = object(
  'Your own labels, such as {"purpose": "reminder"}, by which list_crons finds the cron.',
);

/** What every run of a cron may cost, and what limits it. Null sets the default again. */
export const LIMITS: Record<string, JsonSchema> = {
  max_runs: orNull(
    number("How many runs the cron makes in all. 1 for something that is to happen once.", 1, 1_000_000_000),
  ),
  max_tokens_per_day: orNull(
    number(
      "How many tokens, input and output together, the runs of a day (UTC) may use. Further times of the day are skipped.",
      1,
      Number.MAX_SAFE_INTEGER,
    ),
  ),
  max_tokens_per_month: orNull(
    number("How many tokens the runs of a month (UTC) may use.", 1, Number.MAX_SAFE_INTEGER),
  ),
  max_attempts: orNull(
    number("How many attempts a run has, the first included. Each may cost tokens.", 1, 10),
  ),
  retry_delay_seconds: orNull(
    number("Seconds before the second attempt. It doubles with each further one.", 1, 3600),
  ),
  run_timeout_seconds: orNull(number("How many seconds one attempt may take.", 1, 86_400)),
  pause_after_failures: orNull(number("The cron is paused after this many failed runs in a row.", 1, 100)),
  jitter_seconds: orNull(number("Each time is delayed by up to this many seconds.", 0, 86_400)),
  catchup: {
    type: ["string", "null"],
    enum: ["skip", "latest", "all", null],
    description:
      "What is done about times that came while the server did not run: nothing, the latest is run (the default), or all are.",
  },
};

export const MULTITASK: JsonSchema = {
  type: ["string", "null"],
  enum: ["reject", "rollback", "interrupt", "enqueue", null],
  description: "What to do when an earlier run has not ended at that time.",
};
export const ON_RUN_COMPLETED = choice(
  "For a cron without `thread_id`: whether the thread of each run is deleted when the run has ended (the default), or kept so that its " +
    "messages can be read.",
  "delete",
  "keep",
);
export const CONFIG = orNull(object('The configuration of the graph, such as {"configurable": {…}}.'));
export const CONTEXT = orNull(object("The static context of the graph."));
export const WEBHOOK = orNull(text("A public https URL that each run is posted to when it has ended."));
export const ENABLED = {
  type: "boolean",
  description: "False makes a cron that is paused at first. The default is true.",
};
