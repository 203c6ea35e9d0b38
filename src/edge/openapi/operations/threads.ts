/** The operations of `/threads`, without those of their runs. */
import { z } from "zod";
import { checkpoint, threadState } from "../../../wire/threads/state";
import { foundThread, thread } from "../../../wire/threads/thread";
import * as states from "../../../wire/threads/state";
import * as schemas from "../../../wire/threads/thread";
import { empty, json, operationsOf, page } from "../operation";

const one = json("The thread.", thread);
const SELECT = "With `select` there are only the fields asked for.";
const state = json(`The state. ${SELECT}`, threadState);
const history = json(`The states, newest first. ${SELECT}`, z.array(threadState));

export const threadOperations = operationsOf("Threads", [
  {
    method: "post",
    path: "/threads",
    id: "create_thread",
    summary: "Create a thread",
    body: schemas.threadCreate,
    answers: one,
    failures: [404, 409],
  },
  {
    method: "post",
    path: "/threads/search",
    id: "search_threads",
    summary: "Search threads",
    description: "With `select`, each has only the fields asked for.",
    body: schemas.threadSearch,
    answers: page("The threads.", foundThread),
  },
  {
    method: "post",
    path: "/threads/count",
    id: "count_threads",
    summary: "Count threads",
    body: schemas.threadCount,
    answers: json("How many match.", z.int()),
  },
  {
    method: "post",
    path: "/threads/prune",
    id: "prune_threads",
    summary: "Delete threads, or all but their latest state",
    description:
      "Threads that are not there are left out, and for `keep_latest` those with a run on them too.",
    body: schemas.threadPrune,
    answers: json("How many were.", z.strictObject({ pruned_count: z.int() })),
  },
  {
    method: "get",
    path: "/threads/{thread_id}",
    id: "get_thread",
    summary: "Read a thread",
    query: schemas.threadQuery,
    answers: json("The thread.", schemas.threadWithTtl),
    failures: [404, 413],
  },
  {
    method: "patch",
    path: "/threads/{thread_id}",
    id: "patch_thread",
    summary: "Change a thread",
    headers: {
      Prefer: { schema: z.string(), description: "`return=minimal`: answer without the thread." },
    },
    body: schemas.threadPatch,
    answers: [...one, ...empty("Changed; asked to say no more.")],
    failures: [404],
  },
  {
    method: "delete",
    path: "/threads/{thread_id}",
    id: "delete_thread",
    summary: "Delete a thread and its state",
    description:
      "Its runs are stopped, and their records are deleted. Of runs that a cron made, a record without content stays.",
    answers: empty("Deleted."),
    failures: [404],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/copy",
    id: "copy_thread",
    summary: "Copy a thread with its history",
    answers: json("The copy.", thread),
    failures: [404],
  },
  {
    method: "get",
    path: "/threads/{thread_id}/state",
    id: "get_state",
    summary: "Read the latest state of a thread",
    query: states.stateQuery,
    answers: state,
    failures: [404, 413],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/state",
    id: "update_state",
    summary: "Add to the state of a thread",
    body: states.stateUpdate,
    answers: json("Where the new state is.", z.strictObject({ checkpoint })),
    failures: [404, 409],
  },
  {
    method: "get",
    path: "/threads/{thread_id}/state/{checkpoint_id}",
    id: "get_state_at_checkpoint",
    summary: "Read a state of a thread",
    query: states.stateQuery,
    answers: state,
    failures: [404, 413],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/state/checkpoint",
    id: "read_state_at_checkpoint",
    summary: "Read a state of a thread, also one of a subgraph",
    body: states.checkpointRead,
    answers: state,
    failures: [404],
  },
  {
    method: "get",
    path: "/threads/{thread_id}/history",
    id: "get_history",
    summary: "Read the states of a thread",
    query: states.historyQuery,
    answers: history,
    failures: [404, 413],
  },
  {
    method: "post",
    path: "/threads/{thread_id}/history",
    id: "search_history",
    summary: "Search the states of a thread",
    body: states.historySearch,
    answers: history,
    failures: [404],
  },
]);
