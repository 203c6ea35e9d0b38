/** The operations of crons. */
import { z } from "zod";
import * as c from "../../../wire/crons/cron";
import * as d from "../../../wire/crons/slot";
import { previewRequest, schedulePreview } from "../../../wire/crons/preview";
import { run, runList } from "../../../wire/runs/run";
import { json, operationsOf, page } from "../operation";
import { cron, cronSwitch } from "../../../wire/crons/cron";
import { cronFigures, slot } from "../../../wire/crons/slot";

const schemas = { ...c, ...d, preview: previewRequest, noted: c.noteBody };

const SELECT = "With `select`, each has only the fields asked for.";

const one = json("The cron.", cron);

export const cronOperations = operationsOf("Crons", [
  {
    method: "post",
    path: "/runs/crons",
    id: "create_cron",
    summary: "Create a cron whose firings have a thread each",
    body: schemas.cronCreate,
    answers: one,
    failures: [404, 409],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/runs/crons",
    id: "create_thread_cron",
    summary: "Create a cron on a thread",
    body: schemas.threadCronCreate,
    answers: one,
    failures: [404, 409],
  },
  {
    method: "post",
    path: "/runs/crons/search",
    id: "search_crons",
    summary: "Search crons",
    description: SELECT,
    body: schemas.cronSearch,
    answers: page("The crons.", cron),
  },
  {
    method: "post",
    path: "/runs/crons/count",
    id: "count_crons",
    summary: "Count crons",
    body: schemas.cronCount,
    answers: json("How many match.", z.int()),
  },
  {
    method: "post",
    path: "/runs/crons/preview",
    id: "preview_schedule",
    summary: "Say what a schedule means",
    description: "In plain English, with its next times, and with what its owner may not expect of it.",
    body: schemas.preview,
    answers: json("The preview.", schedulePreview),
  },
  {
    method: "get",
    path: "/runs/crons/switch",
    id: "get_cron_switch",
    summary: "Read the switch of all crons",
    answers: json("The switch.", cronSwitch),
  },
  {
    method: "post",
    path: "/runs/crons/stop",
    id: "stop_crons",
    summary: "Stop every cron",
    description:
      "From now on no cron fires. Its slots are skipped, with the reason; runs that go on are left.",
    body: schemas.noted,
    answers: json("The switch.", cronSwitch),
  },
  {
    method: "post",
    path: "/runs/crons/start",
    id: "start_crons",
    summary: "Start every cron again",
    description: "With the slots to come: what was skipped is not made up for.",
    body: schemas.noted,
    answers: json("The switch.", cronSwitch),
  },
  {
    method: "get",
    path: "/runs/crons/{cron_id}",
    id: "get_cron",
    summary: "Read a cron",
    answers: one,
    failures: [404],
  },
  {
    method: "patch",
    path: "/runs/crons/{cron_id}",
    id: "patch_cron",
    summary: "Change a cron",
    description:
      "A field that is not sent stays as it is, and null clears it; for `schedule`, `enabled`, `metadata` and `on_run_completed` it counts as absent.",
    body: schemas.cronPatch,
    answers: one,
    failures: [404],
  },
  {
    method: "delete",
    path: "/runs/crons/{cron_id}",
    id: "delete_cron",
    summary: "Delete a cron and its ledger",
    answers: json("Deleted.", z.strictObject({})),
    failures: [404],
  },
  {
    method: "post",
    path: "/runs/crons/{cron_id}/pause",
    id: "pause_cron",
    summary: "Pause a cron",
    body: schemas.noted,
    answers: one,
    failures: [404],
  },
  {
    method: "post",
    path: "/runs/crons/{cron_id}/resume",
    id: "resume_cron",
    summary: "Resume a cron with the slots to come",
    body: schemas.noted,
    answers: one,
    failures: [404],
  },
  {
    method: "post",
    path: "/runs/crons/{cron_id}/run",
    id: "run_cron",
    summary: "Have a cron run now",
    description: "Beside the schedule, which is not moved. What is sent stands in place of the cron's own.",
    body: schemas.runNow,
    answers: json("The run by hand; pending while it waits for an earlier one.", slot),
    failures: [404, 409],
  },
  {
    method: "post",
    path: "/runs/crons/{cron_id}/skip",
    id: "skip_slots",
    summary: "Skip the next slots of a cron",
    description: "As many as `count` says, from now on; 0 takes back what was skipped by hand before.",
    body: schemas.skipNext,
    answers: one,
    failures: [404, 409],
  },
  {
    method: "post",
    path: "/runs/crons/{cron_id}/backfill",
    id: "backfill_cron",
    summary: "Run the slots of a period that got no run",
    description: "One after the other, beside the schedule, which is not moved.",
    body: schemas.backfill,
    answers: json("How many.", z.strictObject({ slots: z.int() })),
    failures: [404],
  },
  {
    method: "get",
    path: "/runs/crons/{cron_id}/figures",
    id: "get_cron_figures",
    summary: "What the slots and runs of a cron came to",
    answers: json("The figures.", cronFigures),
    failures: [404],
  },
  {
    method: "get",
    path: "/runs/crons/{cron_id}/slots",
    id: "list_slots",
    summary: "Read the ledger of a cron",
    description: "What became of each scheduled time.",
    query: schemas.slotList,
    answers: json("The slots, newest first.", z.array(slot)),
    failures: [404],
  },
  {
    method: "get",
    path: "/runs/crons/{cron_id}/runs",
    id: "list_cron_runs",
    summary: "List the runs of a cron",
    description: SELECT,
    query: runList,
    answers: page("The runs, newest first.", run),
    failures: [404, 413],
  },
]);
