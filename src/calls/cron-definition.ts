/** A cron as its object stores it and as the API shows it. */
import { toIso, toIsoOrNull } from "../platform/clock";
import { DomainError } from "../platform/errors";
import type { JsonObject } from "../platform/json";
import { nextSlot, type Schedule } from "../schedule/schedule";
import { CRON_PAYLOAD_FIELDS, type Cron, type CronPatch } from "../wire/crons/cron";
import { changedPolicy, type CronPolicy } from "../wire/crons/policy";
import type { CronChain } from "./cron-planning";
import type { User } from "./user";

/** What the owner of a cron defines. Instants are in ms since the epoch. */
export interface CronDefinition {
  cronId: string;
  assistantId: string;
  /** Null for a stateless cron: each firing then has a thread of its own. */
  threadId: string | null;
  schedule: string;
  /** A name of the IANA time zone database; null for UTC. */
  timezone: string | null;
  /** No slot at or after this instant fires; null for no end. */
  endTime: number | null;
  enabled: boolean;
  onRunCompleted: "delete" | "keep" | null;
  /** The fields of the run that each firing makes. */
  payload: JsonObject;
  metadata: JsonObject;
  policy: CronPolicy;
  /** Who created it, as whom its runs are made. Null or absent when the server did not know callers by name. */
  owner?: User | null;
  /**
   * The run whose graph made the cron by a tool, and the chain that the cron is in when that was a run of a cron. Such a cron is removed
   * when it has nothing more to do. Absent when a client made it.
   */
  madeBy?: { runId: string; chain: CronChain | null };
  /** Why the cron was last paused or resumed, as the owner or the server put it. */
  note: string | null;
  createdAt: number;
  updatedAt: number;
}

/** The schedule of the cron: its expression and its time zone. */
export const scheduleOf = (definition: CronDefinition): Schedule => ({
  expression: definition.schedule,
  timezone: definition.timezone,
});

/** The first slot after the instant `afterMs` (ms). Null when there is none, or when it lies at or after the end time. */
export function upcomingSlot(definition: CronDefinition, afterMs: number): number | null {
  const slot = nextSlot(scheduleOf(definition), afterMs);
  if (slot === null || (definition.endTime !== null && slot >= definition.endTime)) return null;
  return slot;
}

/**
 * The payload of the cron with the fields of a request applied. An absent field leaves what there is, and null clears it. The
 * payload of a cron on a thread always has a `multitask_strategy`: "enqueue" unless another was asked for.
 * @param payload the fields of the run that each firing makes, so far
 * @param fields the fields of the request
 */
export function changedPayload(payload: JsonObject, threadId: string | null, fields: JsonObject): JsonObject {
  const given = CRON_PAYLOAD_FIELDS.filter((field) => fields[field] !== undefined);
  const changed = { ...payload, ...Object.fromEntries(given.map((field) => [field, fields[field]])) };
  const kept = Object.entries(changed).filter(([, value]) => value !== null);
  return { ...(threadId === null ? {} : { multitask_strategy: "enqueue" }), ...Object.fromEntries(kept) };
}

/**
 * The definition with a patch applied. An absent field leaves what there is, null clears it, and `metadata` is merged. A patch
 * that pauses or resumes the cron replaces the note, also when it brings none.
 * @param at the present instant (ms)
 * @throws request.invalid when a cron on a thread is told to delete the thread
 */
export function patched(definition: CronDefinition, patch: CronPatch, at: number): CronDefinition {
  const ownsThreads = definition.threadId === null;
  if (!ownsThreads && patch.on_run_completed === "delete") {
    throw new DomainError(
      "request.invalid",
      'on_run_completed: expected "keep": a cron on a thread never deletes it',
    );
  }
  const enabled = patch.enabled ?? definition.enabled;
  return {
    ...definition,
    schedule: patch.schedule ?? definition.schedule,
    timezone: patch.timezone === undefined ? definition.timezone : patch.timezone,
    endTime: patch.end_time === undefined ? definition.endTime : patch.end_time,
    enabled,
    note: patch.note === undefined && enabled === definition.enabled ? definition.note : (patch.note ?? null),
    onRunCompleted: ownsThreads ? (patch.on_run_completed ?? definition.onRunCompleted) : null,
    payload: changedPayload(definition.payload, definition.threadId, patch),
    metadata: { ...definition.metadata, ...patch.metadata },
    policy: changedPolicy(definition.policy, patch),
    updatedAt: at,
  };
}

/** The cron as the API shows it. */
export function toWireCron({
  definition,
  nextRunAt,
}: {
  definition: Omit<CronDefinition, "owner"> & { owner?: Pick<User, "identity"> | null };
  nextRunAt: number | null;
}): Cron {
  return {
    cron_id: definition.cronId,
    assistant_id: definition.assistantId,
    thread_id: definition.threadId,
    on_run_completed: definition.onRunCompleted,
    end_time: toIsoOrNull(definition.endTime),
    schedule: definition.schedule,
    timezone: definition.timezone,
    created_at: toIso(definition.createdAt),
    updated_at: toIso(definition.updatedAt),
    user_id: definition.owner?.identity ?? null,
    payload: definition.payload,
    next_run_date: toIsoOrNull(nextRunAt),
    metadata: definition.metadata,
    enabled: definition.enabled,
    note: definition.note,
    ...definition.policy,
  };
}
