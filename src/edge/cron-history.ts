/** What became of the slots of a cron: its ledger, its runs and its figures. */
import { z } from "zod";
import { cronObject } from "../calls/cron-calls";
import { pick } from "../platform/json";
import { cronFigures, slot, slotList } from "../wire/crons/slot";
import { run, runList } from "../wire/runs/run";
import { searchRunsOfCron } from "./cron-runs";
import { DescribedRoutes } from "./described-routes";
import { json, page } from "./openapi/operation";
import { pageHeaders } from "./pages";

export const cronHistoryRoutes = new DescribedRoutes("Crons")
  .add(
    "GET /runs/crons/{cron_id}/figures",
    {
      id: "get_cron_figures",
      summary: "Read how the slots and runs of a cron turned out",
      answers: json("The figures.", cronFigures),
      failures: [404],
    },
    async (c, { path }) => c.json(await cronObject(c.env, path.cron_id).getFigures()),
  )
  .add(
    "GET /runs/crons/{cron_id}/slots",
    {
      id: "list_slots",
      summary: "Read the ledger of a cron",
      description: "What became of each scheduled time.",
      query: slotList,
      answers: json("The slots, newest first.", z.array(slot)),
      failures: [404],
    },
    async (c, { path, query }) => c.json(await cronObject(c.env, path.cron_id).listSlots(query)),
  )
  .add(
    "GET /runs/crons/{cron_id}/runs",
    {
      id: "list_cron_runs",
      summary: "List the runs of a cron",
      description:
        "As far back as `history_limit` goes. A run whose record was removed from D1 has what the ledger knows of it: when it was made and " +
        "ended, how, its tokens, and the first line of its error; its `kwargs` are empty. With `select`, each has only the fields asked for.",
      query: runList,
      answers: page("The runs, newest first.", run),
      failures: [404, 413],
    },
    async (c, { path: { cron_id: cronId }, query }) => {
      // An unknown cron is refused.
      await cronObject(c.env, cronId).get();
      const { runs, total } = await searchRunsOfCron(c.env, { ...query, metadata: { cron_id: cronId } });
      pageHeaders(c, query, runs.length, total);
      return c.json(runs.map((one) => pick(one, query.select)));
    },
  );
