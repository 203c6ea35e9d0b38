/**
 * Looks at the files of which a Worker with these graphs is made, as wrangler would bundle them: what each graph is made of,
 * what cannot be bundled, and what is bundled and then refused or missing in a Worker.
 */
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { relative, resolve } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import type { FoundGraph } from "./graphs-config.js";
import { filesAskingParent } from "./module-parent.js";
import { placeOf } from "./place.js";
import { buildWithoutMissing, errorsOf, type MissingImport, reachOf, reasonOf } from "./missing-imports.js";

type Graph = Pick<FoundGraph, "id" | "path" | "file">;

/** What a bundle of graphs is made of; by graph id. */
export interface BundleAnalysis {
  /** The absolute files that a graph is made of. */
  readonly filesOf: Map<string, string[]>;
  /** Of these, the files that are surely executed when the graph is loaded. */
  readonly importedAtLoad: Map<string, string[]>;
  /** Why a graph cannot be bundled. */
  readonly faults: Map<string, string>;
  /** Missing imports that fail when they are reached. */
  readonly late: Map<string, MissingImport[]>;
  /** The absolute files that ask for the parent of their module. */
  readonly askingParent: readonly string[];
  /** What will not work in a Worker. */
  readonly notes: readonly string[];
}

type Found = Omit<BundleAnalysis, "askingParent" | "notes"> & {
  readonly askingParent: Set<string>;
  readonly notes: Set<string>;
};

/** One of Node's modules that is imported. */
interface Builtin {
  readonly name: string;
  readonly importer: string;
}

interface Bundle {
  readonly metafile: Metafile;
  readonly missing: ReadonlyMap<string, MissingImport>;
  readonly builtins: readonly Builtin[];
}

/** Node's modules that a Worker can import, and whose functions throw when they are called. */
const WITHOUT_FUNCTION: Readonly<Record<string, string>> = {
  child_process: "a Worker starts no processes",
  cluster: "a Worker starts no processes",
  dgram: "a Worker has no UDP",
  http2: "use fetch",
  inspector: "a Worker cannot inspect itself",
  repl: "a Worker has no terminal",
  sqlite: "use D1 or the store",
  vm: "a Worker runs no code that is not in its bundle",
  wasi: "import the WebAssembly module itself",
  worker_threads: "a Worker has one thread",
};

