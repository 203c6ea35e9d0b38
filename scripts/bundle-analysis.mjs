/**
 * Looks at the files of which a Worker with these graphs is made, as wrangler would bundle them: what each graph is made of,
 * what cannot be bundled, and what is bundled and then refused or missing in a Worker.
 */
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { relative, resolve } from "node:path";
import { build } from "esbuild";

/** Node's modules that a Worker can import, and whose functions throw when they are called. */
const WITHOUT_FUNCTION = {
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
const IN_SOURCE = [
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

/** LangChain's packages look for such modules and do without. */
const DOES_WITHOUT = /node_modules\/(?:@langchain\/|langsmith\/)/;

const LOADERS = Object.fromEntries(
  [".txt", ".html", ".sql", ".md", ".bin", ".wasm"].map((extension) => [extension, "file"]),
);

/**
 * @param {string} projectDir
 * @param {{ id: string, file: string }[]} graphs whose files are there
 * @returns {Promise<{ filesOf: Map<string, string[]>, faults: Map<string, string>, notes: string[] }>} by graph id, the
 *   absolute files that it is made of, and why it cannot be bundled; and what will not work in a Worker
 */
export async function analyseBundle(projectDir, graphs) {
  const found = { filesOf: new Map(), faults: new Map(), notes: new Set() };
  const all = await bundle(projectDir, graphs).catch(() => undefined);
  if (all !== undefined) await note(projectDir, graphs, all, found);
  else {
    // One of them cannot be bundled: each by itself tells which.
    for (const graph of graphs) {
      try {
        await note(projectDir, [graph], await bundle(projectDir, [graph]), found);
      } catch (error) {
        found.faults.set(graph.id, faultOf(projectDir, error));
      }
    }
  }
  return { ...found, notes: [...found.notes] };
}

async function bundle(projectDir, graphs) {
  const builtins = [];
  const { metafile } = await build({
    entryPoints: Object.fromEntries(graphs.map(({ file }, index) => [`g${index}`, file])),
    outdir: "out",
    absWorkingDir: projectDir,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2024",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    loader: LOADERS,
    logLevel: "silent",
    plugins: [outsideOfTheBundle(builtins)],
  });
  return { metafile, builtins };
}

/** Node's modules and the platform's are not bundled; who imports the former is noted. */
const outsideOfTheBundle = (builtins) => ({
  name: "outside-of-the-bundle",
  setup({ onResolve }) {
    onResolve({ filter: /^cloudflare:/ }, () => ({ external: true }));
    onResolve({ filter: /^(?:node:)?[a-z_0-9]+(?:\/[a-z_]+)?$/ }, ({ path, importer, kind }) => {
      const name = path.replace(/^node:/, "");
      if (!path.startsWith("node:") && !builtinModules.includes(name)) return undefined;
      if (kind !== "dynamic-import") builtins.push({ name: name.split("/")[0], importer });
      return { external: true, path: `node:${name}` };
    });
  },
});

async function note(projectDir, graphs, { metafile, builtins }, { filesOf, notes }) {
  const entries = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint !== undefined);
  for (const graph of graphs) {
    const output = entries.find(({ entryPoint }) => resolve(projectDir, entryPoint) === graph.file);
    const files = Object.keys(output?.inputs ?? {}).map((file) => resolve(projectDir, file));
    filesOf.set(graph.id, files);
    for (const { name, importer } of builtins) {
      if (!(name in WITHOUT_FUNCTION) || !files.includes(importer) || DOES_WITHOUT.test(importer)) continue;
      notes.add(
        `${shown(projectDir, importer)} imports "node:${name}", whose functions throw: ${WITHOUT_FUNCTION[name]}`,
      );
    }
    for (const file of files.filter(
      (path) => !path.includes("node_modules") && /\.[cm]?[jt]sx?$/.test(path),
    )) {
      for (const text of await faultsInSource(file)) notes.add(`${shown(projectDir, file)}${text}`);
    }
  }
}

async function faultsInSource(file) {
  const lines = (await readFile(file, "utf8")).split("\n");
  return IN_SOURCE.flatMap(([pattern, reason]) => {
    const index = lines.findIndex((line) => pattern.test(line) && !/^\s*(?:\/\/|\*)/.test(line));
    return index === -1 ? [] : [`:${index + 1} has \`${pattern.exec(lines[index])[0]}\`: ${reason}`];
  });
}

/** A file for a message; of a package, the package too. */
function shown(projectDir, file) {
  const path = relative(projectDir, file).replaceAll("\\", "/");
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
  return name === undefined ? `./${path}` : `the package ${name} (${path})`;
}

function faultOf(projectDir, error) {
  const [first] = error.errors ?? [];
  if (first === undefined) return error.message;
  const { location, text } = first;
  const where = location
    ? `, imported in ${shown(projectDir, resolve(projectDir, location.file))}:${location.line}`
    : "";
  const addon = /"([^"]*\.node)"|\.node" files: (\S+)/.exec(text);
  if (addon !== null) {
    return `it needs the native addon ${addon[1] ?? addon[2]}${where}: a Worker loads none; take a package in plain JavaScript or WebAssembly`;
  }
  return `${text}${where}`;
}
