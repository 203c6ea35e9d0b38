/**
 * The variables and secrets of local development. The build, which loads each graph in Node, and the server, which runs it in
 * workerd, have the same ones: those that langgraph.json names (`env`: a file, an object or a list; `.env` beside it by default), and
 * over them those of `.dev.vars`; under them the `vars` of the project's own file for wrangler. The shell's own are neither's, except
 * those that a list names.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "dotenv";
import { readOwnWrangler, variablesOf } from "../own-wrangler.js";
import { GraphConfigError } from "./graphs-config.js";

/** What Node, npm and the system need, and no graph should read. */
const OF_THE_SYSTEM =
  /^(?:PATH|HOME|USER|SHELL|LANG|LC_.*|TZ|TERM|TMPDIR|TEMP|TMP|PWD|NODE_.*|npm_.*|VITEST.*|CI|SYSTEMROOT|COMSPEC|APPDATA|USERPROFILE)$/i;

/** By name. */
export type Variables = Record<string, string>;

/**
 * All variables of local development.
 * @param configPath absolute path of langgraph.json
 * @param env its `env`
 * @throws GraphConfigError
 */
export function projectVariables(configPath: string, env: unknown): Variables {
  const dir = dirname(configPath);
  return {
    ...variablesOf(readOwnWrangler(dir)),
    ...namedVariables(configPath, env),
    ...readIfThere(join(dir, ".dev.vars")),
  };
}

/** Those that langgraph.json names. @throws GraphConfigError */
export function namedVariables(configPath: string, env: unknown): Variables {
  const error = (message: string): GraphConfigError => new GraphConfigError(`${configPath}: env: ${message}`);
  if (env !== undefined && env !== null && typeof env === "object" && !Array.isArray(env)) {
    const wrong = Object.entries(env).find(
      ([, value]) => !["string", "number", "boolean"].includes(typeof value),
    );
    if (wrong !== undefined) throw error(`"${wrong[0]}": expected a text`);
    const texts = Object.entries(env).map(([name, value]) => [name, String(value)] as const);
    return Object.fromEntries(texts);
  }
  if (Array.isArray(env)) return listed(env, error);
  if (env !== undefined && env !== null && typeof env !== "string")
    throw error("expected a file, an object, or a list of names");
  const file = resolve(dirname(configPath), env ?? ".env");
  if (env !== undefined && env !== null && env !== ".env" && !existsSync(file))
    throw error(`there is no file ${file}`);
  return readIfThere(file);
}

/** `["NAME", "OTHER=value"]`, as in a Compose file: a name alone is that of a variable of the shell, if the shell has it. */
function listed(list: readonly unknown[], error: (message: string) => GraphConfigError): Variables {
  const variables: Variables = {};
  for (const entry of list) {
    const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(typeof entry === "string" ? entry : "") ?? [];
    if (name === undefined)
      throw error(`expected names such as "OPENAI_API_KEY", got ${JSON.stringify(entry)}`);
    const text = value ?? process.env[name];
    if (text !== undefined) variables[name] = text;
  }
  return variables;
}

/** With the package that LangGraph's own command reads it with: what the quotes and comments of such a file mean is said nowhere else. */
export const readIfThere = (path: string): Variables => (existsSync(path) ? parse(readFileSync(path)) : {});

/**
 * Makes the variables those of this process, in place of the shell's.
 * @returns puts all back as it was
 */
export function enterVariables(variables: Variables): () => void {
  const before = { ...process.env };
  for (const name of Object.keys(process.env))
    if (!OF_THE_SYSTEM.test(name)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, variables);
  return () => {
    for (const name of Object.keys(process.env))
      if (!(name in before)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before);
  };
}

/** Writes the variables to a file that `wrangler dev --env-file` reads to the same. */
export function writeEnvFile(path: string, variables: Readonly<Variables>): void {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600 });
}

/** wrangler replaces `$NAME` in every value, unless the dollar is escaped. */
function quoted(value: string): string {
  const text = value.replaceAll("$", "\\$");
  const quote = ["'", '"', "`"].find((mark) => !value.includes(mark)) ?? '"';
  // In double quotes `\n` would become a line break.
  return quote === '"' ? `"${text.replaceAll("\\n", "\\\\n")}"` : `${quote}${text}${quote}`;
}
