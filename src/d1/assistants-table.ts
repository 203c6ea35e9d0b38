/** Assistants in D1. No object holds them: D1 is the only place where they are stored. */
import { passesFilter, type AccessFilter } from "../calls/access-filter";
import { graphIds } from "../graphs/registry";
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { NO_NAME, type Assistant, type AssistantCreate } from "../wire/assistants";
import { CONTENT, contentValues, toAssistant, type AssistantRow } from "./assistant-row";
import { assistantIdOf, ensureDefaultAssistants } from "./default-assistants";
import { changeAndForgetReads, RecentReads } from "./recent-reads";

export { assistantIdOf, type Assistant };

/**
 * The assistant of that id, or the default assistant of that graph.
 * @param visible an assistant that does not pass this filter counts as one that does not exist
 * @throws assistant.not_found
 */
export async function getAssistant(
  db: D1Database,
  idOrGraphId: string,
  visible?: AccessFilter,
): Promise<Assistant> {
  const { assistant } = await select(db, idOrGraphId, []);
  if (assistant === undefined || !passesFilter(assistant.metadata, visible)) throw notFound(idOrGraphId);
  return assistant;
}

/**
 * Reads, in one call of D1, the assistant that a run or a cron names, and the results of other statements.
 * @throws assistant.not_found
 */
export async function getAssistantWithOthers(
  db: D1Database,
  idOrGraphId: string,
  ...others: D1PreparedStatement[]
): Promise<{ assistant: Assistant; results: D1Result[] }> {
  const { assistant, results } = await select(db, idOrGraphId, others);
  if (assistant === undefined) throw notFound(idOrGraphId, "No assistant found for");
  return { assistant, results };
}

async function select(
  db: D1Database,
  idOrGraphId: string,
  others: D1PreparedStatement[],
): Promise<{ assistant: Assistant | undefined; results: D1Result[] }> {
  await ensureDefaultAssistants(db);
  const [found, ...results] = await db.batch([selectRow(db, assistantIdOf(idOrGraphId)), ...others]);
  const [row] = (found?.results ?? []) as AssistantRow[];
  return { assistant: row && toAssistant(row), results };
}

/**
 * The assistant for a new run. This isolate may have read it up to two seconds ago.
 * @throws assistant.not_found
 */
export const getRecentAssistant = (db: D1Database, idOrGraphId: string): Promise<Readonly<Assistant>> =>
  recentAssistants.recallOrRead(assistantIdOf(idOrGraphId), async () => {
    return (await getAssistantWithOthers(db, idOrGraphId)).assistant;
  });

const recentAssistants = new RecentReads<Readonly<Assistant>>(2_000);

/**
 * Makes an assistant with version 1. With `if_exists: "do_nothing"`, an assistant that exists already is returned unchanged.
 * @param newId the id of the assistant when the input has none
 * @param visible an assistant that exists and does not pass this filter is not returned but refused as assistant.exists
 * @throws graph.not_found, assistant.exists, request.too_large
 */
export async function createAssistant(
  db: D1Database,
  input: AssistantCreate,
  newId: string,
  visible?: AccessFilter,
): Promise<Assistant> {
  checkGraph(input.graph_id);
  const id = input.assistant_id ?? newId;
  const values = contentValues({
    graph_id: input.graph_id,
    name: input.name ?? NO_NAME,
    description: input.description ?? null,
    config: input.config ?? {},
    context: input.context ?? {},
    metadata: input.metadata ?? {},
  });
  await ensureDefaultAssistants(db);
  const at = now();
  const [inserted, , current] = await db.batch<AssistantRow>([
    db
      .prepare(
        `INSERT INTO assistants (assistant_id, version, created_at, updated_at, ${CONTENT})
         VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING assistant_id`,
      )
      .bind(id, at, at, ...values),
    db
      .prepare(
        `INSERT INTO assistant_versions (assistant_id, version, created_at, ${CONTENT})
         SELECT assistant_id, version, created_at, ${CONTENT} FROM assistants
         WHERE assistant_id = ? ON CONFLICT DO NOTHING`,
      )
      .bind(id),
    selectRow(db, id),
  ]);
  const assistant = toAssistant(requireReturnedRow(current));
  const isReturned = input.if_exists === "do_nothing" && passesFilter(assistant.metadata, visible);
  if (inserted?.results.length === 0 && !isReturned) {
    throw new DomainError("assistant.exists", `assistant_id: assistant ${id} exists already`);
  }
  return assistant;
}

/** Removes an assistant and its versions, if it is there. */
export async function removeAssistant(db: D1Database, assistantId: string): Promise<void> {
  await changeAndForgetReads(() =>
    db.batch([
      db.prepare("DELETE FROM assistants WHERE assistant_id = ?").bind(assistantId),
      db.prepare("DELETE FROM assistant_versions WHERE assistant_id = ?").bind(assistantId),
    ]),
  );
}

/** The statement that reads the row of an assistant. */
export const selectRow = (db: D1Database, id: string): D1PreparedStatement =>
  db.prepare("SELECT * FROM assistants WHERE assistant_id = ?").bind(id);

/** The row that a statement returned. @throws Error when it returned none */
export function requireReturnedRow(result: D1Result<AssistantRow> | undefined): AssistantRow {
  const row = result?.results[0];
  if (row === undefined) throw new Error("D1 gave no row back for an assistant that was just written");
  return row;
}

/** @throws graph.not_found when no graph of the server has that id. */
export function checkGraph(graphId: string): void {
  if (graphIds.includes(graphId)) return;
  throw new DomainError(
    "graph.not_found",
    `graph_id: no graph ${quote(graphId)}; there are: ${graphIds.join(", ")}`,
  );
}

/**
 * The error that there is no such assistant. Clients compare the beginning of the message with that of LangGraph's own server,
 * which has one beginning for a request about an assistant, and another for a run or a cron that names one.
 */
export const notFound = (
  idOrGraphId: string,
  beginning:
    "Assistant not found: no assistant" | "No assistant found for" = "Assistant not found: no assistant",
): DomainError =>
  new DomainError(
    "assistant.not_found",
    `${beginning} ${quote(idOrGraphId)}, nor a graph of that id; the graphs are: ${graphIds.join(", ")}`,
  );

/** Text of a client, for a message: quoted, with control characters escaped, and cut off after 100 characters. */
const quote = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
