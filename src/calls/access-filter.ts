/**
 * What a caller may see of a resource, as a filter on metadata. A handler of the project's `Auth` returns it, see `src/auth`. The
 * searches in D1 make SQL of it, and the objects of threads and crons check it on their own metadata before they answer a call.
 */
import type { JsonObject } from "../platform/json";

/** A value that a filter compares with. */
export type FilterValue = string | number | boolean;

/** What a filter asks of one key of the metadata. When both are there, both have to hold. */
export interface FilterTerm {
  /** The value of the key equals this one. */
  eq?: FilterValue;
  /** The value of the key is a list that has all of these. */
  contains?: FilterValue[];
}

/** The terms of a filter, by the keys of the metadata. All have to hold. */
export type AccessFilter = Record<string, FilterTerm>;

/** Whether the metadata passes the filter. Without a filter everything passes. */
export function passesFilter(metadata: JsonObject, filter: AccessFilter | undefined): boolean {
  return Object.entries(filter ?? {}).every(([key, { eq, contains }]) => {
    const value: unknown = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    if (eq !== undefined && value !== eq) return false;
    if (contains === undefined) return true;
    return Array.isArray(value) && contains.every((element) => value.includes(element));
  });
}

/** A filter that nothing passes: no value is a text and a list. */
export const NOTHING_PASSES: AccessFilter = { "": { eq: "", contains: [] } };

/** The filter that passes what passes both. */
export function bothFilters(
  one: AccessFilter | undefined,
  other: AccessFilter | undefined,
): AccessFilter | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const both = { ...one };
  for (const [key, { eq, contains }] of Object.entries(other)) {
    const term = both[key] ?? {};
    if (term.eq !== undefined && eq !== undefined && term.eq !== eq) return NOTHING_PASSES;
    const all = [...(term.contains ?? []), ...(contains ?? [])];
    const isList = term.contains !== undefined || contains !== undefined;
    both[key] = { eq: term.eq ?? eq, ...(isList && { contains: all }) };
  }
  return both;
}

/**
 * The filter as an object that the metadata has to contain, in the meaning that searches give to it. Undefined when nothing passes
 * the filter, because no value is equal to a text or a number and a list at once.
 */
export function asContained(filter: AccessFilter): JsonObject | undefined {
  const terms = Object.entries(filter);
  if (terms.some(([, { eq, contains }]) => eq !== undefined && contains !== undefined)) return undefined;
  return Object.fromEntries(terms.map(([key, { eq, contains }]) => [key, eq ?? contains]));
}
