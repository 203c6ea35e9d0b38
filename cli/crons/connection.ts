/** Which server the commands call, by options and environment. */
import type { Connection } from "./cron-client.js";
import { Failure } from "./failures.js";

export interface ConnectionOptions {
  url?: string | undefined;
  apiKey?: string | undefined;
  /** As `Name: value`. */
  header?: readonly string[] | undefined;
}

export const DEFAULT_URL = "http://localhost:8787";

/** An option comes before its variable. @throws Failure `usage` */
export function connectionOf(options: ConnectionOptions, env: NodeJS.ProcessEnv): Connection {
  return {
    url: serverUrl(options.url ?? nonEmpty(env.EDGECRON_URL) ?? DEFAULT_URL),
    apiKey: options.apiKey ?? nonEmpty(env.EDGECRON_API_KEY) ?? null,
    headers: headersOf(options.header),
  };
}

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

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

function parseHeader(text: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new Failure("usage", `--header: expected "Name: value", got "${text}"`);
  return [name, value];
}
