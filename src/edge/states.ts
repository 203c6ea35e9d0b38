/** The states of threads: reading, searching and updating them. */
import { z } from "zod";
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
      allow: ["threads:read"],
      summary: "Read the latest state of a thread",
      query: stateQuery,
      answers: state,
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId }, query, access }) => {
      const thread = await access.thread("threads:read", threadId);
      return c.json(await thread.getState(threadId, query));
    },
  )
  .add(
    "POST /threads/{thread_id}/state",
    {
      id: "update_state",
      allow: ["threads:update"],
      summary: "Add to the state of a thread",
      body: stateUpdate,
      answers: json("The checkpoint that holds the new state.", z.strictObject({ checkpoint })),
      failures: [404, 409],
    },
    async (c, { path: { thread_id: threadId }, body, access }) => {
      const thread = await access.thread("threads:update", threadId);
      return c.json({ checkpoint: await thread.updateState(threadId, body) });
    },
  )
  .add(
    "GET /threads/{thread_id}/state/{checkpoint_id}",
    {
      id: "get_state_at_checkpoint",
      allow: ["threads:read"],
      summary: "Read a state of a thread",
      query: stateQuery,
      answers: state,
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId, checkpoint_id: checkpointId }, query, access }) => {
      const thread = await access.thread("threads:read", threadId);
      return c.json(await thread.getState(threadId, { ...query, checkpointId }));
    },
  )
  .add(
    "POST /threads/{thread_id}/state/checkpoint",
    {
      id: "read_state_at_checkpoint",
      allow: ["threads:read"],
      summary: "Read a state of a thread, or of a subgraph of it",
      body: checkpointRead,
      answers: state,
      failures: [404],
    },
    async (c, { path: { thread_id: threadId }, body, access }) => {
      const { subgraphs = false, select } = body;
      const { checkpoint_id: checkpointId, checkpoint_ns: ns } = body.checkpoint;
      const thread = await access.thread("threads:read", threadId);
      return c.json(await thread.getState(threadId, { checkpointId, ns, subgraphs, select }));
    },
  )
  .add(
    "GET /threads/{thread_id}/history",
    {
      id: "get_history",
      allow: ["threads:read"],
      summary: "Read the states of a thread",
      query: historyQuery,
      answers: history,
      failures: [404, 413],
    },
    async (c, { path: { thread_id: threadId }, query, access }) => {
      const thread = await access.thread("threads:read", threadId);
      return c.json(await thread.getHistory(threadId, query));
    },
  )
  .add(
    "POST /threads/{thread_id}/history",
    {
      id: "search_history",
      allow: ["threads:read"],
      summary: "Search the states of a thread",
      body: historySearch,
      answers: history,
      failures: [404],
    },
    async (c, { path: { thread_id: threadId }, body, access }) => {
      const thread = await access.thread("threads:read", threadId);
      return c.json(await thread.getHistory(threadId, body));
    },
  );
