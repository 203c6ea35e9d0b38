/** Deletes assistants, with their threads if asked to. */
import type { ThreadCalls } from "../calls/thread-calls";
import { removeAssistant } from "../d1/assistants-table";
import { graphOfDefaultAssistant } from "../d1/default-assistants";
import { threadsOfAssistant, type IndexedThread } from "../d1/threads-table";
import type { Env } from "../platform/config";
import { asDomainError, DomainError } from "../platform/errors";
import { pauseCronsOf } from "./pause-crons";

/** How many threads are deleted at a time: each deletion is a call to the object of the thread. */
const THREADS_AT_ONCE = 20;

/**
 * Deletes an assistant and its versions.
 * @param threadOf with it, the threads whose `metadata.assistant_id` is the assistant's id are deleted, too, as far as the caller may
 *   delete them; it returns the object of a thread
 * @throws assistant.conflict for the default assistant of a graph, which the graph's id stands for
 */
export async function deleteAssistant(env: Env, id: string, threadOf: ThreadOf | null): Promise<void> {
  const graphId = graphOfDefaultAssistant(id);
  if (graphId !== undefined) {
    throw new DomainError(
      "assistant.conflict",
      `assistant ${id} is the default assistant of the graph "${graphId}" and stays as long as langgraph.json names the graph`,
    );
  }
  // The threads go first: should it stop halfway, the assistant is still there to delete again.
  if (threadOf !== null) await deleteThreadsOf(env, id, threadOf);
  await removeAssistant(env.DB, id);
  await pauseCronsOf(env, { assistant_id: id }, "the cron's assistant was deleted");
}

/** The object of a thread. @throws request.forbidden, AuthRefusal */
type ThreadOf = (threadId: string) => Promise<ThreadCalls>;

async function deleteThreadsOf(env: Env, assistantId: string, threadOf: ThreadOf): Promise<void> {
  // Goes on from the last thread, whether or not the index has lost the deleted ones yet.
  let last: IndexedThread | undefined;
  for (;;) {
    const threads = await threadsOfAssistant(env.DB, assistantId, last, THREADS_AT_ONCE);
    await Promise.all(threads.map(async ({ threadId }) => deleteThread(await threadOf(threadId), threadId)));
    if (threads.length < THREADS_AT_ONCE) return;
    last = threads.at(-1);
  }
}

/** Deletes a thread with its state. A thread that does not exist is no error: the index may be behind. */
async function deleteThread(thread: ThreadCalls, threadId: string): Promise<void> {
  try {
    await thread.deleteThread(threadId);
  } catch (error) {
    if (asDomainError(error)?.code !== "thread.not_found") throw error;
  }
}
