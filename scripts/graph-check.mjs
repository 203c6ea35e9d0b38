/**
 * Loads each graph in Node, bundled from its own files, and looks at what its module exports: a wrong path, a missing export
 * or a module that throws is told here, by name, and not by a server that does not start.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { guardedLoad, loadModule, messageOf, registerLogger } from "./graph-module.mjs";
import { needsTypes } from "./graph-schemas.mjs";
import { GraphConfigError } from "./graphs-config.mjs";

/** The first version whose compiled graphs say what they are. */
const OLDEST_LANGGRAPH = "0.2.19";

/**
 * Loads each graph's module, and looks at the export.
 * @param {(index: number) => void} onGraph told of each graph before it is loaded
 * @returns the graphs whose schemas have to be read from their types; and by graph id what is wrong with the others
 */
export async function checkGraphs(projectDir, graphs, onGraph) {
  // Stacks name the files as they were written, and not the bundle.
  process.setSourceMapsEnabled(true);
  const tempDir = join(tempRoot(projectDir), `edgecron-${randomUUID()}`);
  const typed = [];
  const errors = new Map();
  await mkdir(tempDir, { recursive: true });
  registerLogger();
  try {
    for (const [index, graph] of graphs.entries()) {
      onGraph(index);
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
  } finally {
    await rm(tempDir, { recursive: true, force: true });
  }
}

/** A folder from which Node finds the project's packages, since those are not bundled for the check. */
function tempRoot(projectDir) {
  for (let dir = projectDir; ; dir = dirname(dir)) {
    if (existsSync(join(dir, "node_modules"))) return join(dir, "node_modules", ".cache");
    if (dirname(dir) === dir) return join(projectDir, ".edgecron");
  }
}

/** @returns the export, which is or makes a graph */
async function checkGraph(projectDir, graph, tempFile) {
  const module = await loadModule(projectDir, graph, tempFile);
  const exported = await Promise.resolve(module[graph.exportName]).catch((error) => {
    throw graph.error(`its export is a promise that was rejected: ${messageOf(error)}`);
  });
  if (exported === undefined) {
    const names = Object.keys(module).join(", ") || "nothing";
    throw graph.error(`${graph.path} has no export "${graph.exportName}"; it exports: ${names}`);
  }
  if (typeof exported === "function" || isCompiled(exported) || isCompiled(exported?.graph)) return exported;
  if (/^(?:Compiled\w*Graph|Pregel)$/.test(exported?.constructor?.name ?? ""))
    throw graph.error(tooOld(graph));
  const compiled = compile(graph, exported);
  if (isCompiled(compiled)) return compiled;
  if (isBuilder(exported)) throw graph.error(tooOld(graph));
  throw graph.error(
    `the export "${graph.exportName}" of ${graph.path} is ${describe(exported)}; expected a LangGraph ` +
      `graph (compiled or not), a function that returns one, or an agent made with createAgent`,
  );
}

/** What `compile()` returns. Objects that are no graphs have a method of that name too, and may want arguments for it. */
function compile(graph, exported) {
  if (typeof exported?.compile !== "function") return undefined;
  try {
    return exported.compile();
  } catch (error) {
    if (!isBuilder(exported)) return undefined;
    throw graph.error(`it does not compile: ${messageOf(error)}`);
  }
}

/** A StateGraph, of whatever version. */
function isBuilder(value) {
  return typeof value?.addNode === "function" && typeof value.compile === "function";
}

function tooOld({ file, path, exportName }) {
  let version = "";
  try {
    const entry = createRequire(file).resolve("@langchain/langgraph");
    const root = entry.slice(0, entry.lastIndexOf("langgraph") + "langgraph".length);
    version = `, and the project has ${JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version}`;
  } catch {
    // Whatever made it is not to be found from there.
  }
  return `"${exportName}" of ${path} was made by a LangGraph that is too old to run here: @langchain/langgraph ${OLDEST_LANGGRAPH} or later is needed${version}`;
}

function isCompiled(value) {
  return value?.lg_is_pregel === true;
}

function describe(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  return `an object of class ${value.constructor?.name ?? "Object"}`;
}
