/** What clients may send about threads. */
import { z } from "zod";
import type { JsonObject } from "../../platform/json";
import { jsonObject, listOf, optional, paging, queryBoolean, queryLimit, uuid } from "../fields";
import { stateField, superstep } from "./state";
import { threadPart } from "./thread-part";

/** Minutes; at most a hundred years, so that the instant of expiry is one. */
export const minutes = z.number().positive().max(52_560_000);

export const threadTtl = z
  .union(
    [
      minutes,
      z.strictObject({ strategy: z.enum(["delete", "keep_latest"]).default("delete"), ttl: minutes }),
    ],
    'expected minutes, or {"strategy": "delete" | "keep_latest", "ttl": minutes}',
  )
  .transform((given) => (typeof given === "number" ? { strategy: "delete" as const, ttl: given } : given));

export const threadCreate = z.strictObject({
  thread_id: optional(uuid),
  metadata: optional(jsonObject),
  if_exists: optional(z.enum(["raise", "do_nothing"])),
  ttl: optional(threadTtl),
  supersteps: optional(z.array(superstep).max(1000)),
});
export type ThreadCreate = z.output<typeof threadCreate>;

export const threadPatch = z.strictObject({ metadata: optional(jsonObject), ttl: threadTtl.nullish() });
export type ThreadPatch = z.output<typeof threadPatch>;

/** What a thread is shown with when asked: repeated, as the JavaScript SDK has it, or with commas, as the Python one. */
export const threadQuery = z.strictObject({
  include: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap((text) => text.split(",")))
    .pipe(z.array(z.enum(["ttl"])))
    .optional(),
});

const threadStatus = z.enum(["idle", "busy", "interrupted", "error"]);

const filters = {
  metadata: optional(jsonObject),
  values: optional(jsonObject),
  status: optional(threadStatus),
};

export const threadCount = z.strictObject(filters);
export type ThreadFilters = z.output<typeof threadCount>;

const threadFields = z.enum([
  "thread_id",
  "created_at",
  "updated_at",
  "metadata",
  "config",
  "context",
  "status",
  "values",
  "interrupts",
  "error",
]);

export const threadSearch = z.strictObject({
  ...filters,
  ...paging,
  ids: optional(z.array(uuid).max(1000)),
  sort_by: optional(z.enum(["thread_id", "status", "created_at", "updated_at"])),
  sort_order: optional(z.enum(["asc", "desc"])),
  select: optional(z.array(threadFields)),
  extract: optional(
    z
      .record(z.string().min(1).max(200), threadPart)
      .refine((parts) => Object.keys(parts).length <= 10, "expected at most 10 paths"),
  ),
});
export type ThreadSearch = z.output<typeof threadSearch>;

export const stateQuery = z.strictObject({
  subgraphs: queryBoolean.default(false),
  select: listOf(stateField).optional(),
});

const checkpointConfig = z.looseObject({
  checkpoint_id: optional(z.string()),
  checkpoint_ns: optional(z.string()),
});

/** A checkpoint as the SDKs name one: its id, or a config that holds it. */
const before = z
  .union([
    z.string(),
    z
      .looseObject({ configurable: checkpointConfig })
      .transform((config) => config.configurable.checkpoint_id),
    checkpointConfig.transform((config) => config.checkpoint_id),
  ])
  .nullish()
  .transform((id) => id ?? undefined);

export const historySearch = z.strictObject({
  limit: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .nullish()
    .transform((value) => value ?? 10),
  before,
  metadata: optional(jsonObject),
  checkpoint: optional(checkpointConfig),
  select: optional(z.array(stateField)),
});
export type HistorySearch = z.output<typeof historySearch>;

export const historyQuery = z
  .strictObject({
    limit: queryLimit.default(10),
    before: z.string().optional(),
    select: listOf(stateField).optional(),
  })
  .transform(({ limit, before: id, select }): HistorySearch => ({
    limit,
    before: id,
    select,
    metadata: undefined,
    checkpoint: undefined,
  }));
/** A thread's time to live as the API shows it. */
export interface WireTtl {
  strategy: ThreadTtl["strategy"];
  ttl_minutes: number;
  /** Null while a run holds it up, and when only the latest state is left already. */
  expires_at: string | null;
}
export type ThreadStatus = "idle" | "busy" | "interrupted" | "error";
/** How long a thread lives without being touched. */
export interface ThreadTtl {
  /** What becomes of it then: it is deleted, or only its latest state is kept. */
  strategy: "delete" | "keep_latest";
  /** Minutes. */
  ttl: number;
}
/** What the checkpoints say of a thread. */
export interface ThreadSnapshot {
  /** The values of its state; null before the first run. */
  values: unknown;
  /** Interrupts that wait for an answer, by task id. */
  interrupts: JsonObject;
}
/** A thread as the API shows it. */
export interface Thread extends ThreadSnapshot {
  thread_id: string;
  created_at: string;
  updated_at: string;
  metadata: JsonObject;
  status: ThreadStatus;
  config: JsonObject;
  error: string | null;
}
/** A thread that was found, with what was to be extracted of it. */
export interface FoundThread extends Thread {
  extracted?: JsonObject;
}
