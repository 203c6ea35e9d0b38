/** Reads and checks langgraph.json, the ecosystem's own file; which of its keys do something here is in langgraph-keys.ts. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { httpSettingsOf } from "../server-code.js";
import { isRecord, judgeKeys } from "./langgraph-keys.js";

/** What is wrong with langgraph.json or a graph it names, in words for its author. */
export class GraphConfigError extends Error {
  override name = "GraphConfigError";
}

interface NamedGraph {
  readonly id: string;
  readonly hasValidId: boolean;
  /** Makes an error that names the graph. */
  readonly error: (message: string) => GraphConfigError;
}

/** A graph whose entry is right and whose file is there. */
export interface FoundGraph extends NamedGraph, GraphPlace {
  readonly fault?: undefined;
}

/** A graph whose entry is wrong; `fault` says why. */
export interface WrongGraph extends NamedGraph, Partial<GraphPlace> {
  readonly fault: string;
}

export type ConfiguredGraph = FoundGraph | WrongGraph;

interface GraphPlace {
  /** As it is written in langgraph.json. */
  readonly path: string;
  /** The absolute file. */
  readonly file: string;
  readonly exportName: string;
  readonly description?: string | undefined;
}

export interface ProjectConfig {
  /** The graphs in order. */
  readonly graphs: readonly ConfiguredGraph[];
  /** The file and the export of the project's `Auth`; undefined when there is none. To the bundler it is like a graph. */
  readonly auth: FoundGraph | undefined;
  /** The file and the export of the project's own Hono app; undefined when there is none. To the bundler it is like a graph. */
  readonly app: FoundGraph | undefined;
  /** The path before all routes of the server, such as `/api`; empty when there is none. */
  readonly mountPrefix: string;
  /** Whether the dashboard is to be served. */
  readonly servesDashboard: boolean;
  /** The sections that the server reads. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** `env` as it stands there. */
  readonly env: unknown;
  /** What of the file has no effect. */
  readonly notes: readonly string[];
}

const EXAMPLE = `{ "graphs": { "agent": "./src/graphs/agent.ts:agent" } }`;
const GRAPH_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
// Wherever an assistant is named, its graph id will do: it must not look like an assistant's own id.
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const EXTENSIONS = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"];

/**
 * @param path absolute path of langgraph.json
 * @throws GraphConfigError
 */
export async function readConfig(path: string): Promise<ProjectConfig> {
  const config = parseJson(path, await readText(path));
  if (!isRecord(config)) throw new GraphConfigError(`${path}: expected an object like ${EXAMPLE}`);
  if (!isRecord(config.graphs) || Object.keys(config.graphs).length === 0) {
    throw new GraphConfigError(`${path}: "graphs" names no graph; expected for example ${EXAMPLE}`);
  }
  const { refusal, notes } = judgeKeys(config);
  // Any other file that is not there is refused where the variables are read.
  if (config.env === ".env" && !existsSync(resolve(dirname(path), ".env"))) {
    notes.push('"env" names .env, and there is no such file: its variables are missing');
  }
  if (refusal !== undefined) throw new GraphConfigError(`${path}: ${refusal}`);
  const settings: Record<string, unknown> = {};
  for (const key of ["checkpointer", "store", "http", "mcp", "webhooks"]) {
    if (config[key] === undefined || config[key] === null) continue;
    if (!isRecord(config[key])) throw new GraphConfigError(`${path}: "${key}" must be an object`);
    settings[key] = config[key];
  }
  const graphs = Object.entries(config.graphs).map(([id, spec]) => parseGraph(path, id, spec));
  const described = graphs.filter(({ description }) => description !== undefined);
  if (described.length > 0) {
    settings.descriptions = Object.fromEntries(described.map(({ id, description }) => [id, description]));
  }
  return {
    graphs,
    auth: parseAuth(path, config.auth),
    app: parseApp(path, config.http),
    ...httpOf(path, config.http),
    settings,
    env: config.env,
    notes: notes.map((note) => `langgraph.json: ${note}`),
  };
}

/** Whether the entry of the graph is right. */
export const isFound = (graph: ConfiguredGraph): graph is FoundGraph => graph.fault === undefined;

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new GraphConfigError(
      `${path}: there is no such file; --config names another, and "edgecron init" writes one`,
    );
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GraphConfigError(`${path}: not valid JSON: ${(error as SyntaxError).message}`);
  }
}

