/** Requests and answers about assistants. */
import { z } from "zod";
import {
  answeredId,
  answeredInstant,
  answerNames,
  jsonObject,
  metadataFilter,
  optional,
  paging,
  queryBoolean,
  requestNames,
  SELECT_MEANING,
  typesInQuery,
  uuid,
} from "./fields";
import { runConfig } from "./runs/payload";

export const assistant = z
  .strictObject({
    assistant_id: answeredId,
    graph_id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    config: jsonObject,
    context: jsonObject,
    metadata: jsonObject,
    version: z.int(),
    created_at: answeredInstant,
    updated_at: answeredInstant.meta({ description: "For a former version, when that version was made." }),
  })
  .register(answerNames, { id: "Assistant" });
export type Assistant = z.output<typeof assistant>;

/** Lone surrogates become U+FFFD here: D1 keeps text as UTF-8, which has no form for them. */
const text = z.string("expected a string").overwrite((value) => value.toWellFormed());

const content = {
  config: optional(runConfig).meta({ description: "The configuration of the graph." }),
  context: optional(jsonObject).meta({ description: "The static context of the graph." }),
  name: optional(text),
  description: optional(text),
};

export const assistantCreate = z
  .strictObject({
    ...content,
    metadata: optional(jsonObject),
    assistant_id: optional(uuid).meta({
      description: "The id of the new assistant. Without it, one is made.",
    }),
    graph_id: text,
    if_exists: optional(z.enum(["raise", "do_nothing"])).meta({
      description:
        "What to do when there is an assistant with this id: answer 409, or answer with that assistant.",
    }),
  })
  .register(requestNames, { id: "AssistantCreate" });
export type AssistantCreate = z.output<typeof assistantCreate>;

/** A field that is absent stays as it is. */
export const assistantPatch = z
  .strictObject({
    ...content,
    metadata: optional(jsonObject).meta({
      description: "Merged into the metadata of the assistant, pair by pair.",
    }),
    graph_id: optional(text),
  })
  .register(requestNames, { id: "AssistantPatch" });
export type AssistantPatch = z.output<typeof assistantPatch>;

/** The name of an assistant that was made without one. */
export const NO_NAME = "Untitled";

const filters = {
  graph_id: optional(text),
  name: optional(text),
  metadata: metadataFilter,
};

export const assistantCount = z.strictObject(filters).register(requestNames, { id: "AssistantCount" });
export type AssistantFilters = z.output<typeof assistantCount>;

export const assistantSearch = z
  .strictObject({
    ...filters,
    ...paging,
    sort_by: optional(z.enum(["assistant_id", "created_at", "updated_at", "name", "graph_id"])),
    sort_order: optional(z.enum(["asc", "desc"])),
    select: optional(z.array(assistant.keyof())).meta(SELECT_MEANING),
  })
  .register(requestNames, { id: "AssistantSearch" });
export type AssistantSearch = z.output<typeof assistantSearch>;

export const versionList = z
  .strictObject({ ...paging, metadata: metadataFilter })
  .register(requestNames, { id: "AssistantVersionsList" });
export type VersionList = z.output<typeof versionList>;

/** The SDKs send the version in the body; the API's specification has it in the query string. */
export const latestBody = z
  .strictObject({ version: optional(z.number().int().min(1)) })
  .register(requestNames, { id: "AssistantLatest" });
export const latestQuery = z.strictObject({
  version: z
    .string("expected one whole number")
    .regex(/^[0-9]{1,15}$/, "expected a whole number")
    .transform(Number)
    .register(typesInQuery, { type: "integer", minimum: 0 })
    .optional()
    .meta({ description: "Counts when the body has no version." }),
});

export const deleteQuery = z.strictObject({
  delete_threads: queryBoolean.default(false).meta({
    description: "Whether the threads whose metadata names the assistant are deleted with it.",
  }),
});

export const graphQuery = z.strictObject({
  xray: z
    .string("expected true, false or a depth")
    .regex(/^(true|false|[0-9]{1,9})$/i, "expected true, false or a depth")
    .transform((text) => (/^[0-9]/.test(text) ? Number(text) : text.toLowerCase() === "true"))
    .register(typesInQuery, { type: ["boolean", "integer"] })
    .default(false)
    .meta({ description: "Whether subgraphs are drawn in place of their nodes, or down to which depth." }),
});

export const subgraphsQuery = z.strictObject({
  recurse: queryBoolean
    .default(false)
    .meta({ description: "Whether to list the subgraphs of subgraphs too." }),
});

/** A graph as LangChain draws it. */
export const graphDrawing = z
  .strictObject({
    nodes: z.array(
      z.strictObject({
        id: z.string(),
        type: z.string(),
        data: z.unknown(),
        metadata: z.unknown().optional(),
      }),
    ),
    edges: z.array(
      z.strictObject({
        source: z.string(),
        target: z.string(),
        conditional: z.boolean().optional(),
        data: z.string().optional(),
      }),
    ),
  })
  .register(answerNames, { id: "GraphDrawing" });

const schemas = {
  input_schema: jsonObject,
  output_schema: jsonObject,
  state_schema: jsonObject,
  config_schema: jsonObject.optional(),
  context_schema: jsonObject.optional(),
};

export const subgraphSchemas = z.strictObject(schemas).register(answerNames, { id: "SubgraphSchemas" });
export const graphSchemas = z
  .strictObject({ graph_id: z.string(), ...schemas })
  .register(answerNames, { id: "GraphSchemas" });
