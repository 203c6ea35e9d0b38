/**
 * The module behind `edgecron/tools` in the bundle of a project. It makes tools of LangChain, and a project may have another LangChain than
 * this package. So a copy of the module lies in the project, where `@langchain/core` is the project's own.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../package-root.js";
import type { Project } from "../project.js";

/** What graphs import. */
export const GRAPH_TOOLS = "edgecron/tools";

/** The first version whose tools take a JSON schema. */
const OLDEST_CORE = [0, 3, 45];

/** @returns the file that stands for `edgecron/tools` */
export async function prepareGraphTools({ dir, outDir }: Pick<Project, "dir" | "outDir">): Promise<string> {
  const module = join(packageRoot, "dist/tools.js");
  const version = coreVersionOf(dir);
  // A bundler then finds the one of this package.
  if (version === undefined) return module;
  const copy = join(outDir, "tools.mjs");
  const text = isOlder(version) ? refusing(version) : readFileSync(module, "utf8");
  await mkdir(outDir, { recursive: true });
  if (!existsSync(copy) || readFileSync(copy, "utf8") !== text) writeFileSync(copy, text);
  return copy;
}

/** The version of the project's own `@langchain/core`; undefined when it has none. */
function coreVersionOf(dir: string): string | undefined {
  const { resolve } = createRequire(join(dir, "package.json"));
  try {
    const { version } = JSON.parse(readFileSync(resolve("@langchain/core/package.json"), "utf8")) as {
      version: string;
    };
    return version;
  } catch {
    return undefined;
  }
}

function isOlder(version: string): boolean {
  const numbers = version.split(/[.-]/).map(Number);
  const index = OLDEST_CORE.findIndex((number, place) => number !== numbers[place]);
  return index >= 0 && (numbers[index] ?? 0) < (OLDEST_CORE[index] ?? 0);
}

/** A graph that imports it says so when it is loaded; others do not notice. */
function refusing(version: string): string {
  const oldest = OLDEST_CORE.join(".");
  const message = `edgecron/tools needs @langchain/core ${oldest} or later, and this project has ${version}`;
  return `export const cronTools = () => { throw new Error(${JSON.stringify(message)}); };\n`;
}
