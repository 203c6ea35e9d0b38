/** Deletes the packs of a thread whose blocks no list of any checkpoint has any more. */
import { IS_PACK, keyOf, packKey, packPart, readPacks, WHERE_KEY } from "./checkpoint-parts";
import { findCheckpoints, readCheckpoint } from "./checkpoint-tables";
import { blocksOf, LIST_TYPE, packOf, refsOf, unpackList } from "./stored-list";

/** Deletes the packs that no checkpoint of the thread refers to. The tables must exist. */
export function deleteUnreferencedPacks(sql: SqlStorage, threadId: string): void {
  const key = keyOf(packKey(threadId));
  const stored = sql
    .exec<{ part: string }>(`SELECT DISTINCT part FROM checkpoint_parts ${WHERE_KEY} AND ${IS_PACK}`, ...key)
    .toArray();
  if (stored.length === 0) return;
  const referenced = new Set(Array.from(referencedPacks(sql, threadId), packPart));
  for (const { part } of stored) {
    if (referenced.has(part)) continue;
    sql.exec(`DELETE FROM checkpoint_parts ${WHERE_KEY} AND part = ?`, ...key, part);
  }
}

/** The ids of the packs that the checkpoints of the thread refer to, directly and through nodes. */
function referencedPacks(sql: SqlStorage, threadId: string): Set<string> {
  const packs = new Set<string>();
  /** By level, what remains to be looked at. The references of level 0 are leaves, those above are nodes. */
  const seen: Set<string>[] = [];
  for (const checkpoint of findCheckpoints(sql, { threadId })) {
    const row = readCheckpoint(sql, checkpoint);
    if (row === undefined) continue;
    for (const { type, bytes } of row.body.values.values()) {
      if (type !== LIST_TYPE) continue;
      for (const [level, refs] of unpackList(bytes).levels.entries()) {
        const known = (seen[level] ??= new Set());
        for (const ref of refs) known.add(ref);
      }
    }
  }
  for (let level = seen.length - 1; level >= 0; level -= 1) {
    const refs = [...(seen[level] ?? [])];
    for (const ref of refs) packs.add(packOf(ref));
    const below = seen[level - 1];
    if (below === undefined || refs.length === 0) continue;
    const nodes = blocksOf(refs, readPacks(sql, threadId, [...new Set(refs.map(packOf))]));
    for (const node of nodes) for (const ref of refsOf(node)) below.add(ref);
  }
  return packs;
}
