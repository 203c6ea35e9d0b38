/** `/threads`: the threads themselves. Their states are in `states.ts`, their runs in `runs.ts`. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { z } from "zod";
import { threadObject, type PiecePosition } from "../calls/thread-calls";
import { countThreads, searchThreads } from "../d1/threads-table";
import type { Env } from "../platform/config";
import { asDomainError } from "../platform/errors";
import { requireStorable } from "../platform/json";
import {
  foundThread,
  thread,
  threadCount,
  threadCreate,
  threadPatch,
  threadPrune,
  threadQuery,
  threadSearch,
  threadWithTtl,
  type Thread,
} from "../wire/threads/thread";
import type { ThreadTtl } from "../wire/threads/ttl";
import { DescribedRoutes } from "./described-routes";
import { empty, json, page } from "./openapi/operation";
import { pageHeaders } from "./pages";
import { pauseCronsOf } from "./pause-crons";

export const threadRoutes = new DescribedRoutes("Threads")
  .add(
    "POST /threads",
    {
      id: "create_thread",
      summary: "Create a thread",
      body: threadCreate,
      answers: json("The thread.", thread),
      failures: [404, 409],
    },
    async (c, { body }) => {
      requireStorable("metadata", body.metadata ?? {});
      const threadId = body.thread_id ?? uuid7();
      return c.json(await threadObject(c.env, threadId).createThread(threadId, body));
    },
  )
  .add(
    "POST /threads/search",
    {
      id: "search_threads",
      summary: "Search threads",
      description: "With `select`, each has only the fields asked for.",
      body: threadSearch,
      answers: page("The threads.", foundThread),
    },
    async (c, { body }) => {
      const { threads, total } = await searchThreads(c.env.DB, body);
      pageHeaders(c, body, threads.length, total);
      return c.json(threads);
    },
  )
  .add(
    "POST /threads/count",
    {
      id: "count_threads",
      summary: "Count threads",
      body: threadCount,
      answers: json("How many match.", z.int()),
    },
    async (c, { body }) => c.json(await countThreads(c.env.DB, body)),
  )
  .add(
    "POST /threads/prune",
    {
      id: "prune_threads",
      summary: "Delete threads, or all but their latest state",
      description:
        "Threads that do not exist are left out. With `keep_latest`, threads with a run on them are left out too.",
      body: threadPrune,
      answers: json("How many threads were pruned.", z.strictObject({ pruned_count: z.int() })),
    },
    async (c, { body: { thread_ids: threadIds, strategy } }) => {
      const pruned = await Promise.all([...new Set(threadIds)].map((id) => prune(c.env, id, strategy)));
      return c.json({ pruned_count: pruned.filter(Boolean).length });
    },
  )
  .add(
    "GET /threads/{thread_id}",
    {
      id: "get_thread",
      summary: "Read a thread",
      query: threadQuery,
      answers: json("The thread.", threadWithTtl),
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId }, query: { include } }) =>
      c.json(await threadObject(c.env, threadId).getThread(threadId, include)),
  )
  .add(
    "PATCH /threads/{thread_id}",
    {
      id: "patch_thread",
      summary: "Change a thread",
      headers: {
        Prefer: z
          .string()
          .optional()
          .meta({ description: "`return=minimal`: the answer leaves the thread out." }),
      },
      body: threadPatch,
      answers: [...json("The thread.", thread), ...empty("Changed, and the thread is left out as asked.")],
      failures: [404],
    },
    async (c, { path: { thread_id: threadId }, headers, body }) => {
      const changed = await threadObject(c.env, threadId).patchThread(threadId, body);
      return headers.Prefer === "return=minimal" ? c.body(null, 204) : c.json(changed);
    },
  )
  .add(
    "DELETE /threads/{thread_id}",
    {
      id: "delete_thread",
      summary: "Delete a thread and its state",
      description:
        "Its runs are stopped, and their records are deleted. Of a run that a cron made, a record without content stays.",
      answers: empty("Deleted."),
      failures: [404],
    },
    async (c, { path: { thread_id: threadId } }) => {
      await threadObject(c.env, threadId).deleteThread(threadId);
      await pauseCronsOf(c.env, { thread_id: threadId }, "the cron's thread was deleted");
      return c.body(null, 204);
    },
  )
  .add(
    "POST /threads/{thread_id}/copy",
    {
      id: "copy_thread",
      summary: "Copy a thread with its history",
      answers: json("The copy.", thread),
      failures: [404],
    },
    async (c, { path }) => c.json(await copyThread(c.env, path.thread_id)),
  );

/** Prunes one thread of many. @returns whether there was such a thread, and no run on it */
async function prune(env: Env, threadId: string, strategy: ThreadTtl["strategy"]): Promise<boolean> {
  try {
    await threadObject(env, threadId).pruneThread(threadId, strategy);
    return true;
  } catch (error) {
    if (asDomainError(error) === undefined) throw error;
    return false;
  }
}

/**
 * Makes a new thread with the metadata and the whole history of another. The copy waits for an answer if the other does.
 * @throws thread.not_found
 */
async function copyThread(env: Env, threadId: string): Promise<Thread> {
  const source = threadObject(env, threadId);
  const { metadata, status } = await source.getThread(threadId);
  const copyId = uuid7();
  const copy = threadObject(env, copyId);
  let position: PiecePosition | null | undefined;
  while (position !== null) {
    const piece = await source.readCheckpoints(threadId, position);
    if (piece.rows.length > 0) await copy.writeCheckpoints(copyId, piece);
    position = piece.next;
  }
  // The thread is made last, so that nobody sees a copy that is not whole.
  const body = threadCreate.parse({ metadata: { ...metadata, thread_id: copyId } });
  return copy.createThread(copyId, body, status === "interrupted" ? status : "idle");
}
