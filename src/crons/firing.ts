/** Acting on a slot: the run that it makes, on which thread, and having it enqueued. */
import { v5 as uuid5 } from "@langchain/core/utils/uuid";
import { getAssistant } from "../assistants/assistants-table";
import { now, toIso } from "../clock";
import type { Env } from "../config";
import { within } from "../deadline";
import { asDomainError } from "../errors";
import { logError } from "../log";
import { newRun, type AssistantSnapshot } from "../runs/new-run";
import type { CronTerms } from "../runs/run";
import { isShortLived, standingThreadId, threadObject } from "../threads/thread-object";
import type { CronDefinition } from "./cron";
import type { PendingSlot } from "./slots";

const D1_LIMIT_MS = 2_000;
const ENQUEUE_LIMIT_MS = 30_000;

/** The run of a slot: derived, so that a repeated delivery means the same run. */
export const runIdOf = (cronId: string, scheduledFor: number): string => uuid5(String(scheduledFor), cronId);

/** The thread of a slot: the cron's own, or a new one that lives as long as `on_run_completed` says. */
export function threadIdOf(definition: CronDefinition, scheduledFor: number): string {
  if (definition.threadId !== null) return definition.threadId;
  return definition.onRunCompleted === "keep"
    ? uuid5(`thread ${scheduledFor}`, definition.cronId)
    : standingThreadId(definition.cronId, String(scheduledFor));
}

/**
 * Has the run of a claimed slot enqueued; safe to repeat.
 * @param redelivered that an earlier delivery may have succeeded without an answer
 * @returns the run's id, and the assistant as it is now
 * @throws a domain error when there can be no such run (assistant or thread gone, thread busy); any other error leaves it
 *   open whether the run was enqueued.
 */
export async function fire(
  env: Env,
  definition: CronDefinition,
  snapshot: AssistantSnapshot,
  { scheduledFor, threadId }: PendingSlot,
  redelivered: boolean,
): Promise<{ runId: string; assistant: AssistantSnapshot }> {
  const assistant = await currentAssistant(env, definition.assistantId, snapshot);
  const runId = runIdOf(definition.cronId, scheduledFor);
  const stateless = definition.threadId === null;
  const run = newRun(
    {
      ...definition.payload,
      assistant_id: definition.assistantId,
      metadata: { ...definition.metadata, cron_id: definition.cronId, scheduled_for: toIso(scheduledFor) },
      if_not_exists: stateless ? "create" : "reject",
      // The thread was chosen when the slot was claimed, and with it what becomes of it.
      on_completion: isShortLived(threadId) ? "delete" : "keep",
    },
    assistant,
    { runId, threadId, stateless, cron: termsOf(definition) },
  );
  const delivery = { redelivered, notAfter: now() + ENQUEUE_LIMIT_MS };
  const enqueued = threadObject(env, threadId).enqueueRun(run, delivery);
  await within(ENQUEUE_LIMIT_MS, "the thread object", enqueued);
  return { runId, assistant };
}

/** What the cron asks of its runs. */
const termsOf = ({ cronId }: CronDefinition): CronTerms => ({
  cronId,
  maxAttempts: 1,
  retryDelayMs: 30_000,
  timeoutMs: null,
  ttl: null,
});

/** Whether the run of a slot was taken in, by a delivery whose answer was lost. */
export async function hasFired(
  env: Env,
  cronId: string,
  { scheduledFor, threadId }: PendingSlot,
): Promise<boolean> {
  const run = threadObject(env, threadId).getRun(threadId, runIdOf(cronId, scheduledFor));
  try {
    await within(ENQUEUE_LIMIT_MS, "the thread object", run);
    return true;
  } catch (error) {
    if (asDomainError(error)?.code === "run.not_found") return false;
    throw error;
  }
}

/** Tells the standing object of a cron's short-lived threads that no more will come. */
export async function releaseThreads(env: Env, definition: CronDefinition): Promise<void> {
  if (definition.threadId !== null) return;
  const released = threadObject(env, standingThreadId(definition.cronId, "")).release();
  await within(ENQUEUE_LIMIT_MS, "the thread object", released);
}

async function currentAssistant(
  env: Env,
  id: string,
  snapshot: AssistantSnapshot,
): Promise<AssistantSnapshot> {
  try {
    return snapshotOf(await within(D1_LIMIT_MS, "D1", getAssistant(env.DB, id)));
  } catch (error) {
    if (asDomainError(error) !== undefined) throw error;
    logError("firing with the assistant as it was last seen", error, { assistant_id: id });
    return snapshot;
  }
}

/** What a cron keeps of an assistant, so that it fires while D1 is down. */
export const snapshotOf = (assistant: AssistantSnapshot): AssistantSnapshot => ({
  assistant_id: assistant.assistant_id,
  graph_id: assistant.graph_id,
  config: assistant.config,
  context: assistant.context,
});
