#!/usr/bin/env node
/**
 * Turns langgraph.json, the file with which LangGraph projects name their graphs, into a module of
 * static imports that the Worker bundles: a Worker cannot load code at run time.
 *
 *   node scripts/build-graphs.mjs [--config langgraph.json] [--out .edgecron/graphs.ts]
 *
 * Every graph is loaded once in Node on the way, so that a wrong path, a missing export or a module
 * that throws is told here, by name, and not by a server that does not start. Exit code 1 and a message
 * for each graph on stderr when something is wrong. With EDGECRON_KEEP_GOING=1, as `npm run dev` sets it, a
 * graph that is wrong stands for its own error, and the others are served. The file is only rewritten
 * when it changes, because `wrangler dev` watches it.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { graphSchemas, needsTypes } from "./graph-schemas.mjs";
import { analyseBundle } from "./bundle-analysis.mjs";
import { GraphConfigError, readConfig } from "./graphs-config.mjs";
import { modelProviders, offerLines, writeProviderModules } from "./model-providers.mjs";
import { enterVariables, projectVariables } from "./project-variables.mjs";

export { GraphConfigError };

/** The first version whose compiled graphs say what they are. */
const OLDEST_LANGGRAPH = "0.2.20";
const MAX_FRAMES = 5;

/**
 * @param {import("./build-graphs.d.mts").BuildGraphsOptions} [options]
 * @returns {Promise<{ graphIds: string[], changed: boolean }>}
 */
export async function buildGraphs({
  config = "langgraph.json",
  out = ".edgecron/graphs.ts",
  keepGoing = false,
} = {}) {
  const configPath = resolve(config);
  const outPath = resolve(out);
  const projectDir = dirname(configPath);
  const { graphs, settings, env, notes } = await readConfig(configPath);
  const leave = enterVariables(projectVariables(configPath, env));
  try {
    checkDefaultConfig(configPath);
    const { typed, errors } = await checkGraphs(projectDir, graphs);
    const served = graphs.filter(({ id }) => !errors.has(id));
    const analysis = await analyseBundle(projectDir, served);
    for (const [id, fault] of analysis.faults) errors.set(id, byId(graphs, id).error(fault));
    if (errors.size > 0 && !keepGoing) throw joined([...errors.values()]);
    const schemas = await graphSchemas(
      typed.filter(({ id }) => !errors.has(id)),
      projectDir,
      outPath.replace(/(\.\w+)?$/, ".schemas.json"),
    );
    const providers = await modelProviders(projectDir, [...analysis.filesOf.values()].flat());
    await writeProviderModules(projectDir, join(dirname(outPath), "modules"), providers);
    const source = generate({ graphs, settings, schemas, providers, errors, outDir: dirname(outPath) });
    const changed = !existsSync(outPath) || (await readFile(outPath, "utf8")) !== source;
    if (changed) {
      await mkdir(dirname(outPath), { recursive: true });
      await writeFile(outPath, source);
    }
    return {
      graphIds: graphs.map((graph) => graph.id),
      changed,
      notes: [...notes, ...analysis.notes],
      errors: [...errors.values()].map(({ message }) => message),
      filesOf: analysis.filesOf,
    };
  } finally {
    leave();
  }
}

const byId = (graphs, id) => graphs.find((graph) => graph.id === id);

/** One error with the messages of all. */
function joined(errors) {
  return errors.length === 1
    ? errors[0]
    : new GraphConfigError(errors.map(({ message }) => message).join("\n"));
}

/** `LANGGRAPH_CONFIG`, by graph id the config and the context of its default assistant, has to be readable. */
function checkDefaultConfig(configPath) {
  const text = process.env.LANGGRAPH_CONFIG;
  if (text === undefined || text === "") return;
  try {
    const parsed = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return;
  } catch {
    // Said below.
  }
  throw new GraphConfigError(
    `${configPath}: the variable LANGGRAPH_CONFIG is not valid: expected JSON such as {"agent": {"configurable": {}}}`,
  );
}

