/** `/threads`: the threads themselves and their state. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { Hono } from "hono";
import { threadObject } from "../calls/thread-calls";
import { countThreads, searchThreads } from "../d1/threads-table";
import type { Env } from "../platform/config";
import { requireStorable } from "../platform/json";
import { historyQuery, historySearch, stateQuery } from "../wire/threads/state";
import { threadCount, threadCreate, threadPatch, threadQuery, threadSearch } from "../wire/threads/thread";
import { pageHeaders } from "./pages";
import { pauseCronsOf } from "./pause-crons";
import { readBody, readId, readQuery } from "./request";

export const threadRoutes = new Hono<{ Bindings: Env }>()
  .post("/threads", async (c) => {
    const body = await readBody(c, threadCreate);
    requireStorable("metadata", body.metadata ?? {});
    const threadId = body.thread_id ?? uuid7();
    return c.json(await threadObject(c.env, threadId).createThread(threadId, body));
  })
  .post("/threads/search", async (c) => {
    const query = await readBody(c, threadSearch);
    const { threads, total } = await searchThreads(c.env.DB, query);
    pageHeaders(c, query, threads.length, total);
    return c.json(threads);
  })
  .post("/threads/count", async (c) => c.json(await countThreads(c.env.DB, await readBody(c, threadCount))))
  .get("/threads/:thread_id", async (c) => {
    const threadId = readId(c, "thread_id");
    const { include } = readQuery(c, threadQuery);
    return c.json(await threadObject(c.env, threadId).getThread(threadId, include));
  })
  .patch("/threads/:thread_id", async (c) => {
    const threadId = readId(c, "thread_id");
    const body = await readBody(c, threadPatch);
    const thread = await threadObject(c.env, threadId).patchThread(threadId, body);
    if (c.req.header("Prefer") === "return=minimal") return c.body(null, 204);
    return c.json(thread);
  })
  .delete("/threads/:thread_id", async (c) => {
    const threadId = readId(c, "thread_id");
    await threadObject(c.env, threadId).deleteThread(threadId);
    await pauseCronsOf(c.env, { thread_id: threadId }, "the cron's thread was deleted");
    return c.body(null, 204);
  })
  .get("/threads/:thread_id/state", async (c) => {
    const threadId = readId(c, "thread_id");
    return c.json(await threadObject(c.env, threadId).getState(threadId, readQuery(c, stateQuery)));
  })
  .get("/threads/:thread_id/history", async (c) => {
    const threadId = readId(c, "thread_id");
    return c.json(await threadObject(c.env, threadId).getHistory(threadId, readQuery(c, historyQuery)));
  })
  .post("/threads/:thread_id/history", async (c) => {
    const threadId = readId(c, "thread_id");
    const query = await readBody(c, historySearch);
    return c.json(await threadObject(c.env, threadId).getHistory(threadId, query));
  });
