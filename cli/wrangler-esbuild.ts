/**
 * Runs in the process of wrangler before wrangler does (`node --import`), and has its esbuild bundle with a plugin of ours: wrangler has
 * no setting for plugins.
 */
import { createRequire } from "node:module";
import type * as Esbuild from "esbuild";
import { FILES_ASKING_PARENT, givingParents } from "./build/module-parent.js";

const files = JSON.parse(process.env[FILES_ASKING_PARENT] ?? "[]") as string[];
const escaped = files.map((file) => file.replace(/[-/\\^$*+?.()|[\]{}]/g, "\\$&"));
const plugin = givingParents(new RegExp(`^(?:${escaped.join("|")})$`));

const requireHere = createRequire(import.meta.url);
const requireOfWrangler = createRequire(requireHere.resolve("wrangler/package.json"));
const esbuild = requireOfWrangler("esbuild") as typeof Esbuild;
const loaded = requireOfWrangler.cache[requireOfWrangler.resolve("esbuild")];
if (loaded === undefined) throw new Error("esbuild is not where wrangler takes it from");
loaded.exports = {
  ...esbuild,
  build: (options: Esbuild.BuildOptions) => esbuild.build(withPlugin(options)),
  context: (options: Esbuild.BuildOptions) => esbuild.context(withPlugin(options)),
};

function withPlugin(options: Esbuild.BuildOptions): Esbuild.BuildOptions {
  return { ...options, plugins: [plugin, ...(options.plugins ?? [])] };
}
