/**
 * What many crons did and will do, for whoever looks at all of them: sums by hour or day, the tokens of the next 30 days, and the last slots
 * of each of a page of crons.
 */
import { readForecast } from "../d1/cron-forecast";
import { readActivity } from "../d1/run-hours";
import { asDomainError } from "../platform/errors";
import { now } from "../platform/clock";
import { activity, activityQuery, lastSlots, lastSlotsQuery } from "../wire/crons/activity";
import { forecast } from "../wire/crons/forecast";
import type { Slot } from "../wire/crons/slot";
import { DescribedRoutes } from "./described-routes";
import { json } from "./openapi/operation";

const DEFAULT_SLOTS = 20;

/** Mounted before the routes with the id of a cron, which would take `activity` for an id. */
export const cronOverviewRoutes = new DescribedRoutes("Crons")
  .add(
    "GET /runs/crons/activity",
    {
      id: "get_cron_activity",
      allow: ["crons:search"],
      summary: "Read what all crons did, by hour or day",
      description:
        "The runs that crons made in each of the last periods, and their tokens. The last period is the present one. Periods before " +
        "the server was updated to a version that adds them up go back as far as the records of runs. So do all periods for a caller " +
        "who may see some crons only: the runs are counted whose metadata passes the filter.",
      query: activityQuery,
      answers: json("The periods, oldest first.", activity),
    },
    async (c, { query, access }) => {
      const { filter } = await access.ask("crons:search", {});
      return c.json(await readActivity(c.env.DB, query, now(), filter));
    },
  )
  .add(
    "GET /runs/crons/forecast",
    {
      id: "get_cron_forecast",
      allow: ["crons:search"],
      summary: "Read what all crons will use in the next 30 days",
      description:
        "How often the crons that are on fire by their schedules, and the tokens of that, if the runs of each go on to use what they " +
        "used on average so far. A caller who may see some crons only is told of these.",
      answers: json("The forecast.", forecast),
    },
    async (c, { access }) => {
      const { filter } = await access.ask("crons:search", {});
      return c.json(await readForecast(c.env.DB, now(), filter));
    },
  )
  .add(
    "POST /runs/crons/slots",
    {
      id: "list_last_slots",
      allow: ["crons:read"],
      summary: "Read the last slots of several crons",
      body: lastSlotsQuery,
      answers: json("The slots of each cron, in the order of `cron_ids`.", lastSlots),
    },
    async (c, { body: { cron_ids: ids, limit = DEFAULT_SLOTS }, access }) => {
      const slotsOf = async (cronId: string): Promise<{ cron_id: string; slots: Slot[] } | undefined> => {
        try {
          const one = await access.cron("crons:read", cronId);
          return { cron_id: cronId, slots: await one.listSlots({ limit }) };
        } catch (error) {
          if (asDomainError(error)?.code === "cron.not_found") return undefined;
          throw error;
        }
      };
      const all = await Promise.all([...new Set(ids)].map(slotsOf));
      return c.json(all.filter((each) => each !== undefined));
    },
  );
