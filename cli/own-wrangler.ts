/** Reads a project's own wrangler.json, wrangler.jsonc or wrangler.toml, beside langgraph.json. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type ParseError, parse as parseJsonc, printParseErrorCode } from "jsonc-parser";
import { parse as parseToml } from "smol-toml";
import { GraphConfigError } from "./build/graphs-config.js";
import { isRecord } from "./build/langgraph-keys.js";
import { packageRoot } from "./package-root.js";

export interface OwnWrangler {
  /** Absolute. */
  readonly path: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** In the order in which wrangler looks for them. */
const FILES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/** @throws GraphConfigError when it cannot be read */
export function readOwnWrangler(projectDir: string): OwnWrangler | undefined {
  const path = FILES.map((name) => join(projectDir, name)).find((file) => existsSync(file));
  if (path === undefined) return undefined;
  // The repository's own file is what the files of projects are merged into.
  if (realpathSync(path) === realpathSync(join(packageRoot, "wrangler.toml"))) return undefined;
  const config = parse(path, readFileSync(path, "utf8"));
  if (!isRecord(config)) throw new GraphConfigError(`${path}: expected an object`);
  return { path, config };
}

/** The variables (`vars`) that are texts: graphs find them in `process.env`. */
export function variablesOf(own: OwnWrangler | undefined): Record<string, string> {
  const variables = isRecord(own?.config.vars) ? Object.entries(own.config.vars) : [];
  return Object.fromEntries(
    variables.flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : [])),
  );
}

function parse(path: string, text: string): unknown {
  if (path.endsWith(".toml")) {
    try {
      return parseToml(text);
    } catch (error) {
      throw new GraphConfigError(`${path}: not valid TOML: ${(error as Error).message}`);
    }
  }
  const errors: ParseError[] = [];
  const config: unknown = parseJsonc(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first === undefined) return config;
  const line = text.slice(0, first.offset).split("\n").length;
  throw new GraphConfigError(`${path}:${line}: not valid JSON: ${printParseErrorCode(first.error)}`);
}
