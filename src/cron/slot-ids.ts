/**
 * What is derived from a slot: the ids of its run and its thread, and its jitter. A delivery that is repeated derives the same
 * ids, so it cannot make a second run.
 */
import { v5 as uuid5 } from "@langchain/core/utils/uuid";
import type { CronDefinition } from "../calls/cron-definition";
import { standingThreadId } from "../calls/thread-id";
import type { SlotKey } from "./slot-rows";

/** The crons of a deployment share so many standing objects. One object executes some hundred short runs a second. */
const STANDING_OBJECTS = 64;

const slotName = ({ scheduledFor, manual }: SlotKey): string => `${manual ? "manual " : ""}${scheduledFor}`;

/** The name that {@link runIdOf} was last asked for, and its id. A firing asks some ten times for the same, and each costs a hash. */
let lastRun = { cronId: "", name: "", runId: "" };

/** The id of the slot's run. */
export function runIdOf(cronId: string, slot: SlotKey): string {
  const name = slotName(slot);
  if (lastRun.cronId !== cronId || lastRun.name !== name) {
    lastRun = { cronId, name, runId: uuid5(name, cronId) };
  }
  return lastRun.runId;
}

/** The id of the slot's thread: the cron's own thread, or a new one that lives as long as `on_run_completed` says. */
export function threadIdOf(definition: CronDefinition, slot: SlotKey): string {
  if (definition.threadId !== null) return definition.threadId;
  return definition.onRunCompleted === "keep"
    ? keptThreadId(definition.cronId, slot)
    : standingThreadId(standingOwner(definition.cronId), runIdOf(definition.cronId, slot));
}

/** The id of a thread that is made for the run of the slot, and stays after it. */
export const keptThreadId = (cronId: string, slot: SlotKey): string =>
  uuid5(`thread ${slotName(slot)}`, cronId);

/** The owner of the standing object that holds the cron's short-lived threads: all slots of one cron meet in one object. */
const standingOwner = (cronId: string): string =>
  `crons ${Number.parseInt(uuid5("standing object", cronId).slice(0, 8), 16) % STANDING_OBJECTS}`;

/** By how many ms the slot is delayed: a fixed delay for each slot, spread evenly over crons and slots. */
export function jitterOf({ cronId, policy }: CronDefinition, scheduledFor: number): number {
  if (policy.jitter_seconds === 0) return 0;
  const share = Number.parseInt(uuid5(`jitter ${scheduledFor}`, cronId).slice(0, 8), 16) / 2 ** 32;
  return Math.floor(share * policy.jitter_seconds * 1000);
}
