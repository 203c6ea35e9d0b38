/**
 * Turns langgraph.json, the file with which LangGraph projects name their graphs, into a module of
 * static imports that the Worker bundles: a Worker cannot load code at run time.
 *
 * Every graph is loaded once in Node on the way, so that a wrong path, a missing export or a module
 * that throws is told here, by name, and not by a server that does not start.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { projectAt } from "../project.js";
import { notesOnOwnWrangler } from "../wrangler-config.js";
import { stateOf } from "./build-report.js";
import { analyseBundle, type BundleAnalysis } from "./bundle-analysis.js";
import { generate } from "./generated-module.js";
import { checkGraphs } from "./graph-check.js";
import { graphSchemas } from "./graph-schemas.js";
import {
  type ConfiguredGraph,
  type FoundGraph,
  GraphConfigError,
  isFound,
  readConfig,
} from "./graphs-config.js";
import { type MissingImport, reasonOf } from "./missing-imports.js";
import { modelProviders, writeOffers, writeProviderModules } from "./model-providers.js";
import { checkApp } from "./project-app.js";
import { checkAuth } from "./project-auth.js";
import { enterVariables, projectVariables } from "./project-variables.js";

export { GraphConfigError };

export interface BuildGraphsOptions {
  /** Path of langgraph.json; default `langgraph.json` in the current folder. */
  config?: string | undefined;
  /** Path of the module to write; default `.edgecron/graphs.ts` in the current folder. */
  out?: string | undefined;
  /** A graph that is wrong stands for its own error, and the others are served. */
  keepGoing?: boolean;
  /** Missing imports that fail only when they are reached: those for which the bundler was given stand-ins. */
  standIns?: readonly string[];
  /** By graph id, the graphs that the Worker could not load. */
  notLoaded?: NotLoaded;
  /** Told of each graph before it is loaded. */
  onGraph?: (graph: FoundGraph, index: number, count: number) => void;
  /** Told that the types of graphs are read. */
  onTypes?: (graphs: readonly FoundGraph[]) => void;
}

/**
 * By graph id, a graph that the Worker could not load: the error that it stands for, and the state of its files then. One
 * whose files were written since is tried again.
 */
export type NotLoaded = Readonly<Record<string, { message: string; state: string }>>;

/** What came of a build. */
export interface BuiltGraphs {
  readonly graphIds: readonly string[];
  /** Whether the file was rewritten; it is not when nothing changed. */
  readonly changed: boolean;
  /** What of langgraph.json has no effect, and what of the graphs will not work in a Worker. */
  readonly notes: readonly string[];
  /** With `keepGoing`: what is wrong with graphs, by messages that name them. */
  readonly errors: readonly string[];
  /** By graph id, the absolute files that it is made of; those that are known, when it cannot be bundled. */
  readonly filesOf: ReadonlyMap<string, string[]>;
  /** By graph id, those of these files that are surely executed when the graph is loaded. */
  readonly importedAtLoad: ReadonlyMap<string, string[]>;
}

/**
 * Checks every graph that langgraph.json names and writes a module that imports them.
 * @throws GraphConfigError
 */
