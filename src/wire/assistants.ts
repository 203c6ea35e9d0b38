/** What clients may send about assistants. */
import { z } from "zod";
import type { JsonObject } from "../platform/json";
import { jsonObject, optional, paging, queryBoolean, uuid } from "./fields";
import { runConfig } from "./runs/run";

/** Lone surrogates become U+FFFD here: D1 keeps text as UTF-8, which has no form for them. */
const text = z.string("expected a string").overwrite((value) => value.toWellFormed());

const content = {
  config: optional(runConfig),
  context: optional(jsonObject),
  metadata: optional(jsonObject),
  name: optional(text),
  description: optional(text),
};

export const assistantCreate = z.strictObject({
  ...content,
  assistant_id: optional(uuid),
  graph_id: text,
  if_exists: optional(z.enum(["raise", "do_nothing"])),
});
export type AssistantCreate = z.output<typeof assistantCreate>;

/** Absent leaves a field as it is; `metadata` merges, pair by pair. */
export const assistantPatch = z.strictObject({ ...content, graph_id: optional(text) });
export type AssistantPatch = z.output<typeof assistantPatch>;

const filters = {
  graph_id: optional(text),
  name: optional(text),
  metadata: optional(jsonObject),
};

export const assistantCount = z.strictObject(filters);
export type AssistantFilters = z.output<typeof assistantCount>;

const sortFields = ["assistant_id", "created_at", "updated_at", "name", "graph_id"] as const;
const assistantFields = [...sortFields, "description", "config", "context", "metadata", "version"] as const;

export const assistantSearch = z.strictObject({
  ...filters,
  ...paging,
  sort_by: optional(z.enum(sortFields)),
  sort_order: optional(z.enum(["asc", "desc"])),
  select: optional(z.array(z.enum(assistantFields))),
});
export type AssistantSearch = z.output<typeof assistantSearch>;

export const versionList = z.strictObject({ ...paging, metadata: optional(jsonObject) });
export type VersionList = z.output<typeof versionList>;

/** The SDKs send the version in the body; the API's specification has it in the query string. */
export const latestBody = z.strictObject({ version: optional(z.number().int().min(1)) });
export const latestQuery = z.strictObject({
  version: z
    .string("expected one whole number")
    .regex(/^[0-9]{1,15}$/, "expected a whole number")
    .transform(Number)
    .optional(),
});

export const deleteQuery = z.strictObject({ delete_threads: queryBoolean.default(false) });

/** `xray`: whether to draw subgraphs, or down to which depth. */
export const graphQuery = z.strictObject({
  xray: z
    .string("expected true, false or a depth")
    .regex(/^(true|false|[0-9]{1,9})$/i, "expected true, false or a depth")
    .transform((text) => (/^[0-9]/.test(text) ? Number(text) : text.toLowerCase() === "true"))
    .default(false),
});

export const subgraphsQuery = z.strictObject({ recurse: queryBoolean.default(false) });
/** The wire object; of a former version, `updated_at` is when that version was made. */
export interface Assistant {
  assistant_id: string;
  graph_id: string;
  name: string;
  description: string | null;
  config: JsonObject;
  context: JsonObject;
  metadata: JsonObject;
  version: number;
  created_at: string;
  updated_at: string;
}
