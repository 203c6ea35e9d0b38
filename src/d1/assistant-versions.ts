/** The versions of an assistant in D1. Each patch makes a new version, and a request can make any version the latest again. */
import { passesFilter, type AccessFilter } from "../calls/access-filter";
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import type { Assistant, AssistantPatch, VersionList } from "../wire/assistants";
import { CONTENT, contentValues, toAssistant, type AssistantRow, type VersionRow } from "./assistant-row";
import { checkGraph, getAssistant, notFound, selectRow, requireReturnedRow } from "./assistants-table";
import { assistantIdOf, ensureDefaultAssistants, graphOfDefaultAssistant } from "./default-assistants";
import { allOf, jsonContains } from "./json-filter";
import { visibleConditions } from "./metadata-filter";
import { tooLarge } from "./page-search";
import { bytesIn, MAX_PAGE_BYTES } from "./page-sql";
import { changeAndForgetReads } from "./recent-reads";

/**
 * How many times a patch is tried, while the patches of other requests get ahead of it. One attempt takes three statements, and
 * D1 answers at most 50 statements for one request of a free Worker.
 */
const MAX_PATCH_ATTEMPTS = 15;

/**
 * Makes a new version of the assistant and makes it the latest. Its number is one above the highest number so far. The metadata
 * of the patch is merged with the present metadata; every other field of the patch replaces the present one.
 * @param visible an assistant that does not pass this filter counts as one that does not exist
 * @throws assistant.not_found, graph.not_found, request.too_large
 * @throws assistant.conflict when other patches win again and again, or when a default assistant would get another graph
 */
export const patchAssistant = (
  db: D1Database,
  idOrGraphId: string,
  patch: AssistantPatch,
  visible?: AccessFilter,
): Promise<Assistant> => changeAndForgetReads(() => writePatch(db, idOrGraphId, patch, visible));

async function writePatch(
  db: D1Database,
  idOrGraphId: string,
  patch: AssistantPatch,
  visible: AccessFilter | undefined,
): Promise<Assistant> {
  if (patch.graph_id !== undefined) checkGraph(patch.graph_id);
  const id = assistantIdOf(idOrGraphId);
  checkDefaultGraph(id, patch.graph_id);
  await ensureDefaultAssistants(db);
  let row = await selectRow(db, id).first<AssistantRow>();
  for (let attempt = 0; row !== null; attempt++) {
    if (attempt === MAX_PATCH_ATTEMPTS) {
      throw new DomainError("assistant.conflict", `assistant ${id} is being patched by others; try again`);
    }
    const current = toAssistant(row);
    if (!passesFilter(current.metadata, visible)) break;
    const values = contentValues({
      graph_id: patch.graph_id ?? current.graph_id,
      name: patch.name ?? current.name,
      description: patch.description ?? current.description,
      config: patch.config ?? current.config,
      context: patch.context ?? current.context,
      metadata: { ...current.metadata, ...patch.metadata },
    });
    // The statements write nothing when the assistant has changed since it was read. A version never changes, so an equal
    // version number means equal content. The creation time tells whether it is still the same assistant, and not a new
    // one under the id of a deleted one.
    const unchanged = [id, row.version, row.created_at];
    const [, updated, after] = await db.batch<AssistantRow>([
      db
        .prepare(
          `INSERT INTO assistant_versions (assistant_id, version, created_at, ${CONTENT})
           SELECT assistant_id, (SELECT max(v.version) + 1 FROM assistant_versions v
             WHERE v.assistant_id = a.assistant_id), ?, ?, ?, ?, ?, ?, ?
           FROM assistants a WHERE assistant_id = ? AND version = ? AND created_at = ?`,
        )
        .bind(now(), ...values, ...unchanged),
      db
        .prepare(
          `UPDATE assistants SET (version, updated_at, ${CONTENT}) =
             (SELECT version, created_at, ${CONTENT} FROM assistant_versions v
              WHERE v.assistant_id = assistants.assistant_id ORDER BY version DESC LIMIT 1)
           WHERE assistant_id = ? AND version = ? AND created_at = ? RETURNING *`,
        )
        .bind(...unchanged),
      selectRow(db, id),
    ]);
    if (updated?.results.length === 1) return toAssistant(requireReturnedRow(updated));
    row = after?.results[0] ?? null;
  }
  throw notFound(idOrGraphId);
}

