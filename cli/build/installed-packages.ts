/**
 * For the check of graphs in Node: a package that is installed is not bundled, and Node loads it from where the importer has it. A package
 * of the same workspace is bundled like the project's own files: Node cannot load TypeScript as bundlers do.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { asksForParent } from "./module-parent.js";

/** Keeps the plugin from being asked about its own question. */
const ASKED = Symbol("asked");

/** What Node loads by itself. */
const SCRIPT = /\.[cm]?js$/;

export const installedPackages: Plugin = {
  name: "installed-packages",
  setup({ onResolve, resolve }) {
    // What is no path.
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, pluginData, ...from }) => {
      if (kind === "entry-point" || pluginData === ASKED) return undefined;
      const found = await resolve(path, { kind, pluginData: ASKED, ...from });
      // What is not there fails when it is reached, and what is needed at once was looked for before.
      if (found.errors.length > 0) return { path, external: true };
      if (found.external || found.namespace !== "file") return found;
      if (!/[\\/]node_modules[\\/]/.test(found.path) || !SCRIPT.test(found.path)) return found;
      const isRequired = kind === "require-call" || kind === "require-resolve";
      // Node gives a module that is imported no parent.
      if (!isRequired && asksForParent(readFileSync(found.path, "utf8"))) return found;
      return { path: isRequired ? found.path : pathToFileURL(found.path).href, external: true };
    });
  },
};
