/**
 * What wrangler has to be told of imports that lead nowhere. `wrangler dev` takes the modules that stand in for them from its
 * configuration only, so it is given a copy of wrangler.toml that names them.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { analyseBundle } from "./bundle-analysis.mjs";
import { readConfig } from "./graphs-config.mjs";
import { writeStandIns } from "./missing-imports.mjs";
import { root } from "./wrangler.mjs";

/** Beside wrangler.toml, because its paths are relative to it. */
const COPY = join(root, "wrangler.edgecron.toml");

/**
 * Writes the stand-ins of this project's graphs.
 * @param {string[]} argv flags for wrangler; with a configuration of their own there are no stand-ins
 * @returns {Promise<{ flags: string[], environment: Record<string, string> }>} for wrangler, beside `argv`
 * @throws GraphConfigError when langgraph.json cannot be read
 */
export async function prepareStandIns(argv) {
  rmSync(COPY, { force: true });
  if (argv.some((word) => /^(?:--config|-c)(?:=|$)/.test(word))) return { flags: [], environment: {} };
  const { graphs } = await readConfig(join(root, "langgraph.json"));
  const { late } = await analyseBundle(
    root,
    graphs.filter(({ fault }) => fault === undefined),
  );
  const missing = new Map([...late.values()].flat().map((found) => [found.specifier, found]));
  const files = writeStandIns(root, join(root, ".edgecron/missing"), missing.values());
  if (files.size === 0) return { flags: [], environment: {} };
  const lines = [...files].map(
    ([specifier, file]) => `${JSON.stringify(specifier)} = ${JSON.stringify(file)}`,
  );
  const toml = readFileSync(join(root, "wrangler.toml"), "utf8");
  writeFileSync(COPY, `${toml}\n[alias]\n${lines.join("\n")}\n`);
  return {
    flags: ["--config", COPY],
    environment: { EDGECRON_STAND_INS: JSON.stringify([...files.keys()]) },
  };
}
