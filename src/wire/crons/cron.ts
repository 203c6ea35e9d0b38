/** Requests and answers about crons. Unknown fields are refused: a mistyped `end_time` would cost money. */
import { z } from "zod";
import { parseInstant } from "../../platform/instant";
import {
  answeredId,
  answeredInstant,
  answerNames,
  ASSISTANT_ID_MEANING,
  assistantId,
  jsonObject,
  metadataFilter,
  optional,
  paging,
  requestNames,
  SELECT_MEANING,
  uuid,
} from "../fields";
import { multitaskStrategy, payloadFields } from "../runs/payload";
import { cronFigures } from "./figures";
import { policyAnswerFields, policyRequestFields } from "./policy";

export const schedule = z.string("expected a cron expression").min(1).max(200);
export const SCHEDULE_MEANING = {
  description: "A cron expression of five fields, or of six with seconds first, in `timezone`.",
};
export const timezone = z.string("expected an IANA time zone").min(1).max(100);
export const TIMEZONE_MEANING = { description: "An IANA time zone. Without it, UTC." };

export const instant = z
  .string("expected an ISO 8601 date-time")
  .transform(parseInstant)
  .refine((at) => !Number.isNaN(at), 'expected an ISO 8601 date-time such as "2027-01-31T00:00:00Z"');
export const END_TIME_MEANING = {
  description: "No slot at or after this time fires. A time without an offset is in UTC.",
  format: "date-time",
};

/** The key of a cron's metadata that has the name under which langgraph.json declares the cron. */
export const DECLARED_NAME = "declared_name";

const onRunCompleted = z.enum(["delete", "keep"]);
const ON_RUN_COMPLETED_MEANING = {
  description: "What becomes of the thread of each firing when its run has ended.",
};

const enabled = optional(z.boolean()).meta({ description: "Whether the cron fires." });

export const note = z
  .string("expected a text")
  .min(1, "expected a text that is not empty")
  .max(1000, "expected at most 1000 characters");
export const NOTE_MEANING = { description: "The reason, in your own words." };

/** A cron as the API shows it: the fields that the platform has, and its policy beside them. */
export const cron = z
  .strictObject({
    cron_id: answeredId,
    assistant_id: answeredId,
    thread_id: answeredId.nullable().meta({
      description: "Null for a stateless cron: each of its firings has a thread of its own.",
    }),
    next_run_date: answeredInstant.nullable().meta({
      description: "The slot that fires next. Null when no further slot fires.",
    }),
    end_time: answeredInstant.nullable(),
    created_at: answeredInstant,
    updated_at: answeredInstant,
    on_run_completed: onRunCompleted.nullable(),
    schedule: z.string(),
    timezone: z.string().nullable(),
    user_id: z.string().nullable().meta({
      description:
        "The identity of who created it, as whom it fires. Null when the server did not know its callers by name.",
    }),
    payload: jsonObject.meta({ description: "The fields of the run that each firing makes." }),
    metadata: jsonObject,
    enabled: z.boolean(),
    note: z.string().nullable().meta({
      description: "Why the cron was last paused or resumed, in the words of its owner or of the server.",
    }),
    ...policyAnswerFields,
  })
  .register(answerNames, { id: "Cron" });
export type Cron = z.output<typeof cron>;

/** What a search tells of a cron only when it is asked for. */
const selectableFields = {
  figures: cronFigures,
  schedule_description: z.string().meta({ description: "The schedule in plain English." }),
  times_in_30_days: z.int(),
};
export type SelectableFields = z.output<z.ZodObject<typeof selectableFields>>;

export const foundCron = z
  .strictObject({
    ...cron.shape,
    figures: selectableFields.figures.optional().meta({
      description: "How its slots and runs turned out. There only when `select` asks for it.",
    }),
    schedule_description: selectableFields.schedule_description.optional().meta({
      description: "The schedule in plain English. There only when `select` asks for it.",
    }),
    times_in_30_days: selectableFields.times_in_30_days.optional().meta({
      description:
        "How many times the schedule has within the next 30 days, also while the cron is paused. There only when `select` asks for it.",
    }),
  })
  .register(answerNames, { id: "FoundCron" });
export type FoundCron = z.output<typeof foundCron>;

export const cronInput = z.union([jsonObject, z.array(z.unknown())], "expected an object or a list");
export const INPUT_MEANING = { description: "The input of the graph." };

/** The fields of the run that each firing makes. Null clears a field. */
const cronPayloadFields = {
  ...payloadFields,
  input: cronInput.nullish().meta(INPUT_MEANING),
  multitask_strategy: multitaskStrategy.nullish(),
};
export const CRON_PAYLOAD_FIELDS = Object.keys(cronPayloadFields) as (keyof typeof cronPayloadFields)[];

/** Fields that a cron may be without. Null clears them; at creation null means the same as absent. */
const clearableFields = {
  ...cronPayloadFields,
  ...policyRequestFields,
  timezone: timezone.nullish(),
  end_time: instant.nullish(),
};

/** The ids of the cron's runs are derived from it, for which it has to be of a version that RFC 9562 knows. */
const cronId = z.uuid("expected a UUID").transform((id) => id.toLowerCase());