/** In the project's own files: what looks as if it would work. */
const IN_SOURCE: readonly (readonly [RegExp, string])[] = [
  [/\beval\s*\(|\bnew\s+Function\s*\(/, "a Worker runs no code that is made of text at run time"],
  [
    /\bimport\.meta\.(?:url|dirname|filename)\b|\b__(?:dirname|filename)\b/,
    'a Worker has no files beside its code: import what it needs, for example `import text from "./prompt.txt"`',
  ],
  [
    /["'](?:node:)?fs(?:\/promises)?["']/,
    'a Worker has no files of the project: import what it needs, for example `import text from "./prompt.txt"`',
  ],
];

/** Packages that find and load the native addon of the package that imports them. */
const LOADS_ADDONS = /node_modules\/(node-gyp-build|bindings|@mapbox\/node-pre-gyp)\//;

/** LangChain's packages look for such modules and do without. */
const DOES_WITHOUT = /node_modules\/(?:@langchain\/|langsmith\/)/;

const LOADERS = Object.fromEntries(
  [".txt", ".html", ".sql", ".md", ".bin", ".wasm"].map((extension) => [extension, "file" as const]),
);

/** @param graphs whose files are there */
export async function analyseBundle(projectDir: string, graphs: readonly Graph[]): Promise<BundleAnalysis> {
  const found: Found = {
    filesOf: new Map(),
    importedAtLoad: new Map(),
    faults: new Map(),
    late: new Map(),
    askingParent: new Set(),
    notes: new Set(),
  };
  const all = await bundle(projectDir, graphs).catch(() => undefined);
  if (all !== undefined) await note(projectDir, graphs, all, found);
  else {
    // One of them cannot be bundled: each by itself tells which.
    for (const graph of graphs) {
      try {
        await note(projectDir, [graph], await bundle(projectDir, [graph]), found);
      } catch (error) {
        const files = errorsOf(error).flatMap(({ location }) => (location ? [location.file] : []));
        found.filesOf.set(graph.id, [graph.file, ...files.map((file) => resolve(projectDir, file))]);
        found.faults.set(graph.id, `${graph.path} could not be bundled: ${faultOf(projectDir, error)}`);
      }
    }
  }
  return { ...found, askingParent: [...found.askingParent], notes: [...found.notes] };
}

async function bundle(projectDir: string, graphs: readonly Graph[]): Promise<Bundle> {
  let builtins: Builtin[] = [];
  const { result, missing } = await buildWithoutMissing(projectDir, (missingImports) => {
    builtins = [];
    return build({
      entryPoints: Object.fromEntries(graphs.map(({ file }, index) => [`g${index}`, file])),
      outdir: "out",
      absWorkingDir: projectDir,
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      // What several graphs have in common is printed once.
      splitting: true,
      target: "es2024",
      platform: "browser",
      conditions: ["workerd", "worker", "browser"],
      mainFields: ["browser", "module", "main"],
      loader: LOADERS,
      logLevel: "silent",
      plugins: [missingImports, outsideOfTheBundle(builtins)],
    });
  });
  return { metafile: result.metafile, missing, builtins };
}

/** Node's modules and the platform's are not bundled; who imports the former is noted. */
const outsideOfTheBundle = (builtins: Builtin[]): Plugin => ({
  name: "outside-of-the-bundle",
  setup({ onResolve }) {
    onResolve({ filter: /^cloudflare:/ }, () => ({ external: true }));
    onResolve({ filter: /^(?:node:)?[a-z_0-9]+(?:\/[a-z_]+)?$/ }, ({ path, importer, kind }) => {
      const name = path.replace(/^node:/, "");
      if (!path.startsWith("node:") && !builtinModules.includes(name)) return undefined;
      if (kind !== "dynamic-import") builtins.push({ name: name.replace(/\/.*/, ""), importer });
      return { external: true, path: `node:${name}` };
    });
  },
});

async function note(
  projectDir: string,
  graphs: readonly Graph[],
  { metafile, missing, builtins }: Bundle,
  { filesOf, importedAtLoad, faults, late, askingParent, notes }: Found,
): Promise<void> {
  for (const file of filesAskingParent(projectDir, metafile)) askingParent.add(file);
  const entries = Object.values(metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  for (const graph of graphs) {
    const entryPoint = entries.find((entry) => resolve(projectDir, entry) === graph.file);
    if (entryPoint === undefined) throw new Error(`esbuild does not name the entry ${graph.file}`);
    const reach = reachOf(projectDir, metafile, entryPoint, missing);
    const { files } = reach;
    filesOf.set(graph.id, files);
    importedAtLoad.set(graph.id, reach.importedAtLoad);
    late.set(graph.id, reach.late);
    if (reach.needed.length > 0) {
      const reasons = reach.needed.map((each) => reasonOf(projectDir, each));
      faults.set(graph.id, `${graph.path} could not be bundled: ${reasons.join("; ")}`);
    }
    for (const text of addonsIn(projectDir, metafile, files)) notes.add(text);
    for (const { name, importer } of builtins) {
      const reason = WITHOUT_FUNCTION[name];
      if (reason === undefined || !files.includes(importer) || DOES_WITHOUT.test(importer)) continue;
      notes.add(
        `${placeOf(projectDir, { file: importer })} imports "node:${name}", whose functions throw: ${reason}`,
      );
    }
    for (const file of files.filter(
      (path) => !path.includes("node_modules") && /\.[cm]?[jt]sx?$/.test(path),
    )) {
      for (const text of await faultsInSource(file)) notes.add(`${placeOf(projectDir, { file })}${text}`);
    }
  }
}

/** Of packages that load a native addon when they are loaded. */
function addonsIn(projectDir: string, { inputs }: Metafile, files: readonly string[]): string[] {
  return files.flatMap((file) => {
    const path = relative(projectDir, file).replaceAll("\\", "/");
    const loaders = (inputs[path]?.imports ?? []).flatMap((next) => LOADS_ADDONS.exec(next.path)?.[1] ?? []);
    if (loaders[0] === undefined || LOADS_ADDONS.test(path)) return [];
    return [
      `${placeOf(projectDir, { file })} loads a native addon by ${loaders[0]}, and a Worker loads none: use a package in JavaScript or WebAssembly in its place`,
    ];
  });
}

async function faultsInSource(file: string): Promise<string[]> {
  const lines = (await readFile(file, "utf8")).split("\n");
  return IN_SOURCE.flatMap(([pattern, reason]) => {
    const index = lines.findIndex((line) => pattern.test(line) && !/^\s*(?:\/\/|\*)/.test(line));
    const [text] = pattern.exec(lines[index] ?? "") ?? [];
    return text === undefined ? [] : [`:${index + 1} has \`${text}\`: ${reason}`];
  });
}

function faultOf(projectDir: string, error: unknown): string {
  const [first] = errorsOf(error);
  if (first === undefined) return error instanceof Error ? error.message : String(error);
  const { location, text } = first;
  return location
    ? `${text}, in ${placeOf(projectDir, { file: resolve(projectDir, location.file), line: location.line })}`
    : text;
}
