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

/** The id of a short-lived thread. `owner` alone decides the standing object; `owner` and `key` decide the thread. */
export function standingThreadId(owner: string, key: string): string {
  const object = sha256(owner).slice(0, 12);
  const rest = sha256(`${owner} ${key}`);
  return `${object.slice(0, 8)}-${object.slice(8)}-8${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
