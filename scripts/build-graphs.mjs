#!/usr/bin/env node
/**
 * Turns langgraph.json, the file with which LangGraph projects name their graphs, into a module of
 * static imports that the Worker bundles: a Worker cannot load code at run time.
 *
 *   node scripts/build-graphs.mjs [--config langgraph.json] [--out .edgecron/graphs.ts]
 *
 * Every graph is loaded once in Node on the way, so that a wrong path, a missing export or a module
 * that throws is told here, by name, and not by a server that does not start. Exit code 1 and one
 * message on stderr when something is wrong. The file is only rewritten when it changes, because
 * `wrangler dev` watches it.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { graphSchemas, needsTypes } from "./graph-schemas.mjs";
import { GraphConfigError, readConfig } from "./graphs-config.mjs";

export { GraphConfigError };

/**
 * @param {import("./build-graphs.d.mts").BuildGraphsOptions} [options]
 * @returns {Promise<{ graphIds: string[], changed: boolean }>}
 */
export async function buildGraphs({ config = "langgraph.json", out = ".edgecron/graphs.ts" } = {}) {
  const configPath = resolve(config);
  const outPath = resolve(out);
  const { graphs, settings } = await readConfig(configPath);
  const typed = await checkGraphs(dirname(configPath), graphs);
  const schemas = await graphSchemas(
    typed,
    dirname(configPath),
    outPath.replace(/(\.\w+)?$/, ".schemas.json"),
  );
  const source = generate(graphs, settings, schemas, dirname(outPath));
  const changed = !existsSync(outPath) || (await readFile(outPath, "utf8")) !== source;
  if (changed) {
    await mkdir(dirname(outPath), { recursive: true });
    await writeFile(outPath, source);
  }
  return { graphIds: graphs.map((graph) => graph.id), changed };
}

/** The text of the generated module. */
function generate(graphs, settings, schemas, outDir) {
  const lines = [
    "// Made by scripts/build-graphs.mjs from langgraph.json. Do not edit.",
    // A graph may be written in plain JavaScript, which has no types to check here.
    "// @ts-nocheck",
  ];
  graphs.forEach(({ file, exportName }, index) => {
    const path = relative(outDir, file).replaceAll("\\", "/");
    const specifier = path.startsWith(".") ? path : `./${path}`;
    const name = /^[A-Za-z_$][\w$]*$/.test(exportName) ? exportName : JSON.stringify(exportName);
    lines.push(`import { ${name} as g${index} } from ${JSON.stringify(specifier)};`);
  });
  lines.push("", "export const graphs = {");
  graphs.forEach(({ id }, index) => lines.push(`  ${JSON.stringify(id)}: g${index},`));
  lines.push("};", "", `export const settings = ${JSON.stringify(settings, null, 2)};`);
  lines.push("", "// Of graphs whose schemas only their types tell; by graph id, by path of the subgraph.");
  lines.push(`export const schemas = ${JSON.stringify(schemas)};`, "");
  return lines.join("\n");
}

/**
 * Loads each graph's module with the project's variables set, and looks at the export.
 * @returns the graphs whose schemas have to be read from their types
 */
async function checkGraphs(projectDir, graphs) {
  const restoreEnv = loadVariables(projectDir);
  const tempDir = join(tempRoot(projectDir), `edgecron-${randomUUID()}`);
  const typed = [];
  await mkdir(tempDir, { recursive: true });
  try {
    for (const [index, graph] of graphs.entries()) {
      if (needsTypes(await checkGraph(graph, join(tempDir, `graph-${index}`)))) typed.push(graph);
    }
    return typed;
  } finally {
    await rm(tempDir, { recursive: true, force: true });
    restoreEnv();
  }
}

/** Secrets and variables of local development, as `wrangler dev` reads them. `.dev.vars` wins. */
function loadVariables(projectDir) {
  const before = { ...process.env };
  for (const name of [".dev.vars", ".env"]) {
    const path = join(projectDir, name);
    if (existsSync(path)) process.loadEnvFile(path);
  }
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  };
}

