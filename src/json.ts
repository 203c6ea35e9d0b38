/** JSON as clients send it and SQLite stores it. */

export type JsonObject = { [key: string]: unknown };

// The two below say what type a text is of, which only their callers know: they are assertions, made visible.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters */

/** Parses JSON text that this server wrote itself. */
export const parseJson = <T>(text: string): T => JSON.parse(text) as T;

/** Like {@link parseJson}, with null for no text. */
export const parseJsonOrNull = <T>(text: string | null): T | null =>
  text === null ? null : parseJson<T>(text);

/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

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
