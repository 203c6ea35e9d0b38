/** The versions of an assistant in D1: each patch makes one, and any of them can be made the latest again. */
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import type { Assistant, AssistantPatch, VersionList } from "../wire/assistants";
import { CONTENT, contentValues, toAssistant, type AssistantRow, type VersionRow } from "./assistant-row";
import { checkGraph, getAssistant, notFound, selectRow, requireReturnedRow } from "./assistants-table";
import { assistantIdOf, ensureDefaultAssistants, graphOfDefaultAssistant } from "./default-assistants";
import { allOf, jsonContains } from "./json-filter";
import { bytesIn, MAX_PAGE_BYTES, tooLarge } from "./page-search";
import { changeAndForgetReads } from "./recent-reads";

/**
 * A patch that others got ahead of this often gives up: an attempt takes three statements, of the 50 that D1
 * answers a request of a free Worker.
 */
const MAX_PATCH_ATTEMPTS = 15;

/**
 * Makes a new version, one above the highest there is, and the latest. Metadata merges with that of the present
 * one, other fields that are given replace theirs.
 * @throws assistant.not_found, graph.not_found, request.too_large; assistant.conflict when other patches
 *   keep getting ahead, or when the default assistant of a graph would get another graph.
 */
export const patchAssistant = (
  db: D1Database,
  idOrGraphId: string,
  patch: AssistantPatch,
): Promise<Assistant> => changeAndForgetReads(() => writePatch(db, idOrGraphId, patch));

async function writePatch(db: D1Database, idOrGraphId: string, patch: AssistantPatch): Promise<Assistant> {
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
    const values = contentValues({
      graph_id: patch.graph_id ?? current.graph_id,
      name: patch.name ?? current.name,
      description: patch.description ?? current.description,
      config: patch.config ?? current.config,
      context: patch.context ?? current.context,
      metadata: { ...current.metadata, ...patch.metadata },
    });
    // Nothing is written unless the assistant is still what was merged with. Its version tells, since a version
    // never changes; the time of creation, that it is not another one under the same id.
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

/** The id of a graph stands for its default assistant. With another graph it would run that one under the wrong name. */
function checkDefaultGraph(assistantId: string, graphId: string | undefined): void {
  const own = graphOfDefaultAssistant(assistantId);
  if (own === undefined || graphId === undefined || graphId === own) return;
  throw new DomainError(
    "assistant.conflict",
    `graph_id: assistant ${assistantId} is the default assistant of the graph "${own}" and keeps that graph; ` +
      "create an assistant for another graph",
  );
}

/**
 * Makes a version that exists the latest: the assistant becomes what it was then. Versions stay as they are.
 * @throws assistant.not_found when there is no such assistant, or it has no such version.
 */
export async function setLatestVersion(
  db: D1Database,
  idOrGraphId: string,
  version: number,
): Promise<Assistant> {
  const id = assistantIdOf(idOrGraphId);
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
 * @throws assistant.not_found, request.too_large
 */
export async function listVersions(
  db: D1Database,
  idOrGraphId: string,
  list: VersionList,
): Promise<Assistant[]> {
  const { assistant_id: id } = await getAssistant(db, idOrGraphId);
  const where = allOf([
    { sql: "assistant_id = ?", params: [id] },
    ...(list.metadata === undefined ? [] : [jsonContains("metadata", list.metadata)]),
  ]);
  const page = `FROM assistant_versions WHERE ${where.sql} ORDER BY version DESC LIMIT ? OFFSET ?`;
  const params = [...where.params, list.limit, list.offset];
  // Measured before they are read.
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
