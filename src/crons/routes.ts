/** `/runs/crons` and `/threads/{thread_id}/runs/crons`. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { Hono, type Context } from "hono";
import { getAssistant } from "../assistants/assistants-table";
import { now } from "../clock";
import type { Env } from "../config";
import { readBody, readId, readQuery } from "../request";
import { pageHeaders, pick } from "../pages";
import { searchRuns } from "../runs/runs-table";
import { runList } from "../runs/schemas";
import { threadObject } from "../threads/thread-object";
import { payloadOf, type Cron } from "./cron";
import { cronObject } from "./cron-object";
import { countCrons, searchCrons } from "./crons-table";
import { snapshotOf } from "./firing";
import {
  cronCount,
  cronCreate,
  cronPatch,
  cronSearch,
  slotList,
  threadCronCreate,
  type CronCreate,
} from "./schemas";

type App = { Bindings: Env };

export const cronRoutes = new Hono<App>()
  .post("/runs/crons", async (c) => {
    const body = await readBody(c, cronCreate);
    return c.json(await createCron(c, body, null));
  })
  .post("/threads/:thread_id/runs/crons", async (c) => {
    const threadId = readId(c, "thread_id");
    const body = await readBody(c, threadCronCreate);
    return c.json(await createCron(c, body, threadId));
  })
  .post("/runs/crons/search", async (c) => {
    const query = await readBody(c, cronSearch);
    const { crons, total } = await searchCrons(c.env.DB, query);
    pageHeaders(c, query, crons.length, total);
    return c.json(crons.map((cron) => pick(cron, query.select)));
  })
  .post("/runs/crons/count", async (c) => c.json(await countCrons(c.env.DB, await readBody(c, cronCount))))
  .get("/runs/crons/:cron_id", async (c) => c.json(await cronObject(c.env, readId(c, "cron_id")).get()))
  .patch("/runs/crons/:cron_id", async (c) => {
    const cronId = readId(c, "cron_id");
    const body = await readBody(c, cronPatch);
    return c.json(await cronObject(c.env, cronId).patch(body));
  })
  .delete("/runs/crons/:cron_id", async (c) => {
    await cronObject(c.env, readId(c, "cron_id")).delete();
    return c.json({});
  })
  .get("/runs/crons/:cron_id/slots", async (c) => {
    const cronId = readId(c, "cron_id");
    const query = readQuery(c, slotList);
    return c.json(await cronObject(c.env, cronId).listSlots(query));
  })
  .get("/runs/crons/:cron_id/runs", async (c) => {
    const cronId = readId(c, "cron_id");
    const query = readQuery(c, runList);
    await cronObject(c.env, cronId).get();
    const { runs, total } = await searchRuns(c.env.DB, { ...query, metadata: { cron_id: cronId } });
    pageHeaders(c, query, runs.length, total);
    return c.json(runs.map((run) => pick(run, query.select)));
  });

async function createCron(c: Context<App>, body: CronCreate, threadId: string | null): Promise<Cron> {
  // All that the cron rests on is looked up first: an unknown one is refused, and nothing stored.
  const assistant = await getAssistant(c.env.DB, body.assistant_id);
  if (threadId !== null) await threadObject(c.env, threadId).checkThread(threadId);
  const cronId = uuid7();
  const createdAt = now();
  const payload = payloadOf(body);
  if (threadId !== null) payload.multitask_strategy ??= "enqueue";
  return cronObject(c.env, cronId).create(
    {
      cronId,
      assistantId: assistant.assistant_id,
      threadId,
      schedule: body.schedule,
      timezone: body.timezone ?? null,
      endTime: body.end_time ?? null,
      enabled: body.enabled ?? true,
      onRunCompleted: threadId === null ? (body.on_run_completed ?? "delete") : null,
      payload: { assistant_id: assistant.assistant_id, ...payload },
      metadata: body.metadata ?? {},
      createdAt,
      updatedAt: createdAt,
    },
    snapshotOf(assistant),
  );
}
