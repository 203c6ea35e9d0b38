/** What clients may send about crons. Unknown fields are refused: a mistyped `end_time` would cost money. */
import { z } from "zod";
import { parseInstant } from "../../platform/instant";
import type { JsonObject } from "../../platform/json";
import { assistantId, jsonObject, optional, paging, queryLimit, uuid } from "../fields";
import { POLICY_FIELDS, type CronPolicy } from "./policy";
import { multitaskStrategy, payloadFields, webhookUrl } from "../runs/run";
import { threadTtl } from "../threads/thread";

const schedule = z.string("expected a cron expression").min(1).max(200);
const timezone = z.string("expected an IANA time zone").min(1).max(100);
const instant = z
  .string("expected an ISO 8601 date-time")
  .transform(parseInstant)
  .refine((at) => !Number.isNaN(at), 'expected an ISO 8601 date-time such as "2027-01-31T00:00:00Z"');

const input = z.union([jsonObject, z.array(z.unknown())], "expected an object or a list");
const onRunCompleted = z.enum(["delete", "keep"]);

const seconds = (most: number) => z.number().int().min(0).max(most);
const count = (most: number) => z.number().int().min(1).max(most);
const YEAR_SECONDS = 31_536_000;

/** See {@link CronPolicy}; null stands for the default. */
const policyFields = {
  catchup: z.enum(["skip", "latest", "all"]).nullish(),
  catchup_window_seconds: seconds(YEAR_SECONDS).nullish(),
  jitter_seconds: seconds(86_400).nullish(),
  max_attempts: count(10).nullish(),
  retry_delay_seconds: count(3600).nullish(),
  run_timeout_seconds: count(86_400).nullish(),
  pause_after_failures: count(100).nullish(),
  alert_webhook: webhookUrl.nullish(),
  max_runs: count(1_000_000_000).nullish(),
  max_tokens_per_day: count(Number.MAX_SAFE_INTEGER).nullish(),
  max_tokens_per_month: count(Number.MAX_SAFE_INTEGER).nullish(),
  keep_threads: count(1000).nullish(),
  thread_ttl: threadTtl.nullish(),
  history_limit: z.number().int().min(10).max(100_000).nullish(),
};
/** The ids of its runs are derived from it, which takes one of a version that RFC 9562 knows. */
const cronId = z.uuid("expected a UUID").transform((id) => id.toLowerCase());
const note = z.string("expected a text").min(1).max(1000);

/** What a cron may be without: null clears it, and at creation means the same as absent. */
const clearableFields = {
  config: payloadFields.config.in,
  context: payloadFields.context.in,
  webhook: payloadFields.webhook.in,
  interrupt_before: payloadFields.interrupt_before.in,
  interrupt_after: payloadFields.interrupt_after.in,
  stream_mode: payloadFields.stream_mode.in,
  stream_subgraphs: payloadFields.stream_subgraphs.in,
  stream_resumable: payloadFields.stream_resumable.in,
  durability: payloadFields.durability.in,
  checkpoint_during: payloadFields.checkpoint_during.in,
  ...policyFields,
  input: input.nullish(),
  timezone: timezone.nullish(),
  end_time: instant.nullish(),
  multitask_strategy: multitaskStrategy.nullish(),
};

const createFields = {
  ...clearableFields,
  assistant_id: assistantId,
  schedule,
  enabled: optional(z.boolean()),
  metadata: optional(jsonObject),
  cron_id: optional(cronId),
  if_exists: optional(z.enum(["raise", "do_nothing", "update"])),
  if_not_exists: optional(z.enum(["create", "reject"])),
};

export const cronCreate = z.strictObject({ ...createFields, on_run_completed: optional(onRunCompleted) });

export const threadCronCreate = z.strictObject({
  ...createFields,
  // The SDK's method takes it, though the thread of a thread cron is never the cron's to delete.
  on_run_completed: optional(z.literal("keep", 'expected "keep": a cron on a thread never deletes it')),
});
export type CronCreate = z.output<typeof cronCreate>;

