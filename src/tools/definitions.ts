/**
 * The tools with which a model plans crons: what it is told of each, and what it may send. MCP clients get them at `/mcp`, and the graphs
 * of a project from `edgecron/tools`. The arguments have the names of the API's fields, and the API's own schemas check them; these
 * schemas are for the model. They are plain JSON schema, so that this file needs no library of the project that it is bundled into.
 */
import {
  text,
  object,
  number,
  choice,
  orNull,
  CRON_ID,
  NOTE,
  SCHEDULE,
  TIMEZONE,
  END_TIME,
  INPUT,
  METADATA,
  LIMITS,
  MULTITASK,
  ON_RUN_COMPLETED,
  CONFIG,
  CONTEXT,
  WEBHOOK,
  ENABLED,
  type JsonSchema,
} from "./arguments";

export interface ToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: {
    readonly type: "object";
    readonly properties: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
    readonly additionalProperties: false;
  };
  /** By these MCP clients decide whether they ask a person first. */
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
}

const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const writes = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false };

const input = (
  properties: Readonly<Record<string, JsonSchema>>,
  ...required: string[]
): ToolDefinition["inputSchema"] => ({
  type: "object",
  properties,
  ...(required.length === 0 ? {} : { required }),
  additionalProperties: false,
});

const COSTS = "Each run executes the assistant, which may use tokens of a paid model.";

export const CRON_TOOLS = [
  {
    name: "create_cron",
    title: "Create a cron",
    description:
      "Has an assistant run on a schedule, or once at a time to come, without anybody present. " +
      `${COSTS} A frequent schedule costs accordingly; set \`max_runs\`, \`end_time\` or \`max_tokens_per_day\` where you can. ` +
      "Call preview_schedule first and compare the next times with what was asked for. The answer names the cron's id and its next times.",
    inputSchema: input(
      {
        assistant_id: text(
          "Which assistant runs: its id, or the id of a graph, which stands for the graph's default assistant.",
        ),
        schedule: SCHEDULE,
        timezone: orNull(TIMEZONE),
        input: INPUT,
        thread_id: orNull(
          text(
            "The id of a thread (a conversation) on which every run goes on. Without it, each run has a thread of its own and knows " +
              "nothing of earlier ones.",
          ),
        ),
        end_time: orNull(END_TIME),
        ...LIMITS,
        enabled: ENABLED,
        metadata: METADATA,
        on_run_completed: ON_RUN_COMPLETED,
        multitask_strategy: MULTITASK,
        config: CONFIG,
        context: CONTEXT,
        webhook: WEBHOOK,
        cron_id: text(
          "A UUID for the new cron, so that a repeated call makes no second one. Without it, one is made.",
        ),
        if_exists: choice(
          "What to do when there is a cron with this `cron_id`: refuse (the default), leave it as it is, or change it.",
          "raise",
          "do_nothing",
          "update",
        ),
      },
      "assistant_id",
      "schedule",
    ),
    annotations: { ...writes, idempotentHint: false },
  },
  {
    name: "list_crons",
    title: "List crons",
    description:
      "The crons that you may see, newest first: what each does, when it runs next, whether it is paused. Costs nothing.",
    inputSchema: input({
      assistant_id: text("Only crons of this assistant: its id, or the id of a graph."),
      thread_id: text("Only crons on this thread."),
      enabled: { type: "boolean", description: "True: only crons that run. False: only paused ones." },
      metadata: object("Only crons whose metadata has all of these pairs."),
      limit: number("How many at most. Without it, 10.", 1, 1000),
      offset: { type: "integer", minimum: 0, description: "How many to leave out from the beginning." },
    }),
    annotations: reads,
  },
  {
    name: "get_cron",
    title: "Read a cron",
    description:
      "Everything about one cron: its schedule in words, its next times, its input and its limits. Costs nothing.",
    inputSchema: input({ cron_id: CRON_ID }, "cron_id"),
    annotations: reads,
  },
  {
    name: "preview_schedule",
    title: "Preview a schedule",
    description:
      "What a schedule means, before a cron is made of it: in words, with its next times in its zone and in UTC, with warnings, and with " +
      "the present time. Changes nothing and costs nothing.",
    inputSchema: input(
      {
        schedule: SCHEDULE,
        timezone: orNull(TIMEZONE),
        end_time: orNull(END_TIME),
        count: number("How many times are listed. Without it, 5.", 1, 100),
      },
      "schedule",
    ),
    annotations: reads,
  },
  {
    name: "update_cron",
    title: "Change a cron",
    description:
      "Changes the fields that are sent and leaves the others as they are; null clears a field. Runs that have begun go on unchanged. " +
      "A schedule that is more frequent costs more. `metadata` is merged into what there is. The answer has the new next times.",
    inputSchema: input(
      {
        cron_id: CRON_ID,
        schedule: SCHEDULE,
        timezone: orNull(TIMEZONE),
        input: orNull(INPUT),
        end_time: orNull(END_TIME),
        ...LIMITS,
        enabled: { type: "boolean", description: "False pauses the cron, true resumes it." },
        note: orNull(NOTE),
        metadata: METADATA,
        on_run_completed: ON_RUN_COMPLETED,
        multitask_strategy: MULTITASK,
        config: CONFIG,
        context: CONTEXT,
        webhook: WEBHOOK,
      },
      "cron_id",
    ),
    annotations: { ...writes, destructiveHint: true },
  },
  {
    name: "pause_cron",
    title: "Pause a cron",
    description:
      "No run starts from now on, until resume_cron; the times in between are left out. Runs that have begun go on.",
    inputSchema: input({ cron_id: CRON_ID, note: NOTE }, "cron_id"),
    annotations: writes,
  },
  {
    name: "resume_cron",
    title: "Resume a cron",
    description: `Runs start again from the next time on; those that were left out are not made up for. ${COSTS}`,
    inputSchema: input({ cron_id: CRON_ID, note: NOTE }, "cron_id"),
    annotations: writes,
  },
  {
    name: "run_cron_now",
    title: "Run a cron now",
    description:
      `Starts one run at once, beside the schedule, which stays as it is. ${COSTS} Each call makes a further run. The answer comes when the ` +
      "run has begun; how it ended is told by cron_history.",
    inputSchema: input(
      {
        cron_id: CRON_ID,
        input: object("In place of the cron's own input, for this run only."),
        metadata: object("Added to the metadata of this run."),
        config: CONFIG,
        context: CONTEXT,
      },
      "cron_id",
    ),
    annotations: { ...writes, idempotentHint: false, openWorldHint: true },
  },
  {
    name: "delete_cron",
    title: "Delete a cron",
    description:
      "Removes the cron and its history for good. Runs that have begun go on. To stop it for a while, use pause_cron.",
    inputSchema: input({ cron_id: CRON_ID }, "cron_id"),
    annotations: { ...writes, destructiveHint: true },
  },
  {
    name: "cron_history",
    title: "Read the history of a cron",
    description:
      "What became of the scheduled times of a cron, newest first: when each ran, how late, how it ended, what it used, and why a time was " +
      "skipped or missed. With totals. Costs nothing.",
    inputSchema: input(
      {
        cron_id: CRON_ID,
        limit: number("How many times at most. Without it, 10.", 1, 1000),
        before: text("Only times before this one: ISO 8601."),
        status: choice(
          "Only times with this status.",
          "pending",
          "fired",
          "skipped",
          "missed",
          "rolled_back",
        ),
      },
      "cron_id",
    ),
    annotations: reads,
  },
] as const satisfies readonly ToolDefinition[];

export type CronToolName = (typeof CRON_TOOLS)[number]["name"];
