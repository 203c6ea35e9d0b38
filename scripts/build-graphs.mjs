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
 * graph that is wrong stands for its own error, and the others are served. EDGECRON_NOT_LOADED tells, in JSON, which
 * graphs the Worker could not load. EDGECRON_STAND_INS names, in a JSON array, the missing imports for which wrangler was
 * given stand-ins.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { stateOf, writeReport } from "./build-report.mjs";
import { analyseBundle } from "./bundle-analysis.mjs";
import { checkGraphs } from "./graph-check.mjs";
import { generate } from "./generated-module.mjs";
import { replaceExit, stackOf } from "./graph-module.mjs";
import { graphSchemas } from "./graph-schemas.mjs";
import { GraphConfigError, readConfig } from "./graphs-config.mjs";
import { reasonOf } from "./missing-imports.mjs";
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
  standIns = [],
  notLoaded = {},
  onGraph = () => undefined,
} = {}) {
  const configPath = resolve(config);
  const outPath = resolve(out);
  const projectDir = dirname(configPath);
  const { graphs, settings, env, notes } = await readConfig(configPath);
  const leave = enterVariables(projectVariables(configPath, env));
  try {
    checkDefaultConfig(configPath);
    const errors = new Map();
    for (const { id, fault, error } of graphs) if (fault !== undefined) errors.set(id, error(fault));
    const right = () => graphs.filter(({ id }) => !errors.has(id));
    const analysis = await analyseBundle(projectDir, right());
    for (const { id, file } of graphs)
      if (file && !analysis.filesOf.has(id)) analysis.filesOf.set(id, [file]);
    for (const { id, error } of right()) {
      const fault = analysis.faults.get(id) ?? faultOfLate(projectDir, analysis.late.get(id), standIns);
      if (fault !== undefined) errors.set(id, error(fault));
      else if (notLoaded[id]?.state === stateOf(analysis.filesOf.get(id)))
        errors.set(id, new GraphConfigError(notLoaded[id].message));
    }
    const toLoad = right();
    const checked = await checkGraphs(projectDir, toLoad, (index) =>
      onGraph(toLoad[index], index, toLoad.length),
    );
    for (const [id, error] of checked.errors) errors.set(id, error);
    // A graph whose id is wrong cannot be asked for, so nothing stands for it.
    const named = graphs.filter(({ hasValidId }) => hasValidId);
    const wrong = graphs.flatMap(({ id }) => errors.get(id) ?? []);
    if (wrong.length > 0 && (!keepGoing || named.length === 0)) {
      throw new GraphConfigError(wrong.map(({ message }) => message).join("\n"));
    }
    const schemas = await graphSchemas(
      checked.typed,
      projectDir,
      outPath.replace(/(\.\w+)?$/, ".schemas.json"),
    );
    const providers = await modelProviders(
      projectDir,
      right().flatMap(({ id }) => analysis.filesOf.get(id)),
    );
    await writeProviderModules(projectDir, join(dirname(outPath), "modules"), providers);
    const offers = await writeOffers(outPath.replace(/(\.\w+)?$/, ".providers.mjs"), providers);
    const source = generate({
      graphs: named,
      settings,
      schemas,
      offers,
      errors,
      keepGoing,
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
      errors: wrong.map(({ message }) => message),
      filesOf: analysis.filesOf,
    };
  } finally {
    leave();
  }
}

/** Of missing imports for which the bundler has no stand-in; it learns of them when it is started, by its flags. */
function faultOfLate(projectDir, late, standIns) {
  const found = late.find(({ specifier }) => !standIns.includes(specifier));
  return (
    found &&
    `${reasonOf(projectDir, found)}. Or start "npm run dev" again, and deploy with "npm run deploy": then it fails only when it is reached`
  );
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

async function main() {
  const { values } = parseArgs({
    options: { config: { type: "string" }, out: { type: "string", default: ".edgecron/graphs.ts" } },
  });
  const keepGoing = process.env.EDGECRON_KEEP_GOING === "1";
  const standIns = JSON.parse(process.env.EDGECRON_STAND_INS || "[]");
  const notLoaded = JSON.parse(process.env.EDGECRON_NOT_LOADED || "{}");
  const late = noteLateFailures();
  // `npm run dev` says what it waits for when a build takes long.
  const onGraph = ({ id, path }, index, count) => {
    if (keepGoing) console.log(`Loading graph "${id}" (${path}), ${index + 1} of ${count}`);
  };
  const { graphIds, notes, errors, filesOf } = await buildGraphs({
    ...values,
    keepGoing,
    standIns,
    notLoaded,
    onGraph,
  }).catch(async (error) => {
    if (error instanceof GraphConfigError) await writeReport(values.out, { failure: error.message });
    throw error;
  });
  notes.push(...late);
  const states = [...filesOf].map(([id, files]) => [id, stateOf(files)]);
  await writeReport(values.out, {
    notes,
    errors,
    filesOf: Object.fromEntries(filesOf),
    states: Object.fromEntries(states),
  });
  console.log(`Graphs: ${graphIds.join(", ")}`);
  // `npm run dev` tells these itself, once.
  if (!keepGoing) for (const note of notes) console.warn(`Note: ${note}`);
  for (const message of errors) console.error(message);
}

/** What a module began while it was loaded may fail when it has long been loaded: that is no reason to end here. */
function noteLateFailures() {
  const notes = [];
  const add = (error) => {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    notes.push(
      `something that a graph's module began when it was loaded has failed: ${text}${stackOf(error)}`,
    );
  };
  process.on("unhandledRejection", add);
  process.on("uncaughtException", add);
  return notes;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const end = process.exit.bind(process);
  replaceExit((code) => {
    throw new Error(`process.exit(${code ?? ""})`);
  });
  try {
    await main();
    // A graph's module may have left a timer or socket open; the work here is done.
    end(0);
  } catch (error) {
    console.error(error instanceof GraphConfigError ? error.message : error);
    end(1);
  }
}
