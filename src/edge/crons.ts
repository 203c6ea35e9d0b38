/** `/runs/crons` and `/threads/{thread_id}/runs/crons`: crons are created, searched, read, changed and deleted. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { z } from "zod";
import { cronObject } from "../calls/cron-calls";
import { changedPayload } from "../calls/cron-definition";
import { threadObject } from "../calls/thread-calls";
import { countCrons, searchCrons } from "../d1/crons-table";
import { readFiringContext } from "../d1/firing-context";
import { now } from "../platform/clock";
import type { Env } from "../platform/config";
import { previewOf } from "../schedule/preview";
import {
  cron,
  cronCount,
  cronCreate,
  cronPatch,
  cronSearch,
  threadCronCreate,
  type Cron,
  type CronCreate,
} from "../wire/crons/cron";
import { changedPolicy, DEFAULT_POLICY } from "../wire/crons/policy";
import { previewRequest, schedulePreview } from "../wire/crons/preview";
import { threadCreate } from "../wire/threads/thread";
import { DescribedRoutes, type EdgeContext } from "./described-routes";
import { json, page } from "./openapi/operation";
import { pageHeaders } from "./pages";

const theCron = json("The cron.", cron);

export const cronRoutes = new DescribedRoutes("Crons")
  .add(
    "POST /runs/crons",
    {
      id: "create_cron",
      summary: "Create a cron whose firings have a thread each",
      body: cronCreate,
      answers: theCron,
      failures: [404, 409],
    },
    async (c, { body }) => c.json(await createCron(c, body, null)),
  )
  .add(
    "POST /threads/{thread_id}/runs/crons",
    {
      id: "create_thread_cron",
      summary: "Create a cron on a thread",
      body: threadCronCreate,
      answers: theCron,
      failures: [404, 409],
    },
    async (c, { path, body }) => c.json(await createCron(c, body, path.thread_id)),
  )
  .add(
    "POST /runs/crons/search",
    {
      id: "search_crons",
      summary: "Search crons",
      description: "With `select`, each has only the fields asked for.",
      body: cronSearch,
      answers: page("The crons.", cron),
    },
    async (c, { body }) => {
      const { crons, total } = await searchCrons(c.env.DB, body);
      pageHeaders(c, body, crons.length, total);
      return c.json(crons);
    },
  )
  .add(
    "POST /runs/crons/count",
    { id: "count_crons", summary: "Count crons", body: cronCount, answers: json("How many match.", z.int()) },
    async (c, { body }) => c.json(await countCrons(c.env.DB, body)),
  )
  .add(
    "POST /runs/crons/preview",
    {
      id: "preview_schedule",
      summary: "Explain a schedule",
      description:
        "In plain English, with its next times, and with warnings about what its owner may not expect.",
      body: previewRequest,
      answers: json("The preview.", schedulePreview),
    },
    (c, { body }) => c.json(previewOf(body)),
  )
  .add(
    "GET /runs/crons/{cron_id}",
    { id: "get_cron", summary: "Read a cron", answers: theCron, failures: [404] },
    async (c, { path }) => c.json(await cronObject(c.env, path.cron_id).get()),
  )
  .add(
    "PATCH /runs/crons/{cron_id}",
    {
      id: "patch_cron",
      summary: "Change a cron",
      description:
        "A field that is not sent stays as it is, and null clears it. For `schedule`, `enabled`, `metadata` and " +
        "`on_run_completed`, null counts as not sent.",
      body: cronPatch,
      answers: theCron,
      failures: [404],
    },
    async (c, { path, body }) => c.json(await cronObject(c.env, path.cron_id).patch(body)),
  )
  .add(
    "DELETE /runs/crons/{cron_id}",
    {
      id: "delete_cron",
      summary: "Delete a cron and its ledger",
      answers: json("Deleted.", z.strictObject({})),
      failures: [404],
    },
    async (c, { path }) => {
      await cronObject(c.env, path.cron_id).delete();
      return c.json({});
    },
  );

/** Makes the thread of a cron when the request asks for that, and refuses a thread that does not exist. @throws thread.not_found */
async function requireThread(
  env: Env,
  threadId: string,
  ifNotExists: CronCreate["if_not_exists"],
): Promise<void> {
  const thread = threadObject(env, threadId);
  if (ifNotExists !== "create") return thread.checkThread(threadId);
  await thread.createThread(threadId, threadCreate.parse({ if_exists: "do_nothing" }));
}

/**
 * Creates a cron.
 * @param threadId null for a stateless cron
 * @throws assistant.not_found, thread.not_found and what the cron's object refuses
 */
async function createCron(c: EdgeContext, body: CronCreate, threadId: string | null): Promise<Cron> {
  // Assistant and thread are looked up first. When one of them does not exist, nothing is stored.
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
