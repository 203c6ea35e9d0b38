/**
 * Looks at the files of which a Worker with these graphs is made, as wrangler would bundle them: what each graph is made of,
 * what cannot be bundled, and what is bundled and then refused or missing in a Worker.
 */
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { resolve } from "node:path";
import { build } from "esbuild";
import { buildWithoutMissing, reachOf, reasonOf, shown } from "./missing-imports.mjs";

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
 * @param {{ id: string, path: string, file: string }[]} graphs whose files are there
 * @returns by graph id `filesOf`, the absolute files that it is made of; `faults`, why it cannot be bundled; and `late`, the
 *   missing imports that fail when they are reached. And `notes`, what will not work in a Worker.
 */
export async function analyseBundle(projectDir, graphs) {
  const found = { filesOf: new Map(), faults: new Map(), late: new Map(), notes: new Set() };
  const all = await bundle(projectDir, graphs).catch(() => undefined);
  if (all !== undefined) await note(projectDir, graphs, all, found);
  else {
    // One of them cannot be bundled: each by itself tells which.
    for (const graph of graphs) {
      try {
        await note(projectDir, [graph], await bundle(projectDir, [graph]), found);
      } catch (error) {
        const files = (error.errors ?? []).flatMap(({ location }) => (location ? [location.file] : []));
        found.filesOf.set(graph.id, [graph.file, ...files.map((file) => resolve(projectDir, file))]);
        found.faults.set(graph.id, `${graph.path} could not be bundled: ${faultOf(projectDir, error)}`);
      }
    }
  }
  return { ...found, notes: [...found.notes] };
}

async function bundle(projectDir, graphs) {
  let builtins = [];
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

async function note(projectDir, graphs, { metafile, missing, builtins }, { filesOf, faults, late, notes }) {
  const entries = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint !== undefined);
  for (const graph of graphs) {
    const { entryPoint } = entries.find((output) => resolve(projectDir, output.entryPoint) === graph.file);
    const reach = reachOf(projectDir, metafile, entryPoint, missing);
    const { files } = reach;
    filesOf.set(graph.id, files);
    late.set(graph.id, reach.late);
    if (reach.needed.length > 0) {
      const reasons = reach.needed.map((each) => reasonOf(projectDir, each));
      faults.set(graph.id, `${graph.path} could not be bundled: ${reasons.join("; ")}`);
    }
    for (const { name, importer } of builtins) {
      if (!(name in WITHOUT_FUNCTION) || !files.includes(importer) || DOES_WITHOUT.test(importer)) continue;
      notes.add(
        `${shown(projectDir, { file: importer })} imports "node:${name}", whose functions throw: ${WITHOUT_FUNCTION[name]}`,
      );
    }
    for (const file of files.filter(
      (path) => !path.includes("node_modules") && /\.[cm]?[jt]sx?$/.test(path),
    )) {
      for (const text of await faultsInSource(file)) notes.add(`${shown(projectDir, { file })}${text}`);
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

function faultOf(projectDir, error) {
  const [first] = error.errors ?? [];
  if (first === undefined) return error.message;
  const { location, text } = first;
  return location
    ? `${text}, in ${shown(projectDir, { file: resolve(projectDir, location.file), line: location.line })}`
    : text;
}
