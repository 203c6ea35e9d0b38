/**
 * What wrangler has to be told of imports that lead nowhere and that fail only when they are reached: the modules that stand in
 * for them, which throw.
 */
import { join } from "node:path";
import type { Project } from "../project.js";
import { analyseBundle } from "./bundle-analysis.js";
import { isFound, readConfig } from "./graphs-config.js";
import { writeStandIns } from "./missing-imports.js";

/**
 * Writes the stand-ins of this project's graphs and of its `Auth`.
 * @returns their files, by what the importers wrote
 * @throws GraphConfigError when langgraph.json cannot be read
 */
export async function prepareStandIns({ configPath, dir, outDir }: Project): Promise<Map<string, string>> {
  const { graphs, auth, app } = await readConfig(configPath);
  const others = [auth, app].filter((module) => module !== undefined);
  const { late } = await analyseBundle(dir, [...graphs.filter(isFound), ...others]);
  const missing = new Map([...late.values()].flat().map((found) => [found.specifier, found]));
  return writeStandIns(dir, join(outDir, "missing"), missing.values());
}
