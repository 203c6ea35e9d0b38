/** `/threads`: the threads themselves. Their states are in `states.ts`, their runs in `runs.ts`. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { z } from "zod";
import type { PiecePosition, ThreadCalls } from "../calls/thread-calls";
import { countThreads, searchThreads } from "../d1/threads-table";
import { asDomainError, DomainError } from "../platform/errors";
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
      allow: ["threads:create", "threads:read"],
      summary: "Create a thread",
      body: threadCreate,
      answers: json("The thread.", thread),
      failures: [404, 409],
    },
    async (c, { body: sent, access }) => {
      const threadId = sent.thread_id ?? uuid7();
      const { filter, body } = await access.askAbout(
        "threads:create",
        threadCreate,
        sent,
        ["metadata", "if_exists"],
        { thread_id: threadId },
      );
      requireStorable("metadata", body.metadata ?? {});
      const visible =
        body.if_exists === "do_nothing"
          ? await access.existing(filter, "threads:read", { thread_id: threadId })
          : filter;
      return c.json(await access.threadPassing(visible, threadId).createThread(threadId, body));
    },
  )
  .add(
    "POST /threads/search",
    {
      id: "search_threads",
      allow: ["threads:search"],
      summary: "Search threads",
      description: "With `select`, each has only the fields asked for.",
      body: threadSearch,
      answers: page("The threads.", foundThread),
    },
    async (c, { body: sent, access }) => {
      const fields = ["metadata", "values", "status", "ids", "limit", "offset"] as const;
      const { filter, body } = await access.askAbout("threads:search", threadSearch, sent, fields);
      const { threads, total } = await searchThreads(c.env.DB, body, filter);
      pageHeaders(c, body, threads.length, total);
      return c.json(threads);
    },
  )
  .add(
    "POST /threads/count",
    {
      id: "count_threads",
      allow: ["threads:search"],
      summary: "Count threads",
      body: threadCount,
      answers: json("How many match.", z.int()),
    },
    async (c, { body: sent, access }) => {
      const fields = ["metadata", "values", "status"] as const;
      const { filter, body } = await access.askAbout("threads:search", threadCount, sent, fields);
      return c.json(await countThreads(c.env.DB, body, filter));
    },
  )
  .add(
    "POST /threads/prune",
    {
      id: "prune_threads",
      allow: ["threads:delete"],
      summary: "Delete threads, or all but their latest state",
      description:
        "Threads that do not exist are left out. With `keep_latest`, threads with a run on them are left out too.",
      body: threadPrune,
      answers: json("How many threads were pruned.", z.strictObject({ pruned_count: z.int() })),
    },
    async (c, { body: { thread_ids: threadIds, strategy }, access }) => {
      // Without an id nothing is asked below.
      if (threadIds.length === 0) await access.ask("threads:delete", {});
      const pruned = await Promise.all(
        [...new Set(threadIds)].map(async (id) =>
          prune(await access.thread("threads:delete", id), id, strategy),
        ),
      );
      return c.json({ pruned_count: pruned.filter(Boolean).length });
    },
  )
  .add(
    "GET /threads/{thread_id}",
    {
      id: "get_thread",
      allow: ["threads:read"],
      summary: "Read a thread",
      query: threadQuery,
      answers: json("The thread.", threadWithTtl),
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId }, query: { include }, access }) => {
      const thread = await access.thread("threads:read", threadId);
      return c.json(await thread.getThread(threadId, include));
    },
  )
  .add(
    "PATCH /threads/{thread_id}",
    {
      id: "patch_thread",
      allow: ["threads:update"],
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
    async (c, { path: { thread_id: threadId }, headers, body: sent, access }) => {
      const ids = { thread_id: threadId };
      const { filter, body } = await access.askAbout("threads:update", threadPatch, sent, ["metadata"], ids);
      const changed = await access.threadPassing(filter, threadId).patchThread(threadId, body);
      return headers.Prefer === "return=minimal" ? c.body(null, 204) : c.json(changed);
    },
  )
  .add(
    "DELETE /threads/{thread_id}",
    {
      id: "delete_thread",
      allow: ["threads:delete"],
      summary: "Delete a thread and its state",
      description:
        "Its runs are stopped, and their records are deleted. Of a run that a cron made, a record without content stays.",
      answers: empty("Deleted."),
      failures: [404],
    },
    async (c, { path: { thread_id: threadId }, access }) => {
      const thread = await access.thread("threads:delete", threadId);
      await thread.deleteThread(threadId);
      await pauseCronsOf(c.env, { thread_id: threadId }, "the cron's thread was deleted");
      return c.body(null, 204);
    },
  )
  .add(
    "POST /threads/{thread_id}/copy",
    {
      id: "copy_thread",
      allow: ["threads:read", "threads:create"],
      summary: "Copy a thread with its history",
      answers: json("The copy.", thread),
      failures: [404],
    },
    async (c, { path: { thread_id: threadId }, access }) => {
      const source = await access.thread("threads:read", threadId);
      const { metadata, status } = await sourceOf(source, threadId, access.areAsked);
      const copyId = uuid7();
      const { body } = await access.askAbout(
        "threads:create",
        threadCreate,
        threadCreate.parse({ metadata: { ...metadata, thread_id: copyId } }),
        ["metadata"],
        { thread_id: copyId },
      );
      const copy = access.threadPassing(undefined, copyId);
      await copyCheckpoints(source, threadId, copy, copyId);
      // The thread is made last, so that nobody sees a copy that is not whole. It waits for an answer if the other does.
      return c.json(await copy.createThread(copyId, body, status === "interrupted" ? status : "idle"));
    },
  );

/** Prunes one thread of many. @returns whether there was such a thread, and no run on it */
async function prune(
  thread: ThreadCalls,
  threadId: string,
  strategy: ThreadTtl["strategy"],
): Promise<boolean> {
  try {
    await thread.pruneThread(threadId, strategy);
    return true;
  } catch (error) {
    if (asDomainError(error) === undefined) throw error;
    return false;
  }
}

/**
 * The thread that is to be copied. Where callers are asked for, a thread that is not there is a conflict, as in LangGraph's own
 * server.
 * @throws thread.not_found, thread.conflict
 */
async function sourceOf(source: ThreadCalls, threadId: string, callersAreAsked: boolean): Promise<Thread> {
  try {
    return await source.getThread(threadId);
  } catch (error) {
    if (!callersAreAsked || asDomainError(error)?.code !== "thread.not_found") throw error;
    throw new DomainError("thread.conflict", `no thread with the id ${threadId}`);
  }
}

/** Copies the whole history of a thread to one that is to be created. @throws thread.not_found */
async function copyCheckpoints(
  source: ThreadCalls,
  threadId: string,
  copy: ThreadCalls,
  copyId: string,
): Promise<void> {
  let position: PiecePosition | null | undefined;
  while (position !== null) {
    const piece = await source.readCheckpoints(threadId, position);
    if (piece.rows.length > 0) await copy.writeCheckpoints(copyId, piece);
    position = piece.next;
  }
}
