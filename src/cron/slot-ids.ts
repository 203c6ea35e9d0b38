/**
 * What is derived from a slot: the ids of its run and its thread, and its jitter. A delivery that is repeated derives the same
 * ids, so it cannot make a second run.
 */
import { v5 as uuid5 } from "@langchain/core/utils/uuid";
import type { CronDefinition } from "../calls/cron-definition";
import { standingThreadId } from "../calls/thread-id";
import type { SlotKey } from "./slot-rows";

/** The crons of a deployment share so many standing objects. An object may have few calls of models open at a time. */
const STANDING_OBJECTS = 64;
/**
 * Crons with short runs share so many other standing objects. Such runs hold up nobody, and the fewer objects wake for a crowd of them,
 * the less it costs. See docs/decisions/0037-short-runs-share-fewer-objects.md.
 */
const SHORT_RUN_OBJECTS = 16;
/** A run that ends within this many ms is short. The answer to enqueuing a run waits for the end of the run that long. */
export const SHORT_RUN_MS = 250;

const slotName = ({ scheduledFor, manual }: SlotKey): string => `${manual ? "manual " : ""}${scheduledFor}`;

/** Ids of runs, by cron and slot. A firing asks some ten times for the same, and each costs a hash. */
const runIds = new Map<string, string>();
const MAX_RUN_IDS = 1_000;

/** The id of the slot's run. */
export function runIdOf(cronId: string, slot: SlotKey): string {
  const name = slotName(slot);
  const key = `${cronId} ${name}`;
  const known = runIds.get(key);
  if (known !== undefined) return known;
  if (runIds.size >= MAX_RUN_IDS) runIds.clear();
  const runId = uuid5(name, cronId);
  runIds.set(key, runId);
  return runId;
}

/**
 * The id of the slot's thread: the cron's own thread, or a new one that lives as long as `on_run_completed` says. Only the claim of the
 * slot asks for it, and stores it, because `durationMs` changes.
 * @param durationMs how long the last runs of the cron took
 */
export function threadIdOf(
  definition: CronDefinition,
  slot: SlotKey,
  durationMs: readonly number[] = [],
): string {
  const { cronId, threadId, onRunCompleted } = definition;
  if (threadId !== null) return threadId;
  return onRunCompleted === "keep"
    ? keptThreadId(cronId, slot)
    : standingThreadId(standingOwner(cronId, durationMs), runIdOf(cronId, slot));
}

/** The id of a thread that is made for the run of the slot, and stays after it. */
export const keptThreadId = (cronId: string, slot: SlotKey): string =>
  uuid5(`thread ${slotName(slot)}`, cronId);

/**
 * The owner of the standing object that holds the cron's short-lived threads. All slots of a cron have the same one, until the cron changes from
 * long runs to short ones or back.
 */
function standingOwner(cronId: string, durationMs: readonly number[]): string {
  const number = Number.parseInt(uuid5("standing object", cronId).slice(0, 8), 16);
  return areShort(durationMs)
    ? `crons with short runs ${number % SHORT_RUN_OBJECTS}`
    : `crons ${number % STANDING_OBJECTS}`;
}

/** Whether more than half of the runs were short. Before its first run nobody knows that of a cron. */
function areShort(durationMs: readonly number[]): boolean {
  const short = durationMs.filter((ms) => ms <= SHORT_RUN_MS).length;
  return short > durationMs.length / 2;
}

/** By how many ms the slot is delayed: a fixed delay for each slot, spread evenly over crons and slots. */
export function jitterOf({ cronId, policy }: CronDefinition, scheduledFor: number): number {
  if (policy.jitter_seconds === 0) return 0;
  const share = Number.parseInt(uuid5(`jitter ${scheduledFor}`, cronId).slice(0, 8), 16) / 2 ** 32;
  return Math.floor(share * policy.jitter_seconds * 1000);
}
