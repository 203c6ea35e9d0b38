/** `/assistants`: configured graphs and their versions. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { z } from "zod";
import type { AccessFilter } from "../calls/access-filter";
import { countAssistants, searchAssistants } from "../d1/assistant-search";
import { listVersions, patchAssistant, setLatestVersion } from "../d1/assistant-versions";
import { assistantIdOf, createAssistant, getAssistant } from "../d1/assistants-table";
import { DomainError } from "../platform/errors";
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
import { deleteAssistant } from "./assistant-deletion";
import { describeSchemas, describeSubgraphs, drawGraph, type GraphRead } from "./assistant-graph";
import { userOf, type EdgeContext } from "./caller";
import { DescribedRoutes } from "./described-routes";
import { json, page } from "./openapi/operation";
import { pageHeaders } from "./pages";
import type { Permissions } from "./permissions";

/** What a handler of an `Auth` may change of a new or changed assistant. */
const CONTENT_FIELDS = ["graph_id", "name", "description", "config", "context", "metadata"] as const;

const theAssistant = json("The assistant.", assistant);
const subgraphs = json("The schemas of each subgraph, by its path.", z.record(z.string(), subgraphSchemas));

export const assistantRoutes = new DescribedRoutes("Assistants")
  .add(
    "POST /assistants",
    {
      id: "create_assistant",
      allow: ["assistants:create", "assistants:read"],
      summary: "Create an assistant",
      body: assistantCreate,
      answers: theAssistant,
      failures: [404, 409],
    },
    // Ids in the order of time, so that a search has assistants of the same millisecond in order too.
    async (c, { body: sent, access }) => {
      const { assistant_id: id = uuid7() } = sent;
      const ids = { assistant_id: id };
      const fields = [...CONTENT_FIELDS, "if_exists"] as const;
      const { filter, body } = await access.askAbout("assistants:create", assistantCreate, sent, fields, ids);
      const visible =
        body.if_exists === "do_nothing" ? await access.existing(filter, "assistants:read", ids) : filter;
      return c.json(await createAssistant(c.env.DB, body, id, visible));
    },
  )
  .add(
    "POST /assistants/search",
    {
      id: "search_assistants",
      allow: ["assistants:search"],
      summary: "Search assistants",
      description: "With `select`, each has only the fields asked for.",
      body: assistantSearch,
      answers: page("The assistants.", assistant),
    },
    async (c, { body: sent, access }) => {
      const fields = ["graph_id", "name", "metadata", "limit", "offset"] as const;
      const { filter, body } = await access.askAbout("assistants:search", assistantSearch, sent, fields);
      const { assistants, total } = await searchAssistants(c.env.DB, body, filter);
      pageHeaders(c, body, assistants.length, total);
      return c.json(assistants);
    },
  )
  .add(
    "POST /assistants/count",
    {
      id: "count_assistants",
      allow: ["assistants:search"],
      summary: "Count assistants",
      body: assistantCount,
      answers: json("How many match.", z.int()),
    },
    async (c, { body: sent, access }) => {
      const fields = ["graph_id", "name", "metadata"] as const;
      const { filter, body } = await access.askAbout("assistants:search", assistantCount, sent, fields);
      return c.json(await countAssistants(c.env.DB, body, filter));
    },
  )
  .add(
    "GET /assistants/{assistant_id}",
    {
      id: "get_assistant",
      allow: ["assistants:read"],
      summary: "Read an assistant",
      answers: theAssistant,
      failures: [404],
    },
    async (c, { path, access }) => {
      const filter = await readable(access, path.assistant_id);
      return c.json(await getAssistant(c.env.DB, path.assistant_id, filter));
    },
  )
  .add(
    "PATCH /assistants/{assistant_id}",
    {
      id: "patch_assistant",
      allow: ["assistants:update"],
      summary: "Change an assistant",
      description: "Makes a new version. The default assistant of a graph keeps its graph.",
      body: assistantPatch,
      answers: theAssistant,
      failures: [404, 409],
    },
    async (c, { path, body: sent, access }) => {
      const ids = { assistant_id: assistantIdOf(path.assistant_id) };
      const { filter, body } = await access.askAbout(
        "assistants:update",
        assistantPatch,
        sent,
        CONTENT_FIELDS,
        ids,
      );
      return c.json(await patchAssistant(c.env.DB, path.assistant_id, body, filter));
    },
  )
  .add(
    "DELETE /assistants/{assistant_id}",
    {
      id: "delete_assistant",
      allow: ["assistants:delete", "threads:delete"],
      summary: "Delete an assistant and its versions",
      query: deleteQuery,
      answers: json("The id of the assistant, in a list.", z.array(z.guid())),
      failures: [404, 409],
    },
    async (c, { path, query, access }) => {
      const value = { assistant_id: assistantIdOf(path.assistant_id) };
      const { filter } = await access.ask("assistants:delete", value);
      const { assistant_id: id } = await getAssistant(c.env.DB, path.assistant_id, filter);
      const threadOf = (threadId: string) => access.thread("threads:delete", threadId);
      await deleteAssistant(c.env, id, query.delete_threads ? threadOf : null);
      return c.json([id]);
    },
  )
  .add(
    "POST /assistants/{assistant_id}/versions",
    {
      id: "list_assistant_versions",
      allow: ["assistants:read"],
      summary: "List the versions of an assistant",
      body: versionList,
      answers: json("The versions, newest first.", z.array(assistant)),
      failures: [404],
    },
    async (c, { path, body, access }) => {
      const filter = await readable(access, path.assistant_id);
      return c.json(await listVersions(c.env.DB, path.assistant_id, body, filter));
    },
  )
  .add(
    "POST /assistants/{assistant_id}/latest",
    {
      id: "set_latest_assistant_version",
      allow: ["assistants:update"],
      summary: "Choose the version of an assistant that counts",
      query: latestQuery,
      body: latestBody,
      answers: theAssistant,
      failures: [404],
    },
    async (c, { path, query, body, access }) => {
      const version = body.version ?? query.version;
      if (version === undefined) throw new DomainError("request.invalid", "version: expected a number");
      const value = { assistant_id: assistantIdOf(path.assistant_id), version };
      const { filter } = await access.ask("assistants:update", value);
      return c.json(await setLatestVersion(c.env.DB, path.assistant_id, version, filter));
    },
  )
  .add(
    "GET /assistants/{assistant_id}/graph",
    {
      id: "get_assistant_graph",
      allow: ["assistants:read"],
      summary: "Draw the graph of an assistant",
      query: graphQuery,
      answers: json("Its nodes and edges.", graphDrawing),
      failures: [404],
    },
    async (c, { path, query, access }) =>
      c.json(await drawGraph(await reading(c, access, path.assistant_id), query.xray)),
  )
  .add(
    "GET /assistants/{assistant_id}/schemas",
    {
      id: "get_assistant_schemas",
      allow: ["assistants:read"],
      summary: "Read the schemas of the graph of an assistant",
      answers: json("JSON schemas; those of the configuration only if the graph declares one.", graphSchemas),
      failures: [404],
    },
    async (c, { path, access }) => c.json(await describeSchemas(await reading(c, access, path.assistant_id))),
  )
  .add(
    "GET /assistants/{assistant_id}/subgraphs",
    {
      id: "list_assistant_subgraphs",
      allow: ["assistants:read"],
      summary: "Read the schemas of the subgraphs of an assistant",
      query: subgraphsQuery,
      answers: subgraphs,
      failures: [404],
    },
    async (c, { path, query, access }) => {
      const read = await reading(c, access, path.assistant_id);
      return c.json(await describeSubgraphs(read, undefined, query.recurse));
    },
  )
  .add(
    "GET /assistants/{assistant_id}/subgraphs/{namespace}",
    {
      id: "get_assistant_subgraph",
      allow: ["assistants:read"],
      summary: "Read the schemas of one subgraph of an assistant",
      query: subgraphsQuery,
      answers: subgraphs,
      failures: [404],
    },
    async (c, { path, query, access }) => {
      const read = await reading(c, access, path.assistant_id);
      return c.json(await describeSubgraphs(read, path.namespace, query.recurse));
    },
  );

/** Asks whether the caller may read an assistant. @returns the filter that the assistant has to pass */
async function readable(
  access: Permissions<"assistants:read">,
  idOrGraphId: string,
): Promise<AccessFilter | undefined> {
  const { filter } = await access.ask("assistants:read", { assistant_id: assistantIdOf(idOrGraphId) });
  return filter;
}

/** Asks whether the caller may read the graph of an assistant. */
async function reading(
  c: EdgeContext,
  access: Permissions<"assistants:read">,
  idOrGraphId: string,
): Promise<GraphRead> {
  const visible = await readable(access, idOrGraphId);
  return { db: c.env.DB, idOrGraphId, visible, user: userOf(c) };
}
