#!/usr/bin/env node
/**
 * Turns langgraph.json, the file with which LangGraph projects name their graphs, into a module of
 * static imports that the Worker bundles: a Worker cannot load code at run time.
 *
 *   node scripts/build-graphs.mjs [--config langgraph.json] [--out .edgecron/graphs.ts]
 *
 * Every graph is loaded once in Node on the way, so that a wrong path, a missing export or a module
 * that throws is told here, by name, and not by a server that does not start. Exit code 1 and a message
 * for each graph on stderr when something is wrong. With EDGECRON_KEEP_GOING=1, as `npm run dev` sets it, a
 * graph that is wrong stands for its own error, and the others are served. The file is only rewritten
 * when it changes, because `wrangler dev` watches it.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { analyseBundle } from "./bundle-analysis.mjs";
import { checkGraphs } from "./graph-check.mjs";
import { graphSchemas } from "./graph-schemas.mjs";
import { GraphConfigError, readConfig } from "./graphs-config.mjs";
import { modelProviders, writeOffers, writeProviderModules } from "./model-providers.mjs";
import { enterVariables, projectVariables } from "./project-variables.mjs";

export { GraphConfigError };

/**
 * @param {import("./build-graphs.d.mts").BuildGraphsOptions} [options]
 * @returns {Promise<{ graphIds: string[], changed: boolean }>}
 */
export async function buildGraphs({
  config = "langgraph.json",
  out = ".edgecron/graphs.ts",
  keepGoing = false,
} = {}) {
  const configPath = resolve(config);
  const outPath = resolve(out);
  const projectDir = dirname(configPath);
  const { graphs, settings, env, notes } = await readConfig(configPath);
  const leave = enterVariables(projectVariables(configPath, env));
  try {
    checkDefaultConfig(configPath);
    const { typed, errors } = await checkGraphs(projectDir, graphs);
    const served = graphs.filter(({ id }) => !errors.has(id));
    const analysis = await analyseBundle(projectDir, served);
    for (const [id, fault] of analysis.faults) errors.set(id, byId(graphs, id).error(fault));
    // A graph whose id is wrong cannot be asked for, so nothing stands for it.
    const named = graphs.filter(({ hasValidId }) => hasValidId);
    if (errors.size > 0 && (!keepGoing || named.length === 0)) throw joined([...errors.values()]);
    const schemas = await graphSchemas(
      typed.filter(({ id }) => !errors.has(id)),
      projectDir,
      outPath.replace(/(\.\w+)?$/, ".schemas.json"),
    );
    const providers = await modelProviders(projectDir, [...analysis.filesOf.values()].flat());
    await writeProviderModules(projectDir, join(dirname(outPath), "modules"), providers);
    const offers = await writeOffers(outPath.replace(/(\.\w+)?$/, ".providers.mjs"), providers);
    const source = generate({
      graphs: named,
      settings,
      schemas,
      offers,
      errors,
      outDir: dirname(outPath),
    });
    const changed = !existsSync(outPath) || (await readFile(outPath, "utf8")) !== source;
    if (changed) {
      await mkdir(dirname(outPath), { recursive: true });
      await writeFile(outPath, source);
    }
    return {
      graphIds: named.map(({ id }) => id),
      changed,
      notes: [...notes, ...analysis.notes],
      errors: [...errors.values()].map(({ message }) => message),
      filesOf: analysis.filesOf,
    };
  } finally {
    leave();
  }
}

const byId = (graphs, id) => graphs.find((graph) => graph.id === id);

/** One error with the messages of all. */
function joined(errors) {
  return errors.length === 1
    ? errors[0]
    : new GraphConfigError(errors.map(({ message }) => message).join("\n"));
}

/** `LANGGRAPH_CONFIG`, by graph id the config and the context of its default assistant, has to be readable. */
function checkDefaultConfig(configPath) {
  const text = process.env.LANGGRAPH_CONFIG;
  if (text === undefined || text === "") return;
  try {
    const parsed = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return;
  } catch {
    // Said below.
  }
  throw new GraphConfigError(
    `${configPath}: the variable LANGGRAPH_CONFIG is not valid: expected JSON such as {"agent": {"configurable": {}}}`,
  );
}

/** The text of the generated module. */
function generate({ graphs, settings, schemas, offers, errors, outDir }) {
  const lines = [
    "// Made by scripts/build-graphs.mjs from langgraph.json. Do not edit.",
    // A graph may be written in plain JavaScript, which has no types to check here.
    "// @ts-nocheck",
    ...(offers === undefined ? [] : [`import ${JSON.stringify(`./${basename(offers)}`)};`]),
  ];
  graphs.forEach(({ id, file, exportName }, index) => {
    if (errors.has(id)) return;
    const path = relative(outDir, file).replaceAll("\\", "/");
    const specifier = path.startsWith(".") ? path : `./${path}`;
    const name = /^[A-Za-z_$][\w$]*$/.test(exportName) ? exportName : JSON.stringify(exportName);
    lines.push(`import { ${name} as g${index} } from ${JSON.stringify(specifier)};`);
  });
  lines.push("", "export const graphs = {");
  graphs.forEach(({ id }, index) => {
    const error = errors.get(id);
    // A function that makes a graph may throw, and then its runs end with what it threw.
    const failing = error && `() => { throw new Error(${JSON.stringify(error.message)}); }`;
    lines.push(`  ${JSON.stringify(id)}: ${failing ?? `g${index}`},`);
  });
  lines.push("};", "", `export const settings = ${JSON.stringify(settings, null, 2)};`);
  lines.push("", "// Of graphs whose schemas only their types tell; by graph id, by path of the subgraph.");
  lines.push(`export const schemas = ${JSON.stringify(schemas)};`, "");
  return lines.join("\n");
}

/** Leaves word of the build for `npm run dev`, which cannot see into wrangler. */
async function report(out = ".edgecron/graphs.ts", what) {
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(join(dirname(resolve(out)), "build.json"), JSON.stringify(what));
}

async function main() {
  const { values } = parseArgs({ options: { config: { type: "string" }, out: { type: "string" } } });
  const keepGoing = process.env.EDGECRON_KEEP_GOING === "1";
  const { graphIds, notes, errors, filesOf } = await buildGraphs({ ...values, keepGoing }).catch(
    async (error) => {
      if (error instanceof GraphConfigError) await report(values.out, { failure: error.message });
      throw error;
    },
  );
  await report(values.out, { notes, errors, filesOf: Object.fromEntries(filesOf) });
  console.log(`Graphs: ${graphIds.join(", ")}`);
  // `npm run dev` tells these itself, once.
  if (!keepGoing) for (const note of notes) console.warn(`Note: ${note}`);
  for (const message of errors) console.error(message);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await main();
    // A graph's module may have left a timer or socket open; the work here is done.
    process.exit(0);
  } catch (error) {
    console.error(error instanceof GraphConfigError ? error.message : error);
    process.exit(1);
  }
}
