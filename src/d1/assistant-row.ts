/** The rows of assistants and of their versions in D1, and the assistant that the API shows. */
import { toIso } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { parseJson } from "../platform/json";
import type { Assistant } from "../wire/assistants";

/** The fields of an assistant that belong to one version: all but the ids and the times. */
export type Content = Pick<
  Assistant,
  "graph_id" | "name" | "description" | "config" | "context" | "metadata"
>;

/** A row of `assistants`; instants are in ms. */
export interface AssistantRow extends Pick<Assistant, "assistant_id" | "graph_id" | "name" | "description"> {
  config: string;
  context: string;
  metadata: string;
  version: number;
  created_at: number;
  updated_at: number;
}

/** A row of `assistant_versions`. */
export type VersionRow = Omit<AssistantRow, "updated_at">;

/** The columns of {@link Content}, which both tables have, in the order of {@link contentValues}. */
export const CONTENT = "graph_id, name, description, config, context, metadata";

/** A row of D1 holds at most 2 MB. Metadata grows with each PATCH, so this limit stays well below that. */
const MAX_CONTENT_BYTES = 1_500_000;

/**
 * The values to bind for {@link CONTENT}.
 * @throws request.too_large when a row cannot hold them
 */
export function contentValues(content: Content): (string | null)[] {
  const values = [
    content.graph_id,
    content.name,
    content.description,
    JSON.stringify(content.config),
    JSON.stringify(content.context),
    JSON.stringify(content.metadata),
  ];
  // The stored text is measured, because it may be longer than what the client sent: `1e20` becomes 21 characters.
  const bytes = new TextEncoder().encode(values.join("")).length;
  if (bytes > MAX_CONTENT_BYTES) {
    throw new DomainError(
      "request.too_large",
      `assistant: name, description, config, context and metadata take ${bytes} bytes, ` +
        `of at most ${MAX_CONTENT_BYTES}`,
    );
  }
  return values;
}

/** The assistant of a row, as the API shows it. */
export const toAssistant = (row: AssistantRow): Assistant => ({
  assistant_id: row.assistant_id,
  graph_id: row.graph_id,
  name: row.name,
  description: row.description,
  config: parseJson(row.config),
  context: parseJson(row.context),
  metadata: parseJson(row.metadata),
  version: row.version,
  created_at: toIso(row.created_at),
  updated_at: toIso(row.updated_at),
});
