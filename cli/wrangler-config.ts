/**
 * The configuration that wrangler is given for a project: the package's own wrangler.toml, with the paths of the package and of the
 * project, the command that builds the graphs, and the modules that stand in for others; and what the project's own file for
 * wrangler adds.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { parse } from "smol-toml";
import { PLACE_OF_BUNDLE } from "./build/graph-module.js";
import { GRAPH_TOOLS, prepareGraphTools } from "./build/graph-tools.js";
import { FILES_ASKING_PARENT } from "./build/module-parent.js";
import { serverEntry } from "./build/server-entry.js";
import { prepareStandIns } from "./build/stand-ins.js";
import { dashboardAssets, type DashboardAssets } from "./dashboard.js";
import { type MergedConfig, mergeOwnWrangler, withoutAddress } from "./merge-wrangler.js";
import { readOwnWrangler } from "./own-wrangler.js";
import { packageRoot } from "./package-root.js";
import type { Project } from "./project.js";
import { nodeBinary } from "./wrangler.js";

/** What `src/graphs/registry.ts` imports. */
const GRAPHS = "edgecron:graphs";

interface BaseConfig extends Record<string, unknown> {
  readonly main: string;
  readonly d1_databases: readonly Record<string, unknown>[];
}

/**
 * Writes the configuration to `project.wranglerConfig`.
 * @returns variables of the environment with which wrangler has to be started
 * @throws GraphConfigError when langgraph.json cannot be read
 */
export async function writeWranglerConfig(project: Project): Promise<Record<string, string>> {
  const { standIns, askingParent } = await prepareStandIns(project);
  const aliases = new Map([[GRAPH_TOOLS, await prepareGraphTools(project)], ...standIns]);
  const assets = await dashboardAssets(project);
  const { config } = withOwnWrangler(project, wranglerConfig(project, await readBase(), aliases, assets));
  const text = `${JSON.stringify(project.isServed ? withoutAddress(config) : config, null, 2)}\n`;
  await mkdir(dirname(project.wranglerConfig), { recursive: true });
  const isKnown =
    existsSync(project.wranglerConfig) && (await readFile(project.wranglerConfig, "utf8")) === text;
  // wrangler watches it.
  if (!isKnown) await writeFile(project.wranglerConfig, text);
  return {
    EDGECRON_STAND_INS: JSON.stringify([...standIns.keys()]),
    ...(askingParent.length > 0 && { [FILES_ASKING_PARENT]: JSON.stringify(askingParent) }),
  };
}

/** What of the project's own file for wrangler has no effect. @throws GraphConfigError */
export async function notesOnOwnWrangler(project: Project): Promise<readonly string[]> {
  return withOwnWrangler(project, await readBase()).notes;
}

function withOwnWrangler({ dir, outDir }: Project, config: Readonly<Record<string, unknown>>): MergedConfig {
  const own = readOwnWrangler(dir);
  return own === undefined ? { config: { ...config }, notes: [] } : mergeOwnWrangler(config, own, outDir);
}

async function readBase(): Promise<BaseConfig> {
  return parse(await readFile(join(packageRoot, "wrangler.toml"), "utf8")) as unknown as BaseConfig;
}

/** Paths are relative to the file; those of aliases are absolute, because wrangler resolves them from each importer. */
function wranglerConfig(
  { configPath, outDir, graphsModule }: Project,
  base: BaseConfig,
  aliases: ReadonlyMap<string, string>,
  assets: DashboardAssets | undefined,
): Record<string, unknown> {
  const fromHere = (path: string): string => relative(outDir, path).replaceAll("\\", "/");
  const program = join(packageRoot, "dist/build/graphs-program.js");
  const command = [nodeBinary(), program, "--config", configPath, "--out", graphsModule];
  return {
    ...base,
    main: fromHere(join(packageRoot, serverEntry(packageRoot, base.main))),
    // Modules that LangChain imports by a variable: the packages of models that a graph names by a text.
    find_additional_modules: true,
    base_dir: "modules",
    rules: [
      { type: "ESModule", globs: ["@langchain/*"], fallthrough: false },
      // Prompts. wrangler knows other kinds of texts by itself.
      { type: "Text", globs: ["**/*.md"], fallthrough: true },
    ],
    build: {
      command: command.map(shellWord).join(" "),
      // `edgecron dev` writes the file "changed" when a file of a graph changes.
      watch_dir: [fromHere(configPath), "changed"],
    },
    ...(assets && { assets }),
    define: PLACE_OF_BUNDLE,
    alias: { [GRAPHS]: graphsModule, ...Object.fromEntries(aliases) },
    d1_databases: base.d1_databases.map((database) => ({
      ...database,
      migrations_dir: fromHere(join(packageRoot, "migrations")),
    })),
  };
}

/** A word as the shell reads it. */
function shellWord(word: string): string {
  if (/^[\w./:@-]+$/.test(word)) return word;
  return process.platform === "win32" ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`;
}
