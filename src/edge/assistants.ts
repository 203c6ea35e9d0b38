/** `/assistants`: configured graphs and their versions. */
import { v7 } from "@langchain/core/utils/uuid";
import { Hono } from "hono";
import { countAssistants, searchAssistants } from "../d1/assistant-search";
import { listVersions, patchAssistant, setLatestVersion } from "../d1/assistant-versions";
import { createAssistant, getAssistant, removeAssistant } from "../d1/assistants-table";
import { graphOfDefaultAssistant } from "../d1/default-assistants";
import type { Env } from "../platform/config";
import { DomainError } from "../platform/errors";
import {
  assistantCount,
  assistantCreate,
  assistantPatch,
  assistantSearch,
  deleteQuery,
  graphQuery,
  latestBody,
  latestQuery,
  subgraphsQuery,
  versionList,
} from "../wire/assistants";
import { describeSchemas, describeSubgraphs, drawGraph } from "./assistant-graph";
import { deleteThread } from "./delete-thread";
import { pageHeaders } from "./pages";
import { pauseCronsOf } from "./pause-crons";
import { readBody, readQuery } from "./request";

/** Threads deleted at a time: each is a call to its object. */
const THREADS_AT_ONCE = 20;

export const assistantRoutes = new Hono<{ Bindings: Env }>()
  .post("/assistants", async (c) => {
    const body = await readBody(c, assistantCreate);
    // Ids in the order of time, so that search has assistants of the same millisecond in order too.
    return c.json(await createAssistant(c.env.DB, body, v7()));
  })
  .post("/assistants/search", async (c) => {
    const search = await readBody(c, assistantSearch);
    const { assistants, total } = await searchAssistants(c.env.DB, search);
    pageHeaders(c, search, assistants.length, total);
    return c.json(assistants);
  })
  .post("/assistants/count", async (c) =>
    c.json(await countAssistants(c.env.DB, await readBody(c, assistantCount))),
  )
  .get("/assistants/:id", async (c) => c.json(await getAssistant(c.env.DB, c.req.param("id"))))
  .patch("/assistants/:id", async (c) => {
    const body = await readBody(c, assistantPatch);
    return c.json(await patchAssistant(c.env.DB, c.req.param("id"), body));
  })
  .delete("/assistants/:id", async (c) => {
    const { delete_threads: withThreads } = readQuery(c, deleteQuery);
    return c.json([await deleteAssistant(c.env, c.req.param("id"), withThreads)]);
  })
  .post("/assistants/:id/versions", async (c) => {
    const body = await readBody(c, versionList);
    return c.json(await listVersions(c.env.DB, c.req.param("id"), body));
  })
  .post("/assistants/:id/latest", async (c) => {
    const version = (await readBody(c, latestBody)).version ?? readQuery(c, latestQuery).version;
    if (version === undefined) throw new DomainError("request.invalid", "version: expected a number");
    return c.json(await setLatestVersion(c.env.DB, c.req.param("id"), version));
  })
  .get("/assistants/:id/graph", async (c) => {
    const { xray } = readQuery(c, graphQuery);
    return c.json(await drawGraph(c.env.DB, c.req.param("id"), xray));
  })
  .get("/assistants/:id/schemas", async (c) => c.json(await describeSchemas(c.env.DB, c.req.param("id"))))
  .get("/assistants/:id/subgraphs/:namespace?", async (c) => {
    const { recurse } = readQuery(c, subgraphsQuery);
    const { id, namespace } = c.req.param();
    return c.json(await describeSubgraphs(c.env.DB, id, namespace, recurse));
  });

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
  const page = env.DB.prepare(
    `SELECT thread_id FROM threads WHERE json_extract(metadata, '$.assistant_id') = ? AND thread_id > ?
     ORDER BY thread_id LIMIT ${THREADS_AT_ONCE}`,
  );
  // Goes on from the last id, whether or not the index has lost the deleted ones yet.
  let last = "";
  for (;;) {
    const { results } = await page.bind(assistantId, last).run<{ thread_id: string }>();
    await Promise.all(results.map(({ thread_id: threadId }) => deleteThread(env, threadId)));
    if (results.length < THREADS_AT_ONCE) return;
    last = results.at(-1)?.thread_id ?? "";
  }
}
