/**
 * Which object holds a thread: one function of the thread id. Most threads have an object of their own. Short-lived threads
 * share standing objects, because a new object for every run costs more than the run. The id of a short-lived thread shows
 * that it is one: it has version 8 of RFC 9562 ("custom"), and its first twelve digits name the standing object.
 */
import { createHash } from "node:crypto";

/** Whether the thread is short-lived, and so shares an object with others. */
export const isShortLived = (threadId: string): boolean => threadId[14] === "8";

/** The name of the object that holds the thread. */
export function threadObjectName(threadId: string): string {
  return isShortLived(threadId) ? `standing:${threadId.slice(0, 8)}${threadId.slice(9, 13)}` : threadId;
}

/** Whether an object of this name is a standing object, which outlives its threads. */
export const isStanding = (objectName: string): boolean => objectName.startsWith("standing:");

/** Hexadecimal digits of a run's id that the id of its short-lived thread has. */
const RUN_DIGITS = 18;

/** The digit that says that the id of a short-lived thread has digits of its run's id. Earlier versions made ids with an 8 there. */
const NAMES_RUN = "9";

/**
 * The id of a short-lived thread. `owner` alone decides the standing object. The rest are the first digits of the id of the run
 * for which the thread is made, so that the run is found by the id of the thread when it has ended, without an SQL index of its own.
 * @param runId an id that is random from its first digit on
 */
export function standingThreadId(owner: string, runId: string): string {
  const object = sha256(owner).slice(0, 12);
  const run = runId.replaceAll("-", "").slice(0, RUN_DIGITS);
  return `${object.slice(0, 8)}-${object.slice(8)}-8${run.slice(0, 3)}-${NAMES_RUN}${run.slice(3, 6)}-${run.slice(6)}`;
}

/**
 * The range in which the id of the run of a short-lived thread is: from the first id up to, but without, the second. Undefined when
 * the id of the thread does not say it.
 */
export function runIdsOf(threadId: string): [from: string, to: string] | undefined {
  if (!isShortLived(threadId) || threadId[19] !== NAMES_RUN) return undefined;
  const run = threadId.slice(15, 18) + threadId.slice(20, 23) + threadId.slice(24);
  const from = [run.slice(0, 8), run.slice(8, 12), run.slice(12, 16), run.slice(16)].join("-");
  return [from, `${from}g`];
}

/** Whether the run is the one whose digits the id of its thread has, or may be that run, as the thread is of an earlier version. */
export function isNamedBy(threadId: string, runId: string): boolean {
  const [from, to] = runIdsOf(threadId) ?? [runId, `${runId}g`];
  return isShortLived(threadId) && from <= runId && runId < to;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
