/**
 * Which object holds a thread: one function of the thread id. Most threads have an object of their own. Short-lived ones share
 * standing objects, since a new object for every run costs more than the run. Their ids say so: version 8 of RFC 9562
 * ("custom"), beginning with twelve digits that name the standing object.
 */
import { createHash } from "node:crypto";
import type { DurableObject } from "cloudflare:workers";
import type { Env } from "../platform/config";
import { calls } from "../platform/rpc";
import type { ThreadDO } from "../thread/thread-do";

/** Whether the id is one of those that share an object. */
export const isShortLived = (threadId: string): boolean => threadId[14] === "8";

/** The name of the object that holds the thread. */
export function threadObjectName(threadId: string): string {
  return isShortLived(threadId) ? `standing:${threadId.slice(0, 8)}${threadId.slice(9, 13)}` : threadId;
}

/** The calls that others make; their results are plain JSON or streams, which cross RPC as they are. */
export type ThreadCalls = Omit<ThreadDO, keyof DurableObject | "call">;

/** The object that holds the thread. */
export const threadObject = (env: Env, threadId: string): ThreadCalls =>
  calls<ThreadCalls>(env.THREAD.get(env.THREAD.idFromName(threadObjectName(threadId))));

/** Whether an object of this name is a standing one, which outlives its threads. */
export const isStanding = (objectName: string): boolean => objectName.startsWith("standing:");

/** The id of a short-lived thread: `owner` decides the standing object, `owner` and `key` the thread. */
export function standingThreadId(owner: string, key: string): string {
  const object = sha256(owner).slice(0, 12);
  const rest = sha256(`${owner} ${key}`);
  return `${object.slice(0, 8)}-${object.slice(8)}-8${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
