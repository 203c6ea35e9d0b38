/** What clients may send about crons. Unknown fields are refused: a mistyped `end_time` would cost money. */
import { z } from "zod";
import { uuid } from "../request";
import {
  assistantId,
  jsonObject,
  multitaskStrategy,
  optional,
  paging,
  payloadFields,
  queryLimit,
} from "../runs/schemas";
import { parseInstant } from "../instant";

const schedule = z.string("expected a cron expression").min(1).max(200);
const timezone = z.string("expected an IANA time zone").min(1).max(100);
const instant = z
  .string("expected an ISO 8601 date-time")
  .transform(parseInstant)
  .refine((at) => !Number.isNaN(at), 'expected an ISO 8601 date-time such as "2027-01-31T00:00:00Z"');

const input = optional(z.union([jsonObject, z.array(z.unknown())], "expected an object or a list"));
const onRunCompleted = z.enum(["delete", "keep"]);

const createFields = {
  ...payloadFields,
  assistant_id: assistantId,
  schedule,
  input,
  timezone: optional(timezone),
  end_time: optional(instant),
  enabled: optional(z.boolean()),
  metadata: optional(jsonObject),
  multitask_strategy: optional(multitaskStrategy),
};

export const cronCreate = z.strictObject({ ...createFields, on_run_completed: optional(onRunCompleted) });

export const threadCronCreate = z.strictObject({
  ...createFields,
  // The SDK's method takes it, though the thread of a thread cron is never the cron's to delete.
  on_run_completed: optional(z.literal("keep", 'expected "keep": a cron on a thread never deletes it')),
});
export type CronCreate = z.output<typeof cronCreate>;

/** Absent leaves a field as it is; `end_time: null` and `timezone: null` clear it; `metadata` merges. */
export const cronPatch = z.strictObject({
  ...payloadFields,
  schedule: optional(schedule),
  input,
  timezone: timezone.nullish(),
  end_time: instant.nullish(),
  enabled: optional(z.boolean()),
  metadata: optional(jsonObject),
  on_run_completed: optional(onRunCompleted),
});
export type CronPatch = z.output<typeof cronPatch>;

const filters = {
  assistant_id: optional(assistantId),
  thread_id: optional(uuid),
  enabled: optional(z.boolean()),
  metadata: optional(jsonObject),
};

export const cronCount = z.strictObject(filters);
export type CronFilters = z.output<typeof cronCount>;

const sortFields = [
  "cron_id",
  "assistant_id",
  "thread_id",
  "next_run_date",
  "end_time",
  "created_at",
  "updated_at",
] as const;

export const cronFields = [
  ...sortFields,
  "on_run_completed",
  "schedule",
  "timezone",
  "user_id",
  "payload",
  "metadata",
  "enabled",
] as const;

export const cronSearch = z.strictObject({
  ...filters,
  ...paging,
  sort_by: optional(z.enum(sortFields)),
  sort_order: optional(z.enum(["asc", "desc"])),
  select: optional(z.array(z.enum(cronFields))),
});
export type CronSearch = z.output<typeof cronSearch>;

const instantQuery = instant.optional();

export const slotList = z.strictObject({
  limit: queryLimit.default(10),
  before: instantQuery,
  status: z.enum(["fired", "skipped", "missed", "pending"]).optional(),
});
export type SlotList = z.output<typeof slotList>;