/** Absent leaves a field as it is; null clears it, but for what every cron has; `metadata` merges. */
export const cronPatch = z.strictObject({
  ...clearableFields,
  schedule: optional(schedule),
  enabled: optional(z.boolean()),
  metadata: optional(jsonObject),
  on_run_completed: optional(onRunCompleted),
  note: note.nullish(),
});
export type CronPatch = Partial<z.output<typeof cronPatch>>;

const filters = {
  assistant_id: optional(assistantId),
  thread_id: optional(uuid),
  enabled: optional(z.boolean()),
  metadata: optional(jsonObject),
};

export const cronCount = z.strictObject(filters);
export type CronFilters = Partial<z.output<typeof cronCount>>;

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
  "note",
  ...POLICY_FIELDS,
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
  status: z.enum(["fired", "skipped", "missed", "rolled_back", "pending"]).optional(),
});
export type SlotList = z.output<typeof slotList>;

/** What a run by hand has instead of the cron's own; `metadata` merges. */
export const runNow = z.strictObject({
  ...payloadFields,
  input: optional(input),
  metadata: optional(jsonObject),
});
export type RunNow = z.output<typeof runNow>;

export const skipNext = z.strictObject({ count: z.number().int().min(0).max(1000), note: optional(note) });
export type SkipNext = z.output<typeof skipNext>;

export const backfill = z.strictObject({ start: instant, end: instant });
export type Backfill = z.output<typeof backfill>;

export const noted = z.strictObject({ note: optional(note) });

export const preview = z.strictObject({
  schedule,
  timezone: optional(timezone),
  end_time: optional(instant),
  count: optional(count(100)),
});
export type PreviewQuery = z.output<typeof preview>;
/** As the API shows it. */
export interface CronSwitch {
  /** True while no cron fires; its slots are skipped, with the reason. */
  stopped: boolean;
  note: string | null;
  /** When it was last thrown; null when it never was. */
  changed_at: string | null;
}
/** A cron as the API shows it: as the platform does, and its policy beside it. */
export interface Cron extends CronPolicy {
  cron_id: string;
  assistant_id: string;
  thread_id: string | null;
  on_run_completed: "delete" | "keep" | null;
  end_time: string | null;
  schedule: string;
  timezone: string | null;
  created_at: string;
  updated_at: string;
  user_id: string | null;
  payload: JsonObject;
  next_run_date: string | null;
  metadata: JsonObject;
  enabled: boolean;
  note: string | null;
}
/** Of the last hundred runs, in ms. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
  max: number;
}
export interface Figures {
  slots: { fired: number; skipped: number; missed: number; rolled_back: number; pending: number };
  runs: {
    running: number;
    success: number;
    error: number;
    timeout: number;
    interrupted: number;
    rolled_back: number;
  };
  /** Of the runs that succeeded or failed; null before the first. */
  success_ratio: number | null;
  failures_in_a_row: number;
  tokens: { input: number; output: number; today: number; this_month: number };
  /** From the scheduled time to the start of the run; not of those that were backfilled. */
  start_lateness_ms: Percentiles | null;
  /** From the start of the run to its end. */
  duration_ms: Percentiles | null;
}
/** `pending` is to get a run, which is not yet known to be enqueued; the others are final. */
export type SlotStatus = "pending" | "fired" | "skipped" | "missed" | "rolled_back";
/** Why there is a run, or was to be one. */
export type SlotOrigin = "schedule" | "catchup" | "backfill" | "manual";
/** A slot as the API shows it. */
export interface Slot {
  scheduled_for: string;
  origin: SlotOrigin;
  status: SlotStatus;
  reason: string | null;
  lateness_ms: number | null;
  run_id: string | null;
  thread_id: string | null;
}
export interface Preview {
  schedule: string;
  timezone: string | null;
  /** In plain English. */
  description: string;
  next: {
    /** ISO 8601 in UTC. */
    utc: string;
    /** The same instant as the zone's clocks show it, with the offset from UTC. */
    local: string;
  }[];
  warnings: PreviewWarning[];
}
/** Why the owner may want to look again. */
export interface PreviewWarning {
  code: "never" | "rarely" | "more_than_hourly" | "dst_gap" | "dst_overlap";
  message: string;
}