const createFields = {
  ...clearableFields,
  timezone: clearableFields.timezone.meta(TIMEZONE_MEANING),
  end_time: clearableFields.end_time.meta(END_TIME_MEANING),
  assistant_id: assistantId.meta({ description: ASSISTANT_ID_MEANING }),
  schedule: schedule.meta(SCHEDULE_MEANING),
  enabled,
  metadata: optional(jsonObject),
  cron_id: optional(cronId).meta({ description: "The id of the new cron. Without it, one is made." }),
  if_exists: optional(z.enum(["raise", "do_nothing", "update"])).meta({
    description:
      "What to do when there is a cron with this id: answer 409, leave it as it is, or change it as PATCH does.",
  }),
  if_not_exists: optional(z.enum(["create", "reject"])).meta({
    description: "What to do when there is no such thread.",
  }),
};

export const cronCreate = z
  .strictObject({
    ...createFields,
    multitask_strategy: createFields.multitask_strategy.meta({
      description: "What to do when an earlier run has not ended. Without it, runs go on side by side.",
    }),
    on_run_completed: optional(onRunCompleted).meta(ON_RUN_COMPLETED_MEANING),
  })
  .register(requestNames, { id: "CronCreate" });

export const threadCronCreate = z
  .strictObject({
    ...createFields,
    multitask_strategy: createFields.multitask_strategy.meta({
      description: "What to do when the thread is busy with another run. Without it, `enqueue`.",
    }),
    // The SDK's method takes it, though the thread of a thread cron is never the cron's to delete.
    on_run_completed: optional(
      z.literal("keep", 'expected "keep": a cron on a thread never deletes it'),
    ).meta(ON_RUN_COMPLETED_MEANING),
  })
  .register(requestNames, { id: "ThreadCronCreate" });
export type CronCreate = z.output<typeof cronCreate>;

/** An absent field stays as it is; null clears a field that a cron may be without. */
export const cronPatch = z
  .strictObject({
    ...clearableFields,
    timezone: clearableFields.timezone.meta({ description: "As at creation. Null: UTC." }),
    end_time: clearableFields.end_time.meta({
      description: "As at creation. Null removes it.",
      format: "date-time",
    }),
    multitask_strategy: clearableFields.multitask_strategy.meta({
      description:
        "What to do when an earlier run has not ended. Null lets the runs of a stateless cron go on side by side.",
    }),
    schedule: optional(schedule).meta(SCHEDULE_MEANING),
    enabled,
    metadata: optional(jsonObject).meta({ description: "Merged into the metadata of the cron." }),
    on_run_completed: optional(onRunCompleted).meta(ON_RUN_COMPLETED_MEANING),
    note: note.nullish().meta(NOTE_MEANING),
  })
  .register(requestNames, { id: "CronPatch" });
export type CronPatch = Partial<z.output<typeof cronPatch>>;

const filters = {
  assistant_id: optional(assistantId).meta({ description: ASSISTANT_ID_MEANING }),
  thread_id: optional(uuid),
  enabled,
  failing: optional(z.boolean()).meta({ description: "Whether the last run of the cron has failed." }),
  missed_since: optional(z.iso.datetime({ offset: true, local: true })).meta({
    description: "The cron has missed a slot at this instant or later.",
  }),
  metadata: metadataFilter,
  query: optional(
    z
      .string("expected a text")
      .min(1, "expected a text that is not empty")
      .max(200, "expected at most 200 characters"),
  ).meta({
    description:
      "A text that the id, the schedule, the note or the metadata of the cron contains. Upper and lower case are the same.",
  }),
};

export const cronCount = z.strictObject(filters).register(requestNames, { id: "CronCount" });
export type CronFilters = Partial<z.output<typeof cronCount>>;

export const cronSearch = z
  .strictObject({
    ...filters,
    ...paging,
    sort_by: optional(
      z.enum([
        "cron_id",
        "assistant_id",
        "thread_id",
        "next_run_date",
        "end_time",
        "created_at",
        "updated_at",
      ]),
    ),
    sort_order: optional(z.enum(["asc", "desc"])),
    select: optional(z.array(foundCron.keyof())).meta({
      description: `${SELECT_MEANING.description} \`figures\`, \`schedule_description\` and \`times_in_30_days\` are told only so.`,
    }),
  })
  .register(requestNames, { id: "CronSearch" });
export type CronSearch = z.output<typeof cronSearch>;

/** The body of requests that pause, resume, stop and start. */
export const noteBody = z
  .strictObject({ note: optional(note).meta(NOTE_MEANING) })
  .register(requestNames, { id: "CronNote" });

/** The switch of all crons. */
export const cronSwitch = z
  .strictObject({
    stopped: z.boolean().meta({
      description: "True while no cron fires. Slots are then skipped, with the reason.",
    }),
    note: z.string().nullable(),
    changed_at: answeredInstant
      .nullable()
      .meta({ description: "When crons were last stopped or started. Null: never." }),
  })
  .register(answerNames, { id: "CronSwitch" });
export type CronSwitch = z.output<typeof cronSwitch>;

/** The switch as it is read: also whether the caller may change it. */
export const cronSwitchForCaller = z
  .strictObject({
    ...cronSwitch.shape,
    may_change: z.boolean().meta({
      description:
        "Whether the caller may stop and start all crons. Callers who may change some crons only may not.",
    }),
  })
  .register(answerNames, { id: "CronSwitchForCaller" });
export type CronSwitchForCaller = z.output<typeof cronSwitchForCaller>;