/** A folder from which Node finds the project's packages, since those are not bundled for the check. */
function tempRoot(projectDir) {
  for (let dir = projectDir; ; dir = dirname(dir)) {
    if (existsSync(join(dir, "node_modules"))) return join(dir, "node_modules", ".cache");
    if (dirname(dir) === dir) return join(projectDir, ".edgecron");
  }
}

/** @returns the export, which is or makes a graph */
async function checkGraph(graph, tempFile) {
  const isFile = await stat(graph.file).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) throw graph.error(`there is no file ${graph.file}`);
  const module = await loadModule(graph, tempFile);
  const exported = await Promise.resolve(module[graph.exportName]).catch((error) => {
    throw graph.error(`its export is a promise that was rejected: ${messageOf(error)}`);
  });
  if (exported === undefined) {
    const names = Object.keys(module).join(", ") || "nothing";
    throw graph.error(`${graph.path} has no export "${graph.exportName}"; it exports: ${names}`);
  }
  if (typeof exported === "function" || isCompiled(exported) || isCompiled(exported?.graph)) return exported;
  if (typeof exported?.compile !== "function") {
    throw graph.error(
      `the export "${graph.exportName}" of ${graph.path} is ${describe(exported)}; expected a LangGraph ` +
        `graph (compiled or not), a function that returns one, or an agent made with createAgent`,
    );
  }
  try {
    return exported.compile();
  } catch (error) {
    throw graph.error(`it does not compile: ${messageOf(error)}`);
  }
}

function isCompiled(value) {
  return value?.lg_is_pregel === true;
}

/** Bundles the module's own files for Node, and imports the bundle. */
async function loadModule(graph, tempFile) {
  const load = async (packages) => {
    const outfile = `${tempFile}-${packages}.mjs`;
    try {
      await build({
        entryPoints: [graph.file],
        outfile,
        bundle: true,
        format: "esm",
        platform: "node",
        target: "node20",
        packages,
        logLevel: "silent",
        plugins: [workerdStubs],
        // Bundled CommonJS packages call require for Node's own modules.
        banner: {
          js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`,
        },
      });
    } catch (error) {
      const [first] = error.errors ?? [];
      const where = first?.location ? ` (${first.location.file}:${first.location.line})` : "";
      throw graph.error(`${graph.path} could not be bundled: ${first?.text ?? messageOf(error)}${where}`);
    }
    return import(pathToFileURL(outfile).href);
  };
  try {
    return await load("external").catch((error) => {
      // A package that itself imports `cloudflare:…` has to be bundled for the stubs to reach it.
      if (error?.code !== "ERR_UNSUPPORTED_ESM_URL_SCHEME") throw error;
      return load("bundle");
    });
  } catch (error) {
    if (error instanceof GraphConfigError) throw error;
    throw graph.error(
      `${graph.path} threw while it was loaded: ${messageOf(error)}\n` +
        `  Variables and secrets belong in .dev.vars; or make the model inside a node, or export a function ` +
        `that returns the graph.`,
    );
  }
}

/** `cloudflare:workers` and its like exist only in workerd: here any name they export is an empty class. */
const workerdStubs = {
  name: "workerd-stubs",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "workerd-stub" }));
    onLoad({ filter: /.*/, namespace: "workerd-stub" }, () => ({
      // esbuild's interop keeps the prototype of a CommonJS module, so the proxy answers for every name.
      contents: `module.exports = Object.create(new Proxy({}, { get: () => class {} }));
        module.exports.env = process.env;`,
      loader: "js",
    }));
  },
};

function messageOf(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function describe(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  return `an object of class ${value.constructor?.name ?? "Object"}`;
}

async function main() {
  const { values } = parseArgs({ options: { config: { type: "string" }, out: { type: "string" } } });
  const { graphIds } = await buildGraphs(values);
  console.log(`Graphs: ${graphIds.join(", ")}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await main();
    // A graph's module may have left a timer or socket open; the work here is done.
    process.exit(0);
  } catch (error) {
    console.error(error instanceof GraphConfigError ? error.message : error);
    process.exit(1);
  }
}