/** The text of the generated module. */
function generate({ graphs, settings, schemas, providers, errors, outDir }) {
  const lines = [
    "// Made by scripts/build-graphs.mjs from langgraph.json. Do not edit.",
    // A graph may be written in plain JavaScript, which has no types to check here.
    "// @ts-nocheck",
  ];
  graphs.forEach(({ id, file, exportName }, index) => {
    if (errors.has(id)) return;
    const path = relative(outDir, file).replaceAll("\\", "/");
    const specifier = path.startsWith(".") ? path : `./${path}`;
    const name = /^[A-Za-z_$][\w$]*$/.test(exportName) ? exportName : JSON.stringify(exportName);
    lines.push(`import { ${name} as g${index} } from ${JSON.stringify(specifier)};`);
  });
  lines.push("", "export const graphs = {");
  graphs.forEach(({ id }, index) => {
    const error = errors.get(id);
    // A function that makes a graph may throw, and then its runs end with what it threw.
    const failing = error && `() => { throw new Error(${JSON.stringify(error.message)}); }`;
    lines.push(`  ${JSON.stringify(id)}: ${failing ?? `g${index}`},`);
  });
  lines.push("};", "", `export const settings = ${JSON.stringify(settings, null, 2)};`);
  lines.push("", "// Of graphs whose schemas only their types tell; by graph id, by path of the subgraph.");
  lines.push(`export const schemas = ${JSON.stringify(schemas)};`, ...offerLines(providers), "");
  return lines.join("\n");
}

/**
 * Loads each graph's module, and looks at the export.
 * @returns the graphs whose schemas have to be read from their types; and by graph id what is wrong with the others
 */
async function checkGraphs(projectDir, graphs) {
  // Stacks name the files as they were written, and not the bundle.
  process.setSourceMapsEnabled(true);
  const tempDir = join(tempRoot(projectDir), `edgecron-${randomUUID()}`);
  const typed = [];
  const errors = new Map();
  await mkdir(tempDir, { recursive: true });
  registerLogger();
  try {
    for (const [index, graph] of graphs.entries()) {
      try {
        if (needsTypes(await checkGraph(graph, join(tempDir, `graph-${index}`)))) typed.push(graph);
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

/** What `getLogger()` of the SDK finds while a graph is loaded; the server has its own, see src/graphs/sdk-logger.ts. */
function registerLogger() {
  const silent = () => undefined;
  globalThis[Symbol.for("langgraph.api.sdk-logger")] ??= {
    info: silent,
    warn: silent,
    error: silent,
    debug: silent,
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
    if (/^Compiled/.test(exported?.constructor?.name ?? "")) throw graph.error(tooOld(graph));
    throw graph.error(
      `the export "${graph.exportName}" of ${graph.path} is ${describe(exported)}; expected a LangGraph ` +
        `graph (compiled or not), a function that returns one, or an agent made with createAgent`,
    );
  }
  try {
    const compiled = exported.compile();
    if (!isCompiled(compiled)) throw graph.error(tooOld(graph));
    return compiled;
  } catch (error) {
    if (error instanceof GraphConfigError) throw error;
    throw graph.error(`it does not compile: ${messageOf(error)}`);
  }
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
        sourcemap: "inline",
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
      `${graph.path} threw while it was loaded: ${messageOf(error)}${stackOf(error)}${hintOn(error)}`,
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

/** Where a module threw, in the files of the project and of its packages. */
function stackOf(error) {
  const frames = String(error?.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at .*[\\/]/.test(line))
    .filter(
      (line) =>
        !/node:internal|edgecron-[\w-]+[\\/]graph-|[\\/]scripts[\\/]build-graphs|node_modules[\\/]vite/.test(
          line,
        ),
    );
  return frames.length === 0 ? "" : `\n${frames.slice(0, MAX_FRAMES).join("\n")}`;
}

/** A word on variables, when a variable seems to be what is missing. */
function hintOn(error) {
  if (
    !/api[_ -]?key|token|secret|credential|environment|env var|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/i.test(
      messageOf(error),
    )
  )
    return "";
  return (
    "\n  Variables and secrets belong in .env or .dev.vars; or make the model inside a node, or export a function " +
    "that returns the graph."
  );
}

function messageOf(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function describe(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  return `an object of class ${value.constructor?.name ?? "Object"}`;
}

/** Leaves word of the build for `npm run dev`, which cannot see into wrangler. */
async function report(out = ".edgecron/graphs.ts", what) {
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(join(dirname(resolve(out)), "build.json"), JSON.stringify(what));
}

async function main() {
  const { values } = parseArgs({ options: { config: { type: "string" }, out: { type: "string" } } });
  const keepGoing = process.env.EDGECRON_KEEP_GOING === "1";
  const { graphIds, notes, errors, filesOf } = await buildGraphs({ ...values, keepGoing }).catch(
    async (error) => {
      if (error instanceof GraphConfigError) await report(values.out, { failure: error.message });
      throw error;
    },
  );
  await report(values.out, { notes, errors, filesOf: Object.fromEntries(filesOf) });
  console.log(`Graphs: ${graphIds.join(", ")}`);
  // `npm run dev` tells these itself, once.
  if (!keepGoing) for (const note of notes) console.warn(`Note: ${note}`);
  for (const message of errors) console.error(message);
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
