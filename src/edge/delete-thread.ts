/** Deleting a thread from wherever it is asked for. */
import { threadObject } from "../calls/thread-calls";
import type { Env } from "../platform/config";
import { asDomainError } from "../platform/errors";

/** Deletes the thread with its state. One that is gone already is no error: the index may be behind. */
export async function deleteThread(env: Env, threadId: string): Promise<void> {
  try {
    await threadObject(env, threadId).deleteThread(threadId);
  } catch (error) {
    if (asDomainError(error)?.code !== "thread.not_found") throw error;
  }
}
