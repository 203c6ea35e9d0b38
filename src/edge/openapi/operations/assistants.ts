/** The operations of `/assistants`. */
import { z } from "zod";
import * as schemas from "../../../wire/assistants";
import { json, operationsOf, page } from "../operation";
import { assistant, graphDrawing, graphSchemas, subgraphSchemas } from "../../../wire/assistants";

const one = json("The assistant.", assistant);
const subgraphs = json("The schemas of each subgraph, by its path.", z.record(z.string(), subgraphSchemas));

export const assistantOperations = operationsOf("Assistants", [
  {
    method: "post",
    path: "/assistants",
    id: "create_assistant",
    summary: "Create an assistant",
    body: schemas.assistantCreate,
    answers: one,
    failures: [404, 409],
  },
  {
    method: "post",
    path: "/assistants/search",
    id: "search_assistants",
    summary: "Search assistants",
    description: "With `select`, each has only the fields asked for.",
    body: schemas.assistantSearch,
    answers: page("The assistants.", assistant),
  },
  {
    method: "post",
    path: "/assistants/count",
    id: "count_assistants",
    summary: "Count assistants",
    body: schemas.assistantCount,
    answers: json("How many match.", z.int()),
  },
  {
    method: "get",
    path: "/assistants/{assistant_id}",
    id: "get_assistant",
    summary: "Read an assistant",
    answers: one,
    failures: [404],
  },
  {
    method: "patch",
    path: "/assistants/{assistant_id}",
    id: "patch_assistant",
    summary: "Change an assistant",
    description: "Makes a new version. The default assistant of a graph keeps its graph.",
    body: schemas.assistantPatch,
    answers: one,
    failures: [404, 409],
  },
  {
    method: "delete",
    path: "/assistants/{assistant_id}",
    id: "delete_assistant",
    summary: "Delete an assistant and its versions",
    query: schemas.deleteQuery,
    answers: json("The id of the assistant, in a list.", z.array(z.guid())),
    failures: [404, 409],
  },
  {
    method: "post",
    path: "/assistants/{assistant_id}/versions",
    id: "list_assistant_versions",
    summary: "List the versions of an assistant",
    body: schemas.versionList,
    answers: json("The versions, newest first.", z.array(assistant)),
    failures: [404],
  },
  {
    method: "post",
    path: "/assistants/{assistant_id}/latest",
    id: "set_latest_assistant_version",
    summary: "Choose the version of an assistant that counts",
    query: schemas.latestQuery,
    body: schemas.latestBody,
    answers: one,
    failures: [404],
  },
  {
    method: "get",
    path: "/assistants/{assistant_id}/graph",
    id: "get_assistant_graph",
    summary: "Draw the graph of an assistant",
    query: schemas.graphQuery,
    answers: json("Its nodes and edges.", graphDrawing),
    failures: [404],
  },
  {
    method: "get",
    path: "/assistants/{assistant_id}/schemas",
    id: "get_assistant_schemas",
    summary: "Read the schemas of the graph of an assistant",
    answers: json("JSON schemas; those of the configuration only if the graph declares one.", graphSchemas),
    failures: [404],
  },
  {
    method: "get",
    path: "/assistants/{assistant_id}/subgraphs",
    id: "list_assistant_subgraphs",
    summary: "Read the schemas of the subgraphs of an assistant",
    query: schemas.subgraphsQuery,
    answers: subgraphs,
    failures: [404],
  },
  {
    method: "get",
    path: "/assistants/{assistant_id}/subgraphs/{namespace}",
    id: "get_assistant_subgraph",
    summary: "Read the schemas of one subgraph of an assistant",
    query: schemas.subgraphsQuery,
    answers: subgraphs,
    failures: [404],
  },
]);
