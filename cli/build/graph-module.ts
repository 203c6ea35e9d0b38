/**
 * Loads the module of a graph in Node, from its own files: what it throws is told in words for its author, and one that ends
 * the process, or that never has been loaded, is told of too.
 */
import { syncBuiltinESMExports } from "node:module";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { type FoundGraph, GraphConfigError } from "./graphs-config.js";
import { buildWithoutMissing, errorsOf } from "./missing-imports.js";
import { installedPackages } from "./installed-packages.js";
import { givingParents } from "./module-parent.js";

/** What is imported as a text or as bytes; a Worker's bundler knows these files. */
const LOADERS = {
  ...Object.fromEntries([".txt", ".html", ".sql", ".md"].map((extension) => [extension, "text" as const])),
  ...Object.fromEntries([".bin", ".wasm"].map((extension) => [extension, "binary" as const])),
};

const MAX_FRAMES = 5;
/** A module that waits for something for longer would keep a Worker from starting. */
const LOAD_LIMIT_MS = 60_000;

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

/** Does what loads a graph, and fails when that ends the process or comes to no end. */
export async function guardedLoad<T>(
  graph: Pick<FoundGraph, "path" | "error">,
  load: () => Promise<T>,
): Promise<T> {
  let fail: (message: string) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = (message) => {
      reject(graph.error(`${graph.path} ${message}`));
    };
  });
  const leave = replaceExit((code) => {
    const error = new Error(`process.exit(${code ?? ""})`);
    fail(`calls process.exit while it is loaded: a Worker has no process to end${stackOf(error)}`);
    throw error;
  });
  // Nothing is left to be done, and still it is not loaded.
  const onIdle = (): void => {
    fail("waits while it is loaded for something that never comes, in a top-level await");
  };
  process.once("beforeExit", onIdle);
  const limit = setTimeout(() => {
    fail(`has not been loaded after ${LOAD_LIMIT_MS / 1000} s: is there a top-level await without end?`);
  }, LOAD_LIMIT_MS).unref();
  try {
    return await Promise.race([failed, load()]);
  } finally {
    clearTimeout(limit);
    process.off("beforeExit", onIdle);
    leave();
  }
}

/** Puts a function in the place of `process.exit`; @returns puts it back */
export function replaceExit(exit: typeof process.exit): () => void {
  const before = process.exit.bind(process);
  process.exit = exit;
  syncBuiltinESMExports();
  return () => {
    process.exit = before;
    syncBuiltinESMExports();
  };
}

/**
 * Where the Worker has the modules of its bundle. Packages ask for it when they are loaded, mostly in vain. A Worker tells nobody, so that without
 * these definitions such a package would throw, and the graph with it.
 */
export const PLACE_OF_BUNDLE = {
  __dirname: '"/bundle"',
  __filename: '"/bundle/index.js"',
  "import.meta.url": '"file:///bundle/index.js"',
};

/** What `getLogger()` of the SDK finds while a graph is loaded; the server has its own, see src/graphs/sdk-logger.ts. */
export function registerLogger(): void {
  const silent = (): undefined => undefined;
  (globalThis as Record<symbol, unknown>)[Symbol.for("langgraph.api.sdk-logger")] ??= {
    info: silent,
    warn: silent,
    error: silent,
    debug: silent,
  };
}

/** What Node says of files that it cannot load as they are, and that a bundler can. */
const OF_THE_LOADER =
  /^ERR_(?:UNSUPPORTED_ESM_URL_SCHEME|MODULE_NOT_FOUND|UNSUPPORTED_DIR_IMPORT|UNKNOWN_FILE_EXTENSION|IMPORT_ATTRIBUTE_MISSING|PACKAGE_PATH_NOT_EXPORTED|UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING)$/;
const NO_SUCH_EXPORT = /does not provide an export named|^Named export '.*' not found/;

/** Bundles the module's own files for Node, and imports the bundle. Its packages are bundled too when Node cannot load them. */
export async function loadModule(
  projectDir: string,
  graph: FoundGraph,
  tempFile: string,
): Promise<Record<string, unknown>> {
  const load = async (packages: "external" | "bundle"): Promise<Record<string, unknown>> => {
    const outfile = `${tempFile}-${packages}.mjs`;
    try {
      await buildWithoutMissing(projectDir, (missingImports) =>
        build({
          // As the Worker imports it: what a CommonJS module exports has a name each.
          stdin: {
            contents: `export * as loaded from ${JSON.stringify(graph.file)};`,
            resolveDir: projectDir,
            loader: "ts",
          },
          outfile,
          absWorkingDir: projectDir,
          bundle: true,
          format: "esm",
          platform: "node",
          target: "node20",
          // Without the condition "module", which Node does not know.
          conditions: [],
          loader: LOADERS,
          sourcemap: "inline",
          logLevel: "silent",
          plugins: [
            missingImports,
            workerdStubs,
            ...(packages === "external" ? [installedPackages] : []),
            givingParents(/\.c?js$/),
          ],
          define: { __dirname: PLACE_OF_BUNDLE.__dirname, __filename: PLACE_OF_BUNDLE.__filename },
          // Bundled CommonJS packages call require for Node's own modules.
          banner: {
            js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`,
          },
        }),
      );
    } catch (error) {
      const [first] = errorsOf(error);
      const where = first?.location ? ` (${first.location.file}:${first.location.line})` : "";
      throw graph.error(`${graph.path} could not be bundled: ${first?.text ?? messageOf(error)}${where}`);
    }
    const { loaded } = (await import(pathToFileURL(outfile).href)) as { loaded: Record<string, unknown> };
    return loaded;
  };
  try {
    return await load("external").catch((error: unknown) => {
      // A package that itself imports `cloudflare:…`, for example, has to be bundled for the stubs to reach it.
      if (!isOfTheLoader(error)) throw error;
      return load("bundle");
    });
  } catch (error) {
    if (error instanceof GraphConfigError) throw error;
    throw graph.error(
      `${graph.path} threw while it was loaded: ${messageOf(error)}${stackOf(error)}${hintOn(error)}`,
    );
  }
}

function isOfTheLoader(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof SyntaxError) return NO_SUCH_EXPORT.test(error.message);
  return OF_THE_LOADER.test(String((error as NodeJS.ErrnoException).code));
}

/** `cloudflare:workers` and its like exist only in workerd: here any name they export is an empty class. */
const workerdStubs: Plugin = {
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
export function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = stack
    .split("\n")
    .filter((line) => /^\s+at .*[\\/]/.test(line))
    .filter(
      (line) =>
        !/node:internal|edgecron-[\w-]+[\\/]graph-|[\\/](?:cli|dist)[\\/]build[\\/](?:build-graphs|graph-check|graph-module|graphs-program)|node_modules[\\/]vite/.test(
          line,
        ),
    );
  return frames.length === 0 ? "" : `\n${frames.slice(0, MAX_FRAMES).join("\n")}`;
}

/** A word on variables, when a variable seems to be what is missing. */
function hintOn(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (
    (error instanceof Error && OF_THE_CODE.has(error.name)) ||
    [VARIABLE, MISSING].some((patterns) => !patterns.some((each) => each.test(text)))
  )
    return "";
  return (
    "\n  Variables and secrets belong in .env or .dev.vars; or make the model inside a node, or export a function " +
    "that returns the graph."
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
