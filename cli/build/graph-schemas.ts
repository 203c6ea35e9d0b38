/**
 * The JSON schemas of graphs that only their TypeScript types know: those with `Annotation.Root`. Reading types
 * takes seconds, so the result is kept in a file in the folder .edgecron of the project, and is taken from there until one
 * of the project's files that it followed from, its tsconfig.json or its packages change.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative, resolve } from "node:path";
import type { ReadTypes, SchemasByGraph } from "./graph-schemas-program.js";
import type { FoundGraph } from "./graphs-config.js";
import { isRecord } from "./langgraph-keys.js";

/** What the types are read by: another edition may read them differently. */
const READERS = ["graph-schemas", "graph-schemas-program", "graph-schemas-subgraphs", "graph-schemas-types"];

type Graph = Pick<FoundGraph, "id" | "file" | "exportName">;

/** What is kept in the file. */
interface Cache {
  readonly key: string;
  /** The hashes of files, by their paths. */
  readonly files: Readonly<Record<string, string>>;
  readonly schemas: SchemasByGraph;
}

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
 * @param graphs those whose types are wanted
 * @param projectDir the folder of langgraph.json
 */
export async function graphSchemas(
  graphs: readonly Graph[],
  projectDir: string,
  cacheFile: string,
): Promise<SchemasByGraph> {
  if (graphs.length === 0) return {};
  const key = await keyOf(graphs, projectDir);
  const cached = await readCache(cacheFile);
  if (cached?.key === key && (await isUnchanged(cached.files, projectDir))) return cached.schemas;
  const read = await readTypes(graphs, projectDir);
  if (read === undefined) return {};
  const files: Record<string, string> = {};
  for (const file of read.files) files[relative(projectDir, file)] = await hashOf(file);
  await mkdir(dirname(cacheFile), { recursive: true });
  await writeFile(cacheFile, JSON.stringify({ key, files, schemas: read.schemas }));
  return read.schemas;
}

/** Without the compiler, or when it fails, graphs are served all the same, with less to tell about them. */
async function readTypes(graphs: readonly Graph[], projectDir: string): Promise<ReadTypes | undefined> {
  try {
    const program = await import("./graph-schemas-program.js");
    return program.readTypes(graphs, projectDir);
  } catch (error) {
    console.warn(`The types of the graphs could not be read, so their schemas stay open: ${String(error)}`);
    return undefined;
  }
}

async function keyOf(graphs: readonly Graph[], projectDir: string): Promise<string> {
  const readers = READERS.map((name) => join(import.meta.dirname, `${name}${extname(import.meta.filename)}`));
  const surroundings = SURROUNDINGS.map((name) => nearest(projectDir, name)).filter(
    (path) => path !== undefined,
  );
  const hashes = await Promise.all([...readers, ...surroundings].map(hashOf));
  const wanted = graphs.map(({ id, file, exportName }) => [id, relative(projectDir, file), exportName]);
  return digest(JSON.stringify([wanted, hashes]));
}

function nearest(from: string, name: string): string | undefined {
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, name))) return join(dir, name);
    if (dirname(dir) === dir) return undefined;
  }
}

async function readCache(path: string): Promise<Cache | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Cache;
  } catch {
    return undefined;
  }
}

async function isUnchanged(files: Cache["files"], projectDir: string): Promise<boolean> {
  const now = await Promise.all(Object.keys(files).map((file) => hashOf(resolve(projectDir, file))));
  return Object.values(files).every((hash, index) => hash === now[index]);
}

const hashOf = (path: string): Promise<string> => readFile(path).then(digest, () => "missing");

const digest = (data: string | Buffer): string => createHash("sha256").update(data).digest("base64url");

/**
 * Whether a loaded graph leaves something to its types: what is defined in zod or as a StateSchema can be told
 * at run time. A function's graph is not known yet.
 */
export function needsTypes(exported: unknown): boolean {
  if (!isRecord(exported)) return true;
  const graph = exported.lg_is_pregel !== true && isRecord(exported.graph) ? exported.graph : exported;
  const builder = isRecord(graph.builder) ? graph.builder : graph;
  if (builder._schemaRuntimeDefinition === undefined) return true;
  const ownInput = builder._inputDefinition !== builder._schemaDefinition;
  const ownOutput = builder._outputDefinition !== builder._schemaDefinition;
  if (ownInput && typeof builder._inputRuntimeDefinition === "symbol") return true;
  if (ownOutput && builder._outputRuntimeDefinition === builder._schemaRuntimeDefinition) return true;
  if (typeof graph.getSubgraphs !== "function") return hasGraphAsNode(builder);
  const { getSubgraphs } = graph as { getSubgraphs: () => Iterable<[string, unknown]> };
  return [...getSubgraphs.call(graph)].some(([, subgraph]) => needsTypes(subgraph));
}

const hasGraphAsNode = ({ nodes }: Record<string, unknown>): boolean =>
  isRecord(nodes) &&
  Object.values(nodes).some(
    (node) => isRecord(node) && isRecord(node.runnable) && node.runnable.lg_is_pregel === true,
  );
