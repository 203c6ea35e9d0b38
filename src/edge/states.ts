/** The states of threads: reading, searching and updating them. */
import { z } from "zod";
import { threadObject } from "../calls/thread-calls";
import {
  checkpoint,
  checkpointRead,
  historyQuery,
  historySearch,
  stateQuery,
  stateUpdate,
  threadState,
} from "../wire/threads/state";
import { DescribedRoutes } from "./described-routes";
import { json } from "./openapi/operation";

const SELECT = "With `select`, only the fields asked for are there.";
const state = json(`The state. ${SELECT}`, threadState);
const history = json(`The states, newest first. ${SELECT}`, z.array(threadState));

export const stateRoutes = new DescribedRoutes("Threads")
  .add(
    "GET /threads/{thread_id}/state",
    {
      id: "get_state",
      summary: "Read the latest state of a thread",
      query: stateQuery,
      answers: state,
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId }, query }) =>
      c.json(await threadObject(c.env, threadId).getState(threadId, query)),
  )
  .add(
    "POST /threads/{thread_id}/state",
    {
      id: "update_state",
      summary: "Add to the state of a thread",
      body: stateUpdate,
      answers: json("The checkpoint that holds the new state.", z.strictObject({ checkpoint })),
      failures: [404, 409],
    },
    async (c, { path: { thread_id: threadId }, body }) =>
      c.json({ checkpoint: await threadObject(c.env, threadId).updateState(threadId, body) }),
  )
  .add(
    "GET /threads/{thread_id}/state/{checkpoint_id}",
    {
      id: "get_state_at_checkpoint",
      summary: "Read a state of a thread",
      query: stateQuery,
      answers: state,
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId, checkpoint_id: checkpointId }, query }) =>
      c.json(await threadObject(c.env, threadId).getState(threadId, { ...query, checkpointId })),
  )
  .add(
    "POST /threads/{thread_id}/state/checkpoint",
    {
      id: "read_state_at_checkpoint",
      summary: "Read a state of a thread, or of a subgraph of it",
      body: checkpointRead,
      answers: state,
      failures: [404],
    },
    async (c, { path: { thread_id: threadId }, body }) => {
      const { subgraphs = false, select } = body;
      const { checkpoint_id: checkpointId, checkpoint_ns: ns } = body.checkpoint;
      return c.json(
        await threadObject(c.env, threadId).getState(threadId, { checkpointId, ns, subgraphs, select }),
      );
    },
  )
  .add(
    "GET /threads/{thread_id}/history",
    {
      id: "get_history",
      summary: "Read the states of a thread",
      query: historyQuery,
      answers: history,
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId }, query }) =>
      c.json(await threadObject(c.env, threadId).getHistory(threadId, query)),
  )
  .add(
    "POST /threads/{thread_id}/history",
    {
      id: "search_history",
      summary: "Search the states of a thread",
      body: historySearch,
      answers: history,
      failures: [404],
    },
    async (c, { path: { thread_id: threadId }, body }) =>
      c.json(await threadObject(c.env, threadId).getHistory(threadId, body)),
  );