/** An entry that is wrong has a `fault`, which says why: it must not keep the other graphs from being served. */
function parseGraph(configPath: string, id: string, spec: unknown): ConfiguredGraph {
  const error = (message: string): GraphConfigError =>
    new GraphConfigError(`${configPath}: graph "${id}": ${message}`);
  const hasValidId = GRAPH_ID.test(id) && !UUID.test(id);
  if (!hasValidId) {
    const fault =
      "a graph id is 1 to 64 letters, digits, '.', '_' or '-', begins with a letter or digit, and is no UUID";
    return { id, hasValidId, fault, error };
  }
  return { id, hasValidId, ...parseSpec(configPath, spec), error };
}

/** Stands where the id of a graph stands. It is none. */
const AUTH_ID = '"auth" of langgraph.json';
const APP_ID = '"http.app" of langgraph.json';

/**
 * `{ "path": "./file.ts:export" }`. `disable_studio_auth` changes nothing, because the header of LangSmith's studio opens nothing here.
 * @throws GraphConfigError when something is wrong: the server must not be started without the `Auth` that its project asks for
 */
function parseAuth(configPath: string, section: unknown): FoundGraph | undefined {
  if (section === undefined || section === null) return undefined;
  const error = (message: string): GraphConfigError =>
    new GraphConfigError(`${configPath}: auth: ${message}`);
  const expected = 'expected an object such as { "path": "./src/auth.ts:auth" }';
  if (!isRecord(section)) throw error(expected);
  const { path, disable_studio_auth: disablesStudio } = section;
  if (path === undefined || path === null) {
    if (disablesStudio === true) return undefined;
    throw error(`it names no "path"; ${expected}`);
  }
  const place = parseSpec(configPath, { path });
  if ("fault" in place) throw error(place.fault);
  return { id: AUTH_ID, hasValidId: false, ...place, error };
}

/** `http.app`: `"./file.ts:export"`. @throws GraphConfigError when there is no such file: its routes would be missing */
function parseApp(configPath: string, http: unknown): FoundGraph | undefined {
  const spec = isRecord(http) ? http.app : undefined;
  if (spec === undefined || spec === null) return undefined;
  const error = (message: string): GraphConfigError =>
    new GraphConfigError(`${configPath}: http.app: ${message}`);
  if (typeof spec !== "string") throw error('expected a text such as "./src/app.ts:app"');
  const place = parseSpec(configPath, spec);
  if ("fault" in place) throw error(place.fault.replaceAll("graphs here run", "it is to run"));
  return { id: APP_ID, hasValidId: false, ...place, error };
}

/** @throws GraphConfigError when a value of `http` is of the wrong kind: no server would start with it */
function httpOf(configPath: string, http: unknown): Pick<ProjectConfig, "mountPrefix" | "servesDashboard"> {
  try {
    const { mountPrefix, servesDashboard } = httpSettingsOf(http);
    return { mountPrefix, servesDashboard };
  } catch (error) {
    throw new GraphConfigError(`${dirname(configPath)}/${(error as Error).message}`);
  }
}

type Spec = GraphPlace | (Partial<GraphPlace> & { fault: string });

/** `"./file.ts:export"` or `{ "path": "./file.ts:export" }`, relative to langgraph.json. */
function parseSpec(configPath: string, spec: unknown): Spec {
  const target = isRecord(spec) ? spec.path : spec;
  if (typeof target !== "string" || target === "") {
    return { fault: `expected "./path/to/file.ts:export", or an object with such a "path"` };
  }
  // A colon followed by a slash is not the export's: it belongs to a path like C:/graphs/agent.ts.
  const [, path = "", exportName] = /^(.*?)(?::([^:/\\]*))?$/s.exec(target) ?? [];
  // Python's own way to name a module is agent.graphs.agent:graph.
  if (
    extname(path) === ".py" ||
    /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/.test(path.replace(/\.[cm]?[jt]sx?$/, "/"))
  ) {
    return {
      fault: `${path} is Python; graphs here run in JavaScript: port it, or call a Python server from a node`,
    };
  }
  if (!EXTENSIONS.includes(extname(path))) {
    return {
      fault: `"${target}": expected a file ending in ${EXTENSIONS.join(", ")}, as in ./agent.ts:agent`,
    };
  }
  const description = isRecord(spec) ? spec.description : undefined;
  if (description !== undefined && description !== null && typeof description !== "string") {
    return { fault: '"description" must be a text' };
  }
  const file = resolve(dirname(configPath), path);
  return {
    path,
    description: description ?? undefined,
    exportName: exportName === undefined || exportName === "" ? "default" : exportName,
    file,
    ...(statSync(file, { throwIfNoEntry: false })?.isFile() === true
      ? {}
      : { fault: `there is no file ${file}` }),
  };
}
