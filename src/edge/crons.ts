/** `/runs/crons` and `/threads/{thread_id}/runs/crons`. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { Hono, type Context } from "hono";
import { stream } from "hono/streaming";
import { cronObject } from "../calls/cron-calls";
import { changedPayload } from "../calls/cron-definition";
import { threadObject } from "../calls/thread-calls";
import { countCrons, searchCrons } from "../d1/crons-table";
import { readFiringContext } from "../d1/firing-context";
import { searchRuns } from "../d1/runs-table";
import { readSwitch, setSwitch } from "../d1/switch";
import { now } from "../platform/clock";
import type { Env } from "../platform/config";
import { pick } from "../platform/json";
import { previewOf } from "../schedule/preview";
import {
  cronCount,
  cronCreate,
  cronPatch,
  cronSearch,
  noteBody,
  threadCronCreate,
  type Cron,
  type CronCreate,
} from "../wire/crons/cron";
import { previewRequest } from "../wire/crons/preview";
import { backfill, runNow, skipNext, slotList } from "../wire/crons/slot";
import { changedPolicy, DEFAULT_POLICY } from "../wire/crons/policy";
import { runList } from "../wire/runs/run";
import { threadCreate } from "../wire/threads/thread";
import { METRICS_TYPE, metricsOf } from "./metrics";
import { pageHeaders } from "./pages";
import { readBody, readId, readQuery } from "./request";

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
    return c.json(crons);
  })
  .post("/runs/crons/count", async (c) => c.json(await countCrons(c.env.DB, await readBody(c, cronCount))))
  .post("/runs/crons/preview", async (c) => c.json(previewOf(await readBody(c, previewRequest))))
  // Of all crons; before those with an id, which would take `switch` for one.
  .get("/runs/crons/switch", async (c) => c.json(await readSwitch(c.env.DB)))
  .post("/runs/crons/stop", async (c) => {
    const { note = null } = await readBody(c, noteBody);
    return c.json(await setSwitch(c.env.DB, { stopped: true, note }));
  })
  .post("/runs/crons/start", async (c) => {
    const { note = null } = await readBody(c, noteBody);
    return c.json(await setSwitch(c.env.DB, { stopped: false, note }));
  })
  .get("/metrics", async (c) => {
    const metrics = metricsOf(c.env);
    // Before the answer begins: what cannot be read is an error, and no half of an answer.
    const { value: first = "" } = await metrics.next();
    c.header("Content-Type", METRICS_TYPE);
    return stream(c, async (out) => {
      await out.write(first);
      for await (const text of metrics) await out.write(text);
    });
  })
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
  .post("/runs/crons/:cron_id/pause", async (c) => {
    const { note } = await readBody(c, noteBody);
    return c.json(await cronObject(c.env, readId(c, "cron_id")).patch({ enabled: false, note }));
  })
  .post("/runs/crons/:cron_id/resume", async (c) => {
    const { note } = await readBody(c, noteBody);
    return c.json(await cronObject(c.env, readId(c, "cron_id")).patch({ enabled: true, note }));
  })
  .post("/runs/crons/:cron_id/run", async (c) => {
    const overrides = await readBody(c, runNow);
    return c.json(await cronObject(c.env, readId(c, "cron_id")).runNow(overrides));
  })
  .post("/runs/crons/:cron_id/skip", async (c) => {
    const skip = await readBody(c, skipNext);
    return c.json(await cronObject(c.env, readId(c, "cron_id")).skipNext(skip));
  })
  .post("/runs/crons/:cron_id/backfill", async (c) => {
    const period = await readBody(c, backfill);
    return c.json(await cronObject(c.env, readId(c, "cron_id")).backfill(period));
  })
  .get("/runs/crons/:cron_id/figures", async (c) =>
    c.json(await cronObject(c.env, readId(c, "cron_id")).getFigures()),
  )
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

/** Sees to it that there is the thread: it is made where that is asked for. @throws thread.not_found */
async function requireThread(
  env: Env,
  threadId: string,
  ifNotExists: CronCreate["if_not_exists"],
): Promise<void> {
  const thread = threadObject(env, threadId);
  if (ifNotExists !== "create") return thread.checkThread(threadId);
  await thread.createThread(threadId, threadCreate.parse({ if_exists: "do_nothing" }));
}

async function createCron(c: Context<App>, body: CronCreate, threadId: string | null): Promise<Cron> {
  // All that the cron rests on is looked up first: an unknown one is refused, and nothing stored.
  const firingContext = await readFiringContext(c.env, body.assistant_id);
  if (threadId !== null) await requireThread(c.env, threadId, body.if_not_exists);
  const { cron_id: cronId = uuid7(), if_exists: ifExists = "raise" } = body;
  const createdAt = now();
  const { assistant_id: assistantId } = firingContext.assistant;
  return cronObject(c.env, cronId).create(
    {
      cronId,
      assistantId,
      threadId,
      schedule: body.schedule,
      timezone: body.timezone ?? null,
      endTime: body.end_time ?? null,
      enabled: body.enabled ?? true,
      onRunCompleted: threadId === null ? (body.on_run_completed ?? "delete") : null,
      payload: changedPayload({ assistant_id: assistantId }, threadId, body),
      metadata: body.metadata ?? {},
      policy: changedPolicy(DEFAULT_POLICY, body),
      note: null,
      createdAt,
      updatedAt: createdAt,
    },
    firingContext,
    { ifExists, patch: body },
  );
}