export async function buildGraphs(options: BuildGraphsOptions = {}): Promise<BuiltGraphs> {
  const { keepGoing = false, onGraph = () => undefined, onTypes = () => undefined } = options;
  const configPath = resolve(options.config ?? "langgraph.json");
  const outPath = resolve(options.out ?? ".edgecron/graphs.ts");
  const projectDir = dirname(configPath);
  const { graphs, auth, app, settings, env, notes } = await readConfig(configPath);
  const leave = enterVariables(projectVariables(configPath, env));
  try {
    checkDefaultConfig(configPath);
    const errors = new Map<string, GraphConfigError>();
    for (const { id, fault, error } of graphs) if (fault !== undefined) errors.set(id, error(fault));
    const right = (): FoundGraph[] => graphs.filter(isFound).filter(({ id }) => !errors.has(id));
    const others = [auth, app].filter((module) => module !== undefined);
    const analysis = await analyseBundle(projectDir, [...right(), ...others]);
    addBundleErrors(errors, projectDir, graphs, analysis, options);
    if (auth !== undefined) await checkAuth(projectDir, auth, analysis);
    const appNotes = app === undefined ? [] : await checkApp(projectDir, app, analysis);
    const checked = await checkGraphs(projectDir, right(), onGraph);
    for (const [id, error] of checked.errors) errors.set(id, error);
    // A graph whose id is wrong cannot be asked for, so nothing stands for it.
    const named = graphs.filter(({ hasValidId }) => hasValidId);
    const wrong = graphs.flatMap(({ id }) => errors.get(id) ?? []);
    if (wrong.length > 0 && (!keepGoing || named.length === 0)) {
      throw new GraphConfigError(wrong.map(({ message }) => message).join("\n"));
    }
    const beside = (extension: string): string => outPath.replace(/(\.\w+)?$/, extension);
    if (checked.typed.length > 0) onTypes(checked.typed);
    // The same file for a build and for a local server, so that each uses what the other has read.
    const schemasFile = join(projectAt(configPath).outDir, "schemas.json");
    const schemas = await graphSchemas(checked.typed, projectDir, schemasFile);
    const files = right().flatMap(({ id }) => analysis.filesOf.get(id) ?? []);
    const providers = await modelProviders(files);
    await writeProviderModules(join(dirname(outPath), "modules"), providers);
    const offers = await writeOffers(beside(".providers.mjs"), providers);
    const outDir = dirname(outPath);
    const module = { graphs: named, auth, app, settings, schemas, offers, errors, keepGoing, outDir };
    const source = generate(module);
    return {
      graphIds: named.map(({ id }) => id),
      changed: await writeIfChanged(outPath, source),
      notes: [...notes, ...appNotes, ...(await notesOnOwnWrangler(projectAt(configPath))), ...analysis.notes],
      errors: wrong.map(({ message }) => message),
      filesOf: analysis.filesOf,
      importedAtLoad: analysis.importedAtLoad,
    };
  } finally {
    leave();
  }
}

/** What the bundle says is wrong with graphs, and what the Worker said of those that it could not load. */
function addBundleErrors(
  errors: Map<string, GraphConfigError>,
  projectDir: string,
  graphs: readonly ConfiguredGraph[],
  { filesOf, faults, late }: BundleAnalysis,
  { standIns = [], notLoaded = {} }: BuildGraphsOptions,
): void {
  for (const { id, file } of graphs) {
    if (file !== undefined && !filesOf.has(id)) filesOf.set(id, [file]);
  }
  for (const { id, error } of graphs) {
    if (errors.has(id)) continue;
    const fault = faults.get(id) ?? faultOfLate(projectDir, late.get(id) ?? [], standIns);
    const failed = notLoaded[id];
    if (fault !== undefined) errors.set(id, error(fault));
    else if (failed !== undefined && failed.state === stateOf(filesOf.get(id) ?? []))
      errors.set(id, new GraphConfigError(failed.message));
  }
}

/** Of missing imports for which the bundler has no stand-in; it learns of them when it is started, by its configuration. */
function faultOfLate(
  projectDir: string,
  late: readonly MissingImport[],
  standIns: readonly string[],
): string | undefined {
  const found = late.find(({ specifier }) => !standIns.includes(specifier));
  return (
    found &&
    `${reasonOf(projectDir, found)}. Or start "edgecron dev" again: then it fails only when it is reached`
  );
}

/** Returns whether the file had another text before. */
async function writeIfChanged(path: string, text: string): Promise<boolean> {
  if (existsSync(path) && (await readFile(path, "utf8")) === text) return false;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return true;
}

/** `LANGGRAPH_CONFIG`, by graph id the config and the context of its default assistant, has to be readable. */
function checkDefaultConfig(configPath: string): void {
  const text = process.env["LANGGRAPH_CONFIG"];
  if (text === undefined || text === "") return;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return;
  } catch {
    // Said below.
  }
  throw new GraphConfigError(
    `${configPath}: the variable LANGGRAPH_CONFIG is not valid: expected JSON such as {"agent": {"configurable": {}}}`,
  );
}
