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
  const url = options.url ?? nonEmpty(env.EDGECRON_URL) ?? DEFAULT_URL;
  if (!URL.canParse(url) || !["http:", "https:"].includes(new URL(url).protocol))
    throw new Failure("usage", `expected the URL of a server such as ${DEFAULT_URL}, got "${url}"`);
  return {
    url: url.replace(/\/+$/, ""),
    apiKey: options.apiKey ?? nonEmpty(env.EDGECRON_API_KEY) ?? null,
    headers: Object.fromEntries((options.header ?? []).map(parseHeader)),
  };
}

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

function parseHeader(text: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new Failure("usage", `--header: expected "Name: value", got "${text}"`);
  return [name, value];
}
