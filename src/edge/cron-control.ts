/**
 * What is done to crons by hand: stopping and starting all of them, pausing, resuming, running, skipping and backfilling one.
 */
import { z } from "zod";
import { readSwitch, setSwitch } from "../d1/switch";
import { cron, cronSwitch, cronSwitchForCaller, noteBody } from "../wire/crons/cron";
import { backfill, backfillPreview, runNow, skipNext, slot } from "../wire/crons/slot";
import { userOf } from "./caller";
import { DescribedRoutes } from "./described-routes";
import { json } from "./openapi/operation";
import { requireNoCronRun } from "./planned-cron";

const theSwitch = json("The switch.", cronSwitch);
const theSwitchForCaller = json("The switch.", cronSwitchForCaller);
const theCron = json("The cron.", cron);

/** These routes are mounted before those with the id of a cron, which would take `switch` for an id. */
export const cronControlRoutes = new DescribedRoutes("Crons")
  .add(
    "GET /runs/crons/switch",
    {
      id: "get_cron_switch",
      allow: ["crons:search", "crons:update"],
      summary: "Read the switch of all crons",
      answers: theSwitchForCaller,
    },
    async (c, { access }) => {
      await access.ask("crons:search", {});
      const mayChange = await access.mayForAll("crons:update");
      return c.json({ ...(await readSwitch(c.env.DB)), may_change: mayChange });
    },
  )
  .add(
    "POST /runs/crons/stop",
    {
      id: "stop_crons",
      allow: ["crons:update"],
      summary: "Stop every cron",
      description:
        "From now on no cron fires. Slots are skipped, with the reason; runs that have begun are not stopped.",
      body: noteBody,
      answers: theSwitch,
    },
    async (c, { body: { note = null }, access }) => {
      await access.askForAll("crons:update");
      return c.json(await setSwitch(c.env.DB, { stopped: true, note }));
    },
  )
  .add(
    "POST /runs/crons/start",
    {
      id: "start_crons",
      allow: ["crons:update"],
      summary: "Start every cron again",
      description: "Crons fire again from the next slot on. Slots that were skipped are not made up for.",
      body: noteBody,
      answers: theSwitch,
    },
    async (c, { body: { note = null }, access }) => {
      await access.askForAll("crons:update");
      return c.json(await setSwitch(c.env.DB, { stopped: false, note }));
    },
  )
  .add(
    "POST /runs/crons/{cron_id}/pause",
    {
      id: "pause_cron",
      allow: ["crons:update"],
      summary: "Pause a cron",
      body: noteBody,
      answers: theCron,
      failures: [404],
    },
    async (c, { path, body: { note }, access }) => {
      const one = await access.cron("crons:update", path.cron_id);
      return c.json(await one.patch({ enabled: false, note }));
    },
  )
  .add(
    "POST /runs/crons/{cron_id}/resume",
    {
      id: "resume_cron",
      allow: ["crons:update"],
      summary: "Resume a cron from the next slot on",
      body: noteBody,
      answers: theCron,
      failures: [404],
    },
    async (c, { path, body: { note }, access }) => {
      const one = await access.cron("crons:update", path.cron_id);
      return c.json(await one.patch({ enabled: true, note }));
    },
  )
  .add(
    "POST /runs/crons/{cron_id}/run",
    {
      id: "run_cron",
      allow: ["crons:update"],
      summary: "Have a cron run now",
      description:
        "The run is made beside the schedule, which does not change. The fields that are sent replace those of the cron.",
      body: runNow,
      answers: json("The run by hand; pending while it waits for an earlier one.", slot),
      failures: [404, 409],
    },
    async (c, { path, body, access }) => {
      requireNoCronRun(c.var.planningRun);
      const one = await access.cron("crons:update", path.cron_id);
      return c.json(await one.runNow(body, userOf(c)?.identity ?? null));
    },
  )
  .add(
    "POST /runs/crons/{cron_id}/skip",
    {
      id: "skip_slots",
      allow: ["crons:update"],
      summary: "Skip the next slots of a cron",
      description: "As many as `count` says, from now on. 0 takes back what was skipped by hand before.",
      body: skipNext,
      answers: theCron,
      failures: [404, 409],
    },
    async (c, { path, body, access }) => {
      const one = await access.cron("crons:update", path.cron_id);
      return c.json(await one.skipNext(body));
    },
  )
  .add(
    "POST /runs/crons/{cron_id}/backfill/preview",
    {
      id: "preview_backfill",
      allow: ["crons:read"],
      summary: "List the slots that a backfill of a period would run",
      description: "Nothing is run.",
      body: backfill,
      answers: json("The slots.", backfillPreview),
      failures: [404],
    },
    async (c, { path, body, access }) => {
      const one = await access.cron("crons:read", path.cron_id);
      return c.json(await one.previewBackfill(body));
    },
  )
  .add(
    "POST /runs/crons/{cron_id}/backfill",
    {
      id: "backfill_cron",
      allow: ["crons:update"],
      summary: "Run the slots of a period that got no run",
      description: "One after the other, beside the schedule, which does not change.",
      body: backfill,
      answers: json("How many slots will run.", z.strictObject({ slots: z.int() })),
      failures: [404],
    },
    async (c, { path, body, access }) => {
      const one = await access.cron("crons:update", path.cron_id);
      return c.json(await one.backfill(body));
    },
  );
