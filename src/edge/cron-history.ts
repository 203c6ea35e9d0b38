/** What became of the slots of a cron: its ledger, its runs and its figures. */
import { z } from "zod";
import { pick } from "../platform/json";
import { cronFigures } from "../wire/crons/figures";
import { slot, slotList } from "../wire/crons/slot";
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
      allow: ["crons:read"],
      summary: "Read how the slots and runs of a cron turned out",
      answers: json("The figures.", cronFigures),
      failures: [404],
    },
    async (c, { path, access }) => {
      const one = await access.cron("crons:read", path.cron_id);
      return c.json(await one.getFigures());
    },
  )
  .add(
    "GET /runs/crons/{cron_id}/slots",
    {
      id: "list_slots",
      allow: ["crons:read"],
      summary: "Read the ledger of a cron",
      description: "What became of each scheduled time.",
      query: slotList,
      answers: json("The slots, newest first.", z.array(slot)),
      failures: [404],
    },
    async (c, { path, query, access }) => {
      const one = await access.cron("crons:read", path.cron_id);
      return c.json(await one.listSlots(query));
    },
  )
  .add(
    "GET /runs/crons/{cron_id}/runs",
    {
      id: "list_cron_runs",
      allow: ["crons:read"],
      summary: "List the runs of a cron",
      description:
        "As far back as `history_limit` goes. A run whose record was removed from D1 has what the ledger knows of it: when it was made and " +
        "ended, how, its tokens, and the first line of its error; its `kwargs` are empty. With `select`, each has only the fields asked for.",
      query: runList,
      answers: page("The runs, newest first.", run),
      failures: [404, 413],
    },
    async (c, { path: { cron_id: cronId }, query, access }) => {
      // An unknown cron is refused.
      const { filter } = await access.ask("crons:read", { cron_id: cronId });
      await access.cronPassing(filter, cronId).get();
      const search = { ...query, metadata: { cron_id: cronId } };
      const { runs, total } = await searchRunsOfCron(c.env, search, filter);
      pageHeaders(c, query, runs.length, total);
      return c.json(runs.map((one) => pick(one, query.select)));
    },
  );
