/** JSON as clients send it and SQLite stores it. */

import { DomainError } from "./errors";

export type JsonObject = { [key: string]: unknown };

// The two below say what type a text is of, which only their callers know: they are assertions, made visible.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters */

/** Parses JSON text that this server wrote itself. */
export const parseJson = <T>(text: string): T => JSON.parse(text) as T;

/** Like {@link parseJson}, with null for no text. */
export const parseJsonOrNull = <T>(text: string | null): T | null =>
  text === null ? null : parseJson<T>(text);

/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

/** A SQLite row, in an object as in D1, holds 2 MB; this leaves room for the other columns. */
export const MAX_STORED_BYTES = 1_800_000;

/** The bytes that a text takes in SQLite. */
export const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;

/**
 * Refuses what does not fit a row.
 * @param what names it in the message
 * @throws request.too_large
 */
export function requireStorable(what: string, ...values: unknown[]): void {
  const bytes = values.reduce((total: number, value) => total + bytesOf(JSON.stringify(value)), 0);
  if (bytes > MAX_STORED_BYTES) {
    throw new DomainError(
      "request.too_large",
      `${what}: ${bytes} bytes as stored, and at most ${MAX_STORED_BYTES} fit`,
    );
  }
}

/** Whether arrays and objects nest deeper than `limit`; walks without recursion, so that depth cannot exhaust the stack. */
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
/** `object` with only the fields asked for; with all when none is. */
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
