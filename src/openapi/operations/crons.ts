/** The operations of crons. */
import { z } from "zod";
import * as schemas from "../../crons/schemas";
import { runList } from "../../runs/schemas";
import { json, operationsOf, page } from "../operation";
import { cron, run, slot } from "../wire-objects";

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
    failures: [404],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/runs/crons",
    id: "create_thread_cron",
    summary: "Create a cron on a thread",
    body: schemas.threadCronCreate,
    answers: one,
    failures: [404],
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
    description: "A field that is not sent stays as it is.",
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
    failures: [404],
  },
]);