/**
 * Refuses to give a default assistant another graph. A client may use a graph's id in place of its default assistant's id, and
 * would then run another graph than the one it named.
 * @throws assistant.conflict
 */
function checkDefaultGraph(assistantId: string, graphId: string | undefined): void {
  const ownGraphId = graphOfDefaultAssistant(assistantId);
  if (ownGraphId === undefined || graphId === undefined || graphId === ownGraphId) return;
  throw new DomainError(
    "assistant.conflict",
    `graph_id: assistant ${assistantId} is the default assistant of the graph "${ownGraphId}" and keeps that graph; ` +
      "create an assistant for another graph",
  );
}

/**
 * Makes an existing version the latest: the assistant gets the content of that version. No version is changed or removed.
 * @param visible an assistant that does not pass this filter counts as one that does not exist
 * @throws assistant.not_found when there is no such assistant, or it has no such version.
 */
export async function setLatestVersion(
  db: D1Database,
  idOrGraphId: string,
  version: number,
  visible?: AccessFilter,
): Promise<Assistant> {
  const id = assistantIdOf(idOrGraphId);
  if (visible !== undefined) await getAssistant(db, idOrGraphId, visible);
  await ensureDefaultAssistants(db);
  const update = db
    .prepare(
      `UPDATE assistants SET (version, updated_at, ${CONTENT}) =
         (SELECT version, ?, ${CONTENT} FROM assistant_versions WHERE assistant_id = ? AND version = ?)
       WHERE assistant_id = ? AND EXISTS (SELECT 1 FROM assistant_versions WHERE assistant_id = ? AND version = ?)
       RETURNING *`,
    )
    .bind(now(), id, version, id, id, version);
  const row = await changeAndForgetReads(() => update.first<AssistantRow>());
  if (row !== null) return toAssistant(row);
  await getAssistant(db, idOrGraphId);
  throw new DomainError("assistant.not_found", `version: assistant ${id} has no version ${version}`);
}

/**
 * The versions of an assistant, the newest first.
 * @param visible an assistant that does not pass this filter counts as one that does not exist, and so does a version
 * @throws assistant.not_found, request.too_large
 */
export async function listVersions(
  db: D1Database,
  idOrGraphId: string,
  list: VersionList,
  visible?: AccessFilter,
): Promise<Assistant[]> {
  const { assistant_id: id } = await getAssistant(db, idOrGraphId, visible);
  const where = allOf([
    { sql: "assistant_id = ?", params: [id] },
    ...(list.metadata === undefined ? [] : [jsonContains("metadata", list.metadata)]),
    ...visibleConditions(visible),
  ]);
  const page = `FROM assistant_versions WHERE ${where.sql} ORDER BY version DESC LIMIT ? OFFSET ?`;
  const params = [...where.params, list.limit, list.offset];
  // The size is asked for first, so that a page that is too large is never read.
  const bytes = await db
    .prepare(`SELECT sum(bytes) AS bytes FROM (SELECT ${bytesIn(CONTENT.split(", "))} AS bytes ${page})`)
    .bind(...params)
    .first<number>("bytes");
  if ((bytes ?? 0) > MAX_PAGE_BYTES) throw tooLarge();
  const { results } = await db
    .prepare(`SELECT * ${page}`)
    .bind(...params)
    .run<VersionRow>();
  return results.map((row) => toAssistant({ ...row, updated_at: row.created_at }));
}
