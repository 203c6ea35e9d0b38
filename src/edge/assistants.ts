/** `/assistants`: configured graphs and their versions. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { z } from "zod";
import { threadObject } from "../calls/thread-calls";
import { countAssistants, searchAssistants } from "../d1/assistant-search";
import { listVersions, patchAssistant, setLatestVersion } from "../d1/assistant-versions";
import { createAssistant, getAssistant, removeAssistant } from "../d1/assistants-table";
import { graphOfDefaultAssistant } from "../d1/default-assistants";
import { threadsOfAssistant, type IndexedThread } from "../d1/threads-table";
import type { Env } from "../platform/config";
import { asDomainError, DomainError } from "../platform/errors";
import {
  assistant,
  assistantCount,
  assistantCreate,
  assistantPatch,
  assistantSearch,
  deleteQuery,
  graphDrawing,
  graphQuery,
  graphSchemas,
  latestBody,
  latestQuery,
  subgraphSchemas,
  subgraphsQuery,
  versionList,
} from "../wire/assistants";
import { describeSchemas, describeSubgraphs, drawGraph } from "./assistant-graph";
import { DescribedRoutes } from "./described-routes";
import { json, page } from "./openapi/operation";
import { pageHeaders } from "./pages";
import { pauseCronsOf } from "./pause-crons";

/** How many threads are deleted at a time: each deletion is a call to the object of the thread. */
const THREADS_AT_ONCE = 20;

const theAssistant = json("The assistant.", assistant);
const subgraphs = json("The schemas of each subgraph, by its path.", z.record(z.string(), subgraphSchemas));

export const assistantRoutes = new DescribedRoutes("Assistants")
  .add(
    "POST /assistants",
    {
      id: "create_assistant",
      summary: "Create an assistant",
      body: assistantCreate,
      answers: theAssistant,
      failures: [404, 409],
    },
    // Ids in the order of time, so that a search has assistants of the same millisecond in order too.
    async (c, { body }) => c.json(await createAssistant(c.env.DB, body, uuid7())),
  )
  .add(
    "POST /assistants/search",
    {
      id: "search_assistants",
      summary: "Search assistants",
      description: "With `select`, each has only the fields asked for.",
      body: assistantSearch,
      answers: page("The assistants.", assistant),
    },
    async (c, { body }) => {
      const { assistants, total } = await searchAssistants(c.env.DB, body);
      pageHeaders(c, body, assistants.length, total);
      return c.json(assistants);
    },
  )
  .add(
    "POST /assistants/count",
    {
      id: "count_assistants",
      summary: "Count assistants",
      body: assistantCount,
      answers: json("How many match.", z.int()),
    },
    async (c, { body }) => c.json(await countAssistants(c.env.DB, body)),
  )
  .add(
    "GET /assistants/{assistant_id}",
    { id: "get_assistant", summary: "Read an assistant", answers: theAssistant, failures: [404] },
    async (c, { path }) => c.json(await getAssistant(c.env.DB, path.assistant_id)),
  )
  .add(
    "PATCH /assistants/{assistant_id}",
    {
      id: "patch_assistant",
      summary: "Change an assistant",
      description: "Makes a new version. The default assistant of a graph keeps its graph.",
      body: assistantPatch,
      answers: theAssistant,
      failures: [404, 409],
    },
    async (c, { path, body }) => c.json(await patchAssistant(c.env.DB, path.assistant_id, body)),
  )
  .add(
    "DELETE /assistants/{assistant_id}",
    {
      id: "delete_assistant",
      summary: "Delete an assistant and its versions",
      query: deleteQuery,
      answers: json("The id of the assistant, in a list.", z.array(z.guid())),
      failures: [404, 409],
    },
    async (c, { path, query }) =>
      c.json([await deleteAssistant(c.env, path.assistant_id, query.delete_threads)]),
  )
  .add(
    "POST /assistants/{assistant_id}/versions",
    {
      id: "list_assistant_versions",
      summary: "List the versions of an assistant",
      body: versionList,
      answers: json("The versions, newest first.", z.array(assistant)),
      failures: [404],
    },
    async (c, { path, body }) => c.json(await listVersions(c.env.DB, path.assistant_id, body)),
  )
  .add(
    "POST /assistants/{assistant_id}/latest",
    {
      id: "set_latest_assistant_version",
      summary: "Choose the version of an assistant that counts",
      query: latestQuery,
      body: latestBody,
      answers: theAssistant,
      failures: [404],
    },
    async (c, { path, query, body }) => {
      const version = body.version ?? query.version;
      if (version === undefined) throw new DomainError("request.invalid", "version: expected a number");
      return c.json(await setLatestVersion(c.env.DB, path.assistant_id, version));
    },
  )
  .add(
    "GET /assistants/{assistant_id}/graph",
    {
      id: "get_assistant_graph",
      summary: "Draw the graph of an assistant",
      query: graphQuery,
      answers: json("Its nodes and edges.", graphDrawing),
      failures: [404],
    },
    async (c, { path, query }) => c.json(await drawGraph(c.env.DB, path.assistant_id, query.xray)),
  )
  .add(
    "GET /assistants/{assistant_id}/schemas",
    {
      id: "get_assistant_schemas",
      summary: "Read the schemas of the graph of an assistant",
      answers: json("JSON schemas; those of the configuration only if the graph declares one.", graphSchemas),
      failures: [404],
    },
    async (c, { path }) => c.json(await describeSchemas(c.env.DB, path.assistant_id)),
  )
  .add(
    "GET /assistants/{assistant_id}/subgraphs",
    {
      id: "list_assistant_subgraphs",
      summary: "Read the schemas of the subgraphs of an assistant",
      query: subgraphsQuery,
      answers: subgraphs,
      failures: [404],
    },
    async (c, { path, query }) =>
      c.json(await describeSubgraphs(c.env.DB, path.assistant_id, undefined, query.recurse)),
  )
  .add(
    "GET /assistants/{assistant_id}/subgraphs/{namespace}",
    {
      id: "get_assistant_subgraph",
      summary: "Read the schemas of one subgraph of an assistant",
      query: subgraphsQuery,
      answers: subgraphs,
      failures: [404],
    },
    async (c, { path, query }) =>
      c.json(await describeSubgraphs(c.env.DB, path.assistant_id, path.namespace, query.recurse)),
  );

