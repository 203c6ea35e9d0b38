/** `/runs/crons` and `/threads/{thread_id}/runs/crons`: crons are created, searched, read, changed and deleted. */
import { z } from "zod";
import { countCrons, searchCrons } from "../d1/crons-table";
import { previewOf } from "../schedule/preview";
import {
  cron,
  cronCount,
  cronCreate,
  cronPatch,
  cronSearch,
  foundCron,
  threadCronCreate,
} from "../wire/crons/cron";
import { previewRequest, schedulePreview } from "../wire/crons/preview";
import { requireAllowedWebhooks } from "./allowed-webhooks";
import { askAboutCron, createCron } from "./new-cron";
import { DescribedRoutes } from "./described-routes";
import { json, page } from "./openapi/operation";
import { pageHeaders } from "./pages";

const theCron = json("The cron.", cron);

export const cronRoutes = new DescribedRoutes("Crons")
  .add(
    "POST /runs/crons",
    {
      id: "create_cron",
      allow: ["crons:create", "crons:read", "crons:update", "assistants:read"],
      summary: "Create a cron whose firings have a thread each",
      body: cronCreate,
      answers: theCron,
      failures: [404, 409],
    },
    async (c, { body, access }) => c.json(await createCron(c, access, body, null)),
  )
  .add(
    "POST /threads/{thread_id}/runs/crons",
    {
      id: "create_thread_cron",
      allow: [
        "crons:create",
        "crons:read",
        "crons:update",
        "assistants:read",
        "threads:read",
        "threads:create",
      ],
      summary: "Create a cron on a thread",
      body: threadCronCreate,
      answers: theCron,
      failures: [404, 409],
    },
    async (c, { path: { thread_id: threadId }, body, access }) => {
      return c.json(await createCron(c, access, body, { threadId, access }));
    },
  )
  .add(
    "POST /runs/crons/search",
    {
      id: "search_crons",
      allow: ["crons:search"],
      summary: "Search crons",
      description:
        "With `select`, each has only the fields asked for. `figures`, `schedule_description` and `times_in_30_days` have to be asked for.",
      body: cronSearch,
      answers: page("The crons.", foundCron),
    },
    async (c, { body: sent, access }) => {
      const fields = ["assistant_id", "thread_id", "enabled", "metadata", "limit", "offset"] as const;
      const { filter, body } = await access.askAbout("crons:search", cronSearch, sent, fields);
      const { crons, total } = await searchCrons(c.env.DB, body, filter);
      pageHeaders(c, body, crons.length, total);
      return c.json(crons);
    },
  )
  .add(
    "POST /runs/crons/count",
    {
      id: "count_crons",
      allow: ["crons:search"],
      summary: "Count crons",
      body: cronCount,
      answers: json("How many match.", z.int()),
    },
    async (c, { body: sent, access }) => {
      const fields = ["assistant_id", "thread_id", "enabled", "metadata"] as const;
      const { filter, body } = await access.askAbout("crons:search", cronCount, sent, fields);
      return c.json(await countCrons(c.env.DB, body, filter));
    },
  )
  .add(
    "POST /runs/crons/preview",
    {
      id: "preview_schedule",
      allow: ["crons:search"],
      summary: "Explain a schedule",
      description:
        "In plain English, with its next times, and with warnings about what its owner may not expect.",
      body: previewRequest,
      answers: json("The preview.", schedulePreview),
    },
    async (c, { body, access }) => {
      await access.ask("crons:search", {});
      return c.json(previewOf(body));
    },
  )
  .add(
    "GET /runs/crons/{cron_id}",
    { id: "get_cron", allow: ["crons:read"], summary: "Read a cron", answers: theCron, failures: [404] },
    async (c, { path, access }) => c.json(await (await access.cron("crons:read", path.cron_id)).get()),
  )
  .add(
    "PATCH /runs/crons/{cron_id}",
    {
      id: "patch_cron",
      allow: ["crons:update"],
      summary: "Change a cron",
      description:
        "A field that is not sent stays as it is, and null clears it. For `schedule`, `enabled`, `metadata` and " +
        "`on_run_completed`, null counts as not sent.",
      body: cronPatch,
      answers: theCron,
      failures: [404],
    },
    async (c, { path: { cron_id: cronId }, body: sent, access }) => {
      const { filter, body } = await askAboutCron(access, "crons:update", sent, { cron_id: cronId });
      requireAllowedWebhooks(body);
      return c.json(await access.cronPassing(filter, cronId).patch(body));
    },
  )
  .add(
    "DELETE /runs/crons/{cron_id}",
    {
      id: "delete_cron",
      allow: ["crons:delete"],
      summary: "Delete a cron and its ledger",
      answers: json("Deleted.", z.strictObject({})),
      failures: [404],
    },
    async (c, { path, access }) => {
      const one = await access.cron("crons:delete", path.cron_id);
      await one.delete();
      return c.json({});
    },
  );
