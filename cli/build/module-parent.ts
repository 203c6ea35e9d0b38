/**
 * Older packages in CommonJS ask `module.parent` whether they are the program that was started, and then do something else: pdf-parse 1
 * reads a file of its tests. In Node the modules that others require have a parent. Those that a bundler makes have none, nor
 * have those that are imported. So each file that asks is given one when it is bundled.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Metafile, Plugin } from "esbuild";

/** The variable of the environment that names the files, in a JSON array, to the process in which wrangler bundles. */
export const FILES_ASKING_PARENT = "EDGECRON_FILES_ASKING_PARENT";

const ASKS = /\bmodule\s*(?:\?\.|\.|\[\s*["'`])\s*parent\b|\bparent\b[^{}]*\}\s*=\s*module\b/;
/** What precedes the code: what makes it a program of a shell, and the directive, which counts in the first place only. */
const HASHBANG = /^#!.*\n/;
const IS_STRICT = /^(?:\s|\/\/.*\n|\/\*[^]*?\*\/)*(["'])use strict\1/;

/** The parent looks like the module of the program that was started. An ES module has no `module`, and gets none. */
const GIVE_PARENT =
  'typeof module === "undefined" || (module.parent ??= { id: ".", filename: __filename, exports: {}, children: [], paths: [], loaded: false });';

export const asksForParent = (code: string): boolean => ASKS.test(code);

/** On the line on which the code begins, so that places in stacks are those of the file. */
export function withParent(code: string): string {
  const [hashbang = ""] = HASHBANG.exec(code) ?? [];
  const rest = code.slice(hashbang.length);
  return `${hashbang}${IS_STRICT.test(rest) ? '"use strict"; ' : ""}${GIVE_PARENT} ${rest}`;
}

/** The absolute files of a bundle that ask. */
export function filesAskingParent(projectDir: string, { inputs }: Metafile): string[] {
  return Object.entries(inputs)
    .filter(([path, { format }]) => format === "cjs" && /\.[cm]?[jt]sx?$/.test(path))
    .map(([path]) => resolve(projectDir, path))
    .filter((file) => asksForParent(readFileSync(file, "utf8")));
}

/** For esbuild. @param filter which files are looked at; each costs time */
export const givingParents = (filter: RegExp): Plugin => ({
  name: "module-parent",
  setup({ onLoad }) {
    onLoad({ filter, namespace: "file" }, ({ path }) => {
      const code = readFileSync(path, "utf8");
      return asksForParent(code) ? { contents: withParent(code) } : undefined;
    });
  },
});
