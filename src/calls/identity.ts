/** What is derived from a slot, so that a repeated delivery means the same: its run, its thread, its jitter. */
import { v5 as uuid5 } from "@langchain/core/utils/uuid";
import { standingThreadId } from "./thread-object";
import type { CronDefinition } from "./cron-definition";
import type { SlotKey } from "../cron/ledger";

/** One object executes some hundred short runs a second; its runs share one JavaScript thread. */
const STANDING_OBJECTS = 64;

const nameOf = ({ scheduledFor, manual }: SlotKey): string => `${manual ? "manual " : ""}${scheduledFor}`;

/** The run of a slot. */
export const runIdOf = (cronId: string, slot: SlotKey): string => uuid5(nameOf(slot), cronId);

/** The thread of a slot: the cron's own, or a new one that lives as long as `on_run_completed` says. */
export function threadIdOf(definition: CronDefinition, slot: SlotKey): string {
  if (definition.threadId !== null) return definition.threadId;
  return definition.onRunCompleted === "keep"
    ? uuid5(`thread ${nameOf(slot)}`, definition.cronId)
    : standingThreadId(standingOwner(definition.cronId), `${definition.cronId} ${nameOf(slot)}`);
}

/** The crons that share a standing object, chosen by the cron's id: slots of one cron meet in one object. */
const standingOwner = (cronId: string): string =>
  `crons ${Number.parseInt(uuid5("standing object", cronId).slice(0, 8), 16) % STANDING_OBJECTS}`;

/** By how much the slot is delayed, in whole ms: spread evenly over crons and slots. */
export function jitterOf({ cronId, policy }: CronDefinition, scheduledFor: number): number {
  if (policy.jitter_seconds === 0) return 0;
  const share = Number.parseInt(uuid5(`jitter ${scheduledFor}`, cronId).slice(0, 8), 16) / 2 ** 32;
  return Math.floor(share * policy.jitter_seconds * 1000);
}