/**
 * Deletes an assistant and its versions, and with `withThreads` the threads whose `metadata.assistant_id` it is.
 * @returns its id.
 * @throws assistant.not_found; assistant.conflict for the default assistant of a graph, which the graph's id stands for
 */
async function deleteAssistant(env: Env, idOrGraphId: string, withThreads: boolean): Promise<string> {
  const { assistant_id: id } = await getAssistant(env.DB, idOrGraphId);
  const graphId = graphOfDefaultAssistant(id);
  if (graphId !== undefined) {
    throw new DomainError(
      "assistant.conflict",
      `assistant ${id} is the default assistant of the graph "${graphId}" and stays as long as langgraph.json names the graph`,
    );
  }
  // The threads go first: should it stop halfway, the assistant is still there to delete again.
  if (withThreads) await deleteThreadsOf(env, id);
  await removeAssistant(env.DB, id);
  await pauseCronsOf(env, { assistant_id: id }, "the cron's assistant was deleted");
  return id;
}

async function deleteThreadsOf(env: Env, assistantId: string): Promise<void> {
  // Goes on from the last thread, whether or not the index has lost the deleted ones yet.
  let last: IndexedThread | undefined;
  for (;;) {
    const threads = await threadsOfAssistant(env.DB, assistantId, last, THREADS_AT_ONCE);
    await Promise.all(threads.map(({ threadId }) => deleteThread(env, threadId)));
    if (threads.length < THREADS_AT_ONCE) return;
    last = threads.at(-1);
  }
}

/** Deletes a thread with its state. A thread that does not exist is no error: the index may be behind. */
async function deleteThread(env: Env, threadId: string): Promise<void> {
  try {
    await threadObject(env, threadId).deleteThread(threadId);
  } catch (error) {
    if (asDomainError(error)?.code !== "thread.not_found") throw error;
  }
}
