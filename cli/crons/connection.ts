/** Which server the commands call, by options and environment. */
import type { Connection } from "./cron-client.js";
import { Failure } from "./failures.js";
import type { ServerVariables } from "./server-variables.js";

export interface ConnectionOptions {
  url?: string | undefined;
  apiKey?: string | undefined;
  /** As `Name: value`. */
  header?: readonly string[] | undefined;
}

export const DEFAULT_URL = "http://localhost:8787";

/**
 * An option comes before its variable. A URL that is given has the path in it at which the server has its routes.
 * @throws Failure `usage`
 */
export function connectionOf(options: ConnectionOptions, variables: ServerVariables): Connection {
  const url = serverUrl(options.url ?? variables.EDGECRON_URL ?? DEFAULT_URL + variables.mountPrefix);
  const localKey = isLoopback(new URL(url)) ? variables.localKey : undefined;
  return {
    url,
    apiKey: options.apiKey ?? variables.EDGECRON_API_KEY ?? localKey ?? null,
    headers: headersOf(options.header),
  };
}

const isLoopback = ({ hostname }: URL): boolean => /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);

/** The URL as paths are put after it. @throws Failure `usage` when it is none */
export function serverUrl(text: string): string {
  if (!URL.canParse(text) || !["http:", "https:"].includes(new URL(text).protocol))
    throw new Failure("usage", `expected the URL of a server such as ${DEFAULT_URL}, got "${text}"`);
  return text.replace(/\/+$/, "");
}

/** @param texts as `Name: value`. @throws Failure `usage` */
export const headersOf = (texts: readonly string[] = []): Record<string, string> =>
  Object.fromEntries(texts.map(parseHeader));

/** For an option of the command line that may be repeated. */
export const appended = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

function parseHeader(text: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new Failure("usage", `--header: expected "Name: value", got "${text}"`);
  return [name, value];
}
