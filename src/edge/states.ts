/** Changing, choosing and copying the state of threads. */
import { Hono } from "hono";
import { threadObject } from "../calls/thread-calls";
import type { Env } from "../platform/config";
import { asDomainError } from "../platform/errors";
import { checkpointRead, stateQuery, stateUpdate } from "../wire/threads/state";
import { threadPrune } from "../wire/threads/thread";
import type { ThreadTtl } from "../wire/threads/ttl";
import { copyThread } from "./copy-thread";
import { readBody, readId, readQuery } from "./request";

export const stateRoutes = new Hono<{ Bindings: Env }>()
  .post("/threads/prune", async (c) => {
    const { thread_ids: threadIds, strategy } = await readBody(c, threadPrune);
    const pruned = await Promise.all([...new Set(threadIds)].map((id) => prune(c.env, id, strategy)));
    return c.json({ pruned_count: pruned.filter(Boolean).length });
  })
  .post("/threads/:thread_id/copy", async (c) => c.json(await copyThread(c.env, readId(c, "thread_id"))))
  .post("/threads/:thread_id/state", async (c) => {
    const threadId = readId(c, "thread_id");
    const update = await readBody(c, stateUpdate);
    return c.json({ checkpoint: await threadObject(c.env, threadId).updateState(threadId, update) });
  })
  .post("/threads/:thread_id/state/checkpoint", async (c) => {
    const threadId = readId(c, "thread_id");
    const { checkpoint, subgraphs = false, select } = await readBody(c, checkpointRead);
    const { checkpoint_id: checkpointId, checkpoint_ns: ns } = checkpoint;
    return c.json(
      await threadObject(c.env, threadId).getState(threadId, { checkpointId, ns, subgraphs, select }),
    );
  })
  .get("/threads/:thread_id/state/:checkpoint_id", async (c) => {
    const threadId = readId(c, "thread_id");
    const checkpointId = readId(c, "checkpoint_id");
    const read = { ...readQuery(c, stateQuery), checkpointId };
    return c.json(await threadObject(c.env, threadId).getState(threadId, read));
  });

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
