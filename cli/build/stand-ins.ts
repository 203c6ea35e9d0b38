/**
 * What wrangler has to be told of the files that it bundles: the modules that stand in for imports that lead nowhere, and that throw when
 * they are reached; and the files that ask for the parent of their module.
 */
import { join } from "node:path";
import type { Project } from "../project.js";
import { analyseBundle } from "./bundle-analysis.js";
import { isFound, readConfig } from "./graphs-config.js";
import { writeStandIns } from "./missing-imports.js";

export interface ForBundler {
  /** The files of the stand-ins, by what the importers wrote. */
  readonly standIns: Map<string, string>;
  readonly askingParent: readonly string[];
}

/**
 * Writes the stand-ins of this project's graphs and of its `Auth`.
 * @throws GraphConfigError when langgraph.json cannot be read
 */
export async function prepareStandIns({ configPath, dir, outDir }: Project): Promise<ForBundler> {
  const { graphs, auth, app } = await readConfig(configPath);
  const others = [auth, app].filter((module) => module !== undefined);
  const { late, askingParent } = await analyseBundle(dir, [...graphs.filter(isFound), ...others]);
  const missing = new Map([...late.values()].flat().map((found) => [found.specifier, found]));
  return { standIns: writeStandIns(dir, join(outDir, "missing"), missing.values()), askingParent };
}
