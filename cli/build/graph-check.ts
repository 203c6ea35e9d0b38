/**
 * Loads each graph in Node, bundled from its own files, and looks at what its module exports: a wrong path, a missing export
 * or a module that throws is told here, by name, and not by a server that does not start.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { guardedLoad, loadModule, messageOf, registerLogger } from "./graph-module.js";
import { needsTypes } from "./graph-schemas.js";
import { type FoundGraph, GraphConfigError } from "./graphs-config.js";
import { isOldestGraph } from "../server-code.js";
import { isRecord } from "./langgraph-keys.js";

/** The first version whose compiled graphs say what they are. */
const OLDEST_LANGGRAPH = "0.2.0";

export interface CheckedGraphs {
  /** The graphs whose schemas have to be read from their types. */
  readonly typed: readonly FoundGraph[];
  /** By graph id, what is wrong with the others. */
  readonly errors: ReadonlyMap<string, GraphConfigError>;
}

/**
 * Loads each graph's module, and looks at the export.
 * @param onGraph told of each graph before it is loaded
 */
export async function checkGraphs(
  projectDir: string,
  graphs: readonly FoundGraph[],
  onGraph: (graph: FoundGraph, index: number, count: number) => void,
): Promise<CheckedGraphs> {
  const typed: FoundGraph[] = [];
  const errors = new Map<string, GraphConfigError>();
  return inTempDir(projectDir, async (tempDir) => {
    for (const [index, graph] of graphs.entries()) {
      onGraph(graph, index, graphs.length);
      const tempFile = join(tempDir, `graph-${index}`);
      try {
        const exported = await guardedLoad(graph, () => checkGraph(projectDir, graph, tempFile));
        if (needsTypes(exported)) typed.push(graph);
      } catch (error) {
        if (!(error instanceof GraphConfigError)) throw error;
        errors.set(graph.id, error);
      }
    }
    return { typed, errors };
  });
}

/** Does what loads modules of the project, with a folder for their bundles, which is removed afterwards. */
export async function inTempDir<T>(projectDir: string, load: (tempDir: string) => Promise<T>): Promise<T> {
  // Stacks name the files as they were written, and not the bundle.
  process.setSourceMapsEnabled(true);
  const tempDir = await makeTempDir(projectDir);
  registerLogger();
  try {
    return await load(tempDir);
  } finally {
    await rm(tempDir, { recursive: true, force: true });
  }
}

/** Makes a folder from which Node finds the project's packages, since those are not bundled for the check. */
async function makeTempDir(projectDir: string): Promise<string> {
  const name = `edgecron-${randomUUID()}`;
  const inPackages = join(tempRoot(projectDir), name);
  const inProject = join(projectDir, ".edgecron", name);
  try {
    await mkdir(inPackages, { recursive: true });
    return inPackages;
  } catch {
    // Packages that others have installed may be read only.
    await mkdir(inProject, { recursive: true });
    return inProject;
  }
}

function tempRoot(projectDir: string): string {
  for (let dir = projectDir; ; dir = dirname(dir)) {
    if (existsSync(join(dir, "node_modules"))) return join(dir, "node_modules", ".cache");
    if (dirname(dir) === dir) return join(projectDir, ".edgecron");
  }
}

/** @returns the export, which is or makes a graph */
async function checkGraph(projectDir: string, graph: FoundGraph, tempFile: string): Promise<unknown> {
  const module = await loadModule(projectDir, graph, tempFile);
  const exported = await Promise.resolve(module[graph.exportName]).catch((error: unknown) => {
    throw graph.error(`its export is a promise that was rejected: ${messageOf(error)}`);
  });
  if (exported === undefined) {
    const names = Object.keys(module).join(", ") || "nothing";
    throw graph.error(`${graph.path} has no export "${graph.exportName}"; it exports: ${names}`);
  }
  if (typeof exported === "function" || isCompiled(exported)) return exported;
  if (isRecord(exported) && isCompiled(exported.graph)) return exported;
  if (/^(?:Compiled\w*Graph|Pregel)$/.test(classOf(exported))) throw graph.error(tooOld(graph));
  const compiled = compile(graph, exported);
  if (isCompiled(compiled)) return compiled;
  if (isBuilder(exported)) throw graph.error(tooOld(graph));
  throw graph.error(
    `the export "${graph.exportName}" of ${graph.path} is ${describe(exported)}; expected a LangGraph ` +
      `graph (compiled or not), a function that returns one, or an agent made with createAgent`,
  );
}

/** What `compile()` returns. Objects that are no graphs have a method of that name too, and may want arguments for it. */
function compile(graph: FoundGraph, exported: unknown): unknown {
  if (!isRecord(exported) || typeof exported.compile !== "function") return undefined;
  try {
    return (exported as { compile: () => unknown }).compile();
  } catch (error) {
    if (!isBuilder(exported)) return undefined;
    throw graph.error(`it does not compile: ${messageOf(error)}`);
  }
}

/** A StateGraph, of whatever version. */
const isBuilder = (value: unknown): boolean =>
  isRecord(value) && typeof value.addNode === "function" && typeof value.compile === "function";

function tooOld({ file, path, exportName }: FoundGraph): string {
  let version = "";
  try {
    const entry = createRequire(file).resolve("@langchain/langgraph");
    const root = entry.slice(0, entry.lastIndexOf("langgraph") + "langgraph".length);
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    version = `, and the project has ${manifest.version}`;
  } catch {
    // Whatever made it is not to be found from there.
  }
  return `"${exportName}" of ${path} was made by a LangGraph that is too old to run here: @langchain/langgraph ${OLDEST_LANGGRAPH} or later is needed${version}`;
}

const isCompiled = (value: unknown): boolean =>
  isRecord(value) && (value.lg_is_pregel === true || isOldestGraph(value));

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  return `an object of class ${classOf(value)}`;
}

/** The name of the class that made it. */
function classOf(value: unknown): string {
  const made = isRecord(value) ? value.constructor : undefined;
  return typeof made === "function" ? made.name : "Object";
}
