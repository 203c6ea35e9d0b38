/**
 * Imports that lead nowhere. One that a graph needs to be loaded stops the build. One that is only reached by an `import()`, or
 * by a `require` in a function, fails when it is reached, as in Node: the bundler is given a module in its place that throws.
 *
 * Some packages have exports in Node that their version for browsers lacks, and a Worker is bundled like a browser's code. Such an
 * export is added as a function that throws: the package that imports it often never calls it.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { BuildFailure, BuildResult, Message, Metafile, Plugin } from "esbuild";
import { packageFolder, unbuiltFile } from "./package-folder.js";
import { placeOf } from "./place.js";

const NAMESPACE = "edgecron-missing";
const UNRESOLVED = /^Could not resolve "([^"]+)"/;
const ADDON = /\.node" files: (\S+)/;
const NO_EXPORT = /^No matching export in "([^"]+)" for import "([^"]+)"/;
/** The name of a package or of a module in it, as an importer writes it. */
const OF_PACKAGE = /\bfrom\s*["']((?:@[^/"']+\/)?[^."'/][^"']*)["']/;

/** An import that leads nowhere. */
export interface MissingImport {
  readonly specifier: string;
  readonly importers: { file: string; line: number }[];
  /** Whether it is a native addon, which a Worker cannot load. */
  readonly addon: boolean;
  /**
   * For a module that is there but lacks exports: its absolute file, and the names of the exports. The name "default" is one that
   * the module has, and that `export *` leaves out.
   */
  readonly lacks?: { readonly file: string; readonly names: Set<string> };
}

type Missing = ReadonlyMap<string, MissingImport>;

/**
 * Bundles; imports that lead nowhere are met by modules that throw.
 * @param projectDir absolute
 * @param build bundles with this plugin before others
 * @returns the result, and the missing imports by what the importers wrote
 * @throws esbuild's error when anything else is wrong
 */
export async function buildWithoutMissing<R extends BuildResult>(
  projectDir: string,
  build: (plugin: Plugin) => Promise<R>,
): Promise<{ result: R; missing: Missing }> {
  const missing = new Map<string, MissingImport>();
  for (;;) {
    try {
      return { result: await build(standIns(projectDir, missing)), missing };
    } catch (error) {
      const known = sizeOf(missing);
      const errors = errorsOf(error);
      for (const { text, location } of errors) {
        const specifier = specifierOf(text, location);
        if (specifier === undefined) continue;
        const [, file, name] = NO_EXPORT.exec(text) ?? [];
        if (file !== undefined && name !== undefined) {
          const lacks = { file: resolve(projectDir, file), names: new Set<string>() };
          const found = missing.get(specifier) ?? { specifier, importers: [], addon: false, lacks };
          found.lacks?.names.add(name);
          missing.set(specifier, found);
        } else if (!missing.has(specifier)) {
          missing.set(specifier, { specifier, importers: [], addon: !UNRESOLVED.test(text) });
        }
      }
      // What is left is wrong in another way.
      if (sizeOf(missing) === known) throw error;
      for (const { text, location } of errors) {
        const found = missing.get(specifierOf(text, location) ?? "");
        if (found === undefined || location === null) continue;
        found.importers.push({ file: resolve(projectDir, location.file), line: location.line });
      }
    }
  }
}

/** How many modules and exports are missing. */
const sizeOf = (missing: Missing): number =>
  [...missing.values()].reduce((size, { lacks }) => size + 1 + (lacks?.names.size ?? 0), 0);

/** What esbuild found wrong; empty for an error that is not esbuild's. */
export function errorsOf(error: unknown): readonly Message[] {
  return (error as Partial<BuildFailure> | undefined)?.errors ?? [];
}

/** What the importer wrote; undefined for other errors. */
function specifierOf(text: string, location: Message["location"]): string | undefined {
  if (location === null) return undefined;
  const { lineText, column } = location;
  const [, unresolved] = UNRESOLVED.exec(text) ?? [];
  // Only what a package lacks for another package. In the project's own files it is a mistake, which has to be told.
  if (NO_EXPORT.test(text)) {
    return location.file.includes("node_modules/") ? OF_PACKAGE.exec(lineText)?.[1] : undefined;
  }
  // Of an addon the message names the file; what was written stands in the source.
  return ADDON.test(text)
    ? /^(["'`])(.+?)\1/.exec(Buffer.from(lineText).subarray(column).toString())?.[2]
    : unresolved;
}

/** For esbuild: modules that throw in place of those that are missing. */
function standIns(projectDir: string, missing: Missing): Plugin {
  return {
    name: "missing-imports",
    setup({ onResolve, onLoad }) {
      if (missing.size === 0) return;
      const names = [...missing.keys()].map((name) => name.replace(/[-/\\^$*+?.()|[\]{}]/g, "\\$&"));
      onResolve({ filter: new RegExp(`^(?:${names.join("|")})$`) }, ({ path }) => ({
        path,
        namespace: NAMESPACE,
      }));
      onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const found = missing.get(path);
        return found && { contents: sourceOf(projectDir, found), resolveDir: projectDir };
      });
    },
  };
}

/**
 * A module that throws. CommonJS, so that an importer may ask for any name. The code is Node's; packages look for it. For a module
 * that lacks exports: the module, with these as functions that throw.
 */
function sourceOf(projectDir: string, found: MissingImport): string {
  if (found.lacks !== undefined) {
    const thrown = `throw new Error(${JSON.stringify(reasonOf(projectDir, found))});`;
    const from = `from ${JSON.stringify(found.lacks.file)};`;
    const added = [...found.lacks.names].map((name) =>
      name === "default" ? `export { default } ${from}` : `export function ${name}() { ${thrown} }`,
    );
    return [`export * ${from}`, ...added, ""].join("\n");
  }
  const message = `Cannot find module "${found.specifier}": ${reasonOf(projectDir, found)}`;
  return `module.exports = {};\nthrow Object.assign(new Error(${JSON.stringify(message)}), { code: "MODULE_NOT_FOUND" });\n`;
}

/** What a graph's file reaches. */
export interface Reach {
  /** Absolute. */
  readonly files: string[];
  /** Those that are surely executed when the graph is loaded: `import()` reaches others, and so may a `require` in a function. */
  readonly importedAtLoad: string[];
  /** Missing imports without which the graph cannot be loaded. */
  readonly needed: MissingImport[];
  /** Missing imports that fail when they are reached. */
  readonly late: MissingImport[];
}

/**
 * Which files a graph is made of, and which missing imports it has.
 * @param metafile with paths relative to `projectDir`
 * @param entry the graph's file, as the metafile names it
 */
export function reachOf(projectDir: string, { inputs }: Metafile, entry: string, missing: Missing): Reach {
  const atLoad = reached(inputs, entry, ({ kind }) => kind !== "dynamic-import");
  const all = reached(inputs, entry, () => true);
  const needed = new Set<MissingImport>();
  const late = new Set<MissingImport>();
  for (const file of all) {
    for (const { path, kind } of inputs[file]?.imports ?? []) {
      if (!path.startsWith(`${NAMESPACE}:`)) continue;
      const found = missing.get(path.slice(NAMESPACE.length + 1));
      if (found === undefined) continue;
      // A `require` may stand in a function; whether it fails at once is seen when the graph is loaded.
      const atOnce = kind === "import-statement" || (found.addon && kind !== "dynamic-import");
      const isNeeded = found.lacks === undefined && atLoad.has(file) && atOnce;
      (isNeeded ? needed : late).add(found);
    }
  }
  const imported = reached(inputs, entry, ({ kind }) => kind === "import-statement");
  const paths = (files: Set<string>): string[] =>
    [...files].filter((file) => !file.startsWith(`${NAMESPACE}:`)).map((file) => resolve(projectDir, file));
  return { files: paths(all), importedAtLoad: paths(imported), needed: [...needed], late: [...late] };
}

type Inputs = Metafile["inputs"];
type Import = Inputs[string]["imports"][number];

function reached(inputs: Inputs, entry: string, follows: (next: Import) => boolean): Set<string> {
  const files = new Set([entry]);
  for (const file of files) {
    for (const next of inputs[file]?.imports ?? []) {
      if (next.external !== true && inputs[next.path] !== undefined && follows(next)) files.add(next.path);
    }
  }
  return files;
}

/** What is to be done about a missing import, in a sentence that names it and who imports it. */
export function reasonOf(projectDir: string, { specifier, importers, addon, lacks }: MissingImport): string {
  const by = [...new Set(importers.map((importer) => placeOf(projectDir, importer)))].slice(0, 3).join(", ");
  if (lacks !== undefined) {
    const names = [...lacks.names]
      .filter((name) => name !== "default")
      .map((name) => `"${name}"`)
      .join(", ");
    return `${by} imports ${names} from "${specifier}", which has that in Node only and not in a Worker`;
  }
  if (addon) return `${by} needs the native addon "${specifier}", and a Worker loads none`;
  const [name] = /^(?:@[^/]+\/)?[^./][^/]*/.exec(specifier) ?? [];
  if (name === undefined) return `${by} imports "${specifier}", and there is no such file`;
  const [folder] = importers.flatMap(({ file }) => packageFolder(dirname(file), name) ?? []);
  if (folder === undefined)
    return `${by} imports "${specifier}", which is not installed; install it with: npm install ${name}`;
  const unbuilt = unbuiltFile(folder);
  return unbuilt === undefined
    ? `${by} imports "${specifier}", which the installed version of ${name} does not have`
    : `${by} imports "${specifier}", and ${name} is a package of the workspace that is not built: its package.json names ${unbuilt}, and there is no such file. Build ${name} first`;
}

/**
 * Writes a module that throws for each missing import, and removes those of earlier builds.
 * @returns their files, by what the importers wrote
 */
export function writeStandIns(
  projectDir: string,
  dir: string,
  missing: Iterable<MissingImport>,
): Map<string, string> {
  const files = new Map<string, string>();
  const written = new Set<string>();
  mkdirSync(dir, { recursive: true });
  for (const found of missing) {
    const { specifier, lacks } = found;
    const hash = createHash("sha256").update(specifier).digest("hex").slice(0, 8);
    const name = `${specifier.replace(/[^\w-]+/g, "_")}-${hash}.${lacks === undefined ? "cjs" : "mjs"}`;
    const text = sourceOf(projectDir, found);
    const path = join(dir, name);
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
    written.add(name);
    files.set(specifier, path);
  }
  for (const name of readdirSync(dir)) if (!written.has(name)) rmSync(join(dir, name));
  return files;
}
