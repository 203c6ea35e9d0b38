/**
 * Loads each graph in Node, bundled from its own files, and looks at what its module exports: a wrong path, a missing export
 * or a module that throws is told here, by name, and not by a server that does not start.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { needsTypes } from "./graph-schemas.mjs";
import { GraphConfigError } from "./graphs-config.mjs";

/** The first version whose compiled graphs say what they are. */
const OLDEST_LANGGRAPH = "0.2.19";
const MAX_FRAMES = 5;

/** How messages name a variable or a secret. */
const VARIABLE = [
  /\b(?!ERR_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/,
  /\bapi[ _-]?key\b|\b(?:access|api|auth|bearer)[ _-]token\b|\b(?:client|api) secret\b|\bcredentials?\b/i,
  /\benv(?:ironment)?[ _-]?var(?:iable)?s?\b|\bprocess\.env\b/i,
];
/** How messages say that something is not there. */
const MISSING = [
  /\b(?:missing|required|undefined|unset|empty|needed|provide|must be set|please set|set (?:an?|the|your))\b/i,
  /\b(?:not|isn't|wasn't) (?:been )?(?:set|found|defined|provided|given|configured|specified|present)\b/i,
  /\bno\b[^.]*\b(?:found|set|provided|given|configured|specified)\b/i,
  /\bcould not (?:find|load)\b[^.]*\bcredentials\b/i,
];
/** Errors in the code itself: their messages name constants of the code, and words such as "token" mean something else. */
const OF_THE_CODE = new Set(["SyntaxError", "TypeError", "ReferenceError", "RangeError"]);

/**
 * Loads each graph's module, and looks at the export.
 * @returns the graphs whose schemas have to be read from their types; and by graph id what is wrong with the others
 */
export async function checkGraphs(projectDir, graphs) {
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
  if (graph.fault !== undefined) throw graph.error(graph.fault);
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
        !/node:internal|edgecron-[\w-]+[\\/]graph-|[\\/]scripts[\\/](?:build-graphs|graph-check)|node_modules[\\/]vite/.test(
          line,
        ),
    );
  return frames.length === 0 ? "" : `\n${frames.slice(0, MAX_FRAMES).join("\n")}`;
}

/** A word on variables, when a variable seems to be what is missing. */
function hintOn(error) {
  const text = error instanceof Error ? error.message : String(error);
  if (
    OF_THE_CODE.has(error?.name) ||
    [VARIABLE, MISSING].some((patterns) => !patterns.some((each) => each.test(text)))
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
