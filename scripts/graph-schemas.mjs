/**
 * The JSON schemas of graphs that only their TypeScript types know: those with `Annotation.Root`. Reading types
 * takes seconds, so the result is kept in a file beside the generated module, and is taken from there until one
 * of the project's files that it followed from, its tsconfig.json or its packages change.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";

/** What the types are read by: another edition may read them differently. */
const READERS = [
  "graph-schemas.mjs",
  "graph-schemas-program.mjs",
  "graph-schemas-subgraphs.mjs",
  "graph-schemas-types.mjs",
];
/** Files, in the project's folder or the nearest above it, that decide what types the same sources have. */
const SURROUNDINGS = [
  "tsconfig.json",
  "node_modules/.package-lock.json",
  "package-lock.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "bun.lock",
];

/**
 * @param {{ id: string, file: string, exportName: string }[]} graphs those whose types are wanted
 * @param {string} projectDir the folder of langgraph.json
 * @param {string} cacheFile
 * @returns {Promise<Record<string, Record<string, object>>>} by graph id, by path of the subgraph
 */
export async function graphSchemas(graphs, projectDir, cacheFile) {
  if (graphs.length === 0) return {};
  const key = await keyOf(graphs, projectDir);
  const cached = await readCache(cacheFile);
  if (cached?.key === key && (await isUnchanged(cached.files, projectDir))) return cached.schemas;
  const read = await readTypes(graphs, projectDir);
  if (read === undefined) return {};
  const files = {};
  for (const file of read.files) files[relative(projectDir, file)] = await hashOf(file);
  await mkdir(dirname(cacheFile), { recursive: true });
  await writeFile(cacheFile, JSON.stringify({ key, files, schemas: read.schemas }));
  return read.schemas;
}

/** Without the compiler, or when it fails, graphs are served all the same, with less to tell about them. */
async function readTypes(graphs, projectDir) {
  try {
    const program = await import("./graph-schemas-program.mjs");
    return program.readTypes(graphs, projectDir);
  } catch (error) {
    console.warn(`The types of the graphs could not be read, so their schemas stay open: ${String(error)}`);
    return undefined;
  }
}

async function keyOf(graphs, projectDir) {
  const readers = READERS.map((name) => join(import.meta.dirname, name));
  const surroundings = SURROUNDINGS.map((name) => nearest(projectDir, name)).filter(
    (path) => path !== undefined,
  );
  const hashes = await Promise.all([...readers, ...surroundings].map(hashOf));
  const wanted = graphs.map(({ id, file, exportName }) => [id, relative(projectDir, file), exportName]);
  return digest(JSON.stringify([wanted, hashes]));
}

function nearest(from, name) {
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, name))) return join(dir, name);
    if (dirname(dir) === dir) return undefined;
  }
}

async function readCache(path) {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

async function isUnchanged(files, projectDir) {
  const now = await Promise.all(Object.keys(files).map((file) => hashOf(resolve(projectDir, file))));
  return Object.values(files).every((hash, index) => hash === now[index]);
}

const hashOf = (path) => readFile(path).then(digest, () => "missing");

const digest = (data) => createHash("sha256").update(data).digest("base64url");

/**
 * Whether a loaded graph leaves something to its types: what is defined in zod or as a StateSchema can be told
 * at run time. A function's graph is not known yet.
 */
export function needsTypes(exported) {
  const graph = exported?.lg_is_pregel === true ? exported : (exported?.graph ?? exported);
  const builder = graph?.builder ?? graph;
  if (builder?._schemaRuntimeDefinition === undefined) return true;
  const ownInput = builder._inputDefinition !== builder._schemaDefinition;
  const ownOutput = builder._outputDefinition !== builder._schemaDefinition;
  if (ownInput && typeof builder._inputRuntimeDefinition === "symbol") return true;
  if (ownOutput && builder._outputRuntimeDefinition === builder._schemaRuntimeDefinition) return true;
  if (typeof graph.getSubgraphs !== "function") return hasGraphAsNode(builder);
  return [...graph.getSubgraphs()].some(([, subgraph]) => needsTypes(subgraph));
}

const hasGraphAsNode = (builder) =>
  Object.values(builder.nodes ?? {}).some(({ runnable }) => runnable?.lg_is_pregel === true);
