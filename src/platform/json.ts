/** JSON that clients send and SQLite stores: how it is parsed, how many bytes it takes, how deep it nests. */

import { DomainError } from "./errors";

export type JsonObject = { [key: string]: unknown };

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// Only the callers of the next two functions know the type of the text. The type parameter is their assertion.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters */

/** Parses JSON text that this server wrote itself. */
export const parseJson = <T>(text: string): T => JSON.parse(text) as T;

/** Like {@link parseJson}; null when there is no text. */
export const parseJsonOrNull = <T>(text: string | null): T | null =>
  text === null ? null : parseJson<T>(text);

/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

/** A row of SQLite holds 2 MB, both in an object and in D1. This limit leaves room for the other columns. */
export const MAX_STORED_BYTES = 1_800_000;

/** The bytes that a text takes in SQLite. */
export const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;

/**
 * Refuses values that are too large for a row.
 * @param name names the values in the message
 * @param values what is to be stored as JSON in one row
 * @throws request.too_large
 */
export function requireStorable(name: string, ...values: unknown[]): void {
  const bytes = values.reduce((total: number, value) => total + bytesOf(JSON.stringify(value)), 0);
  if (bytes > MAX_STORED_BYTES) {
    throw new DomainError(
      "request.too_large",
      `${name}: ${bytes} bytes as stored, and at most ${MAX_STORED_BYTES} fit`,
    );
  }
}

/** Whether arrays and objects nest more than `limit` levels deep. It does not recurse, so no depth can exhaust the stack. */
export function nestsDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    const next: unknown[] = [];
    for (const node of level) {
      if (typeof node === "object" && node !== null) {
        for (const child of Object.values(node))
          if (typeof child === "object" && child !== null) next.push(child);
      }
    }
    level = next;
  }
  return false;
}

/**
 * Whether the value contains the filter, as PostgreSQL's operator `@>` defines it: an object has all pairs of the filter's, an array
 * has all elements, and anything else is equal.
 */
export function containsJson(value: unknown, filter: unknown): boolean {
  if (typeof filter !== "object" || filter === null) return value === filter;
  if (typeof value !== "object" || value === null || Array.isArray(value) !== Array.isArray(filter))
    return false;
  if (Array.isArray(filter)) {
    return filter.every((wanted) => (value as unknown[]).some((element) => containsJson(element, wanted)));
  }
  return Object.entries(filter).every(
    ([key, wanted]) => Object.hasOwn(value, key) && containsJson((value as JsonObject)[key], wanted),
  );
}

/** Whether the value is an object of keys and values, and no list, date or instance of a class. */
export function isPlainObject(value: unknown): value is JsonObject {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The object with only the given fields; undefined `fields` keep all. */
export function pick<T extends object>(object: T, fields: readonly string[] | undefined): Partial<T> {
  if (fields === undefined) return object;
  return Object.fromEntries(Object.entries(object).filter(([key]) => fields.includes(key))) as Partial<T>;
}

/** A JSON schema of OpenAPI 3.1, which is draft 2020-12. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  items?: JsonSchema | boolean;
  prefixItems?: JsonSchema[];
  anyOf?: JsonSchema[];
  minimum?: number;
  maximum?: number;
  [keyword: string]: unknown;
}
