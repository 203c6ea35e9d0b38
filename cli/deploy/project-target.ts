/** Reads from a project what is deployed, under which names, and where. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { z } from "zod";
import { GraphConfigError, readConfig } from "../build/graphs-config.js";
import { namedVariables } from "../build/project-variables.js";
import { readDeclarations } from "../crons/declaration-file.js";
import { DeclarationError } from "../crons/declarations.js";
import type { Project } from "../project.js";
import { writeWranglerConfig } from "../wrangler-config.js";
import { wranglerIn, type RunWrangler } from "./run-wrangler.js";
import { StepFailure } from "./steps.js";
import type { Target } from "./target.js";
import { databaseName, workerName } from "./worker-name.js";
import { wranglerFailure } from "./wrangler-failures.js";

/** The name in the package's own wrangler.toml, which stands for "none is given". */
const UNNAMED = "edgecron";
const NO_DATABASE = /^[0-]*$/;

/** Of the generated configuration of wrangler, what decides where it is deployed to. */
const configSchema = z.looseObject({
  name: z.string().optional(),
  account_id: z.string().optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
  d1_databases: z.array(
    z.looseObject({
      binding: z.string(),
      database_id: z.string().default(""),
      database_name: z.string().optional(),
    }),
  ),
});
type Config = z.output<typeof configSchema>;

/** The binding by which the server finds its database. */
const DATABASE = "DB";

/** What has to be known to find the deployment again. */
export type Place = Pick<Target, "name" | "database" | "accountId">;

/**
 * @param name that `--name` gives
 * @throws StepFailure when the project's own files are wrong
 */
export async function targetOf(project: Project, name: string | undefined): Promise<Target> {
  return explained(async () => {
    const environment = await writeWranglerConfig(project);
    const config = readGenerated(project);
    const place = placeOf(project, config, name);
    const { env, graphs } = await readConfig(project.configPath);
    return {
      ...place,
      variables: namedVariables(project.configPath, env),
      variablesFrom: sourceOf(env),
      bindings: bindingsOf(config),
      isOpen: config.vars.AUTH === "open",
      declarations: readDeclarations(
        project.configPath,
        graphs.map(({ id }) => id),
      ),
      environment,
      writeConfig: (accountId, databaseId) => writeDeployed(project, config, place, accountId, databaseId),
    };
  });
}

/** Where the project is deployed. @throws StepFailure */
export async function findPlace(project: Project, name: string | undefined): Promise<Place> {
  return explained(async () => {
    await writeWranglerConfig(project);
    return placeOf(project, readGenerated(project), name);
  });
}

/** wrangler, with the credentials of the project. */
export function wranglerOf(project: Project): RunWrangler {
  return wranglerIn(project.dir, credentialsOf(project));
}

/**
 * Loads the graphs and bundles the Worker, without uploading it.
 * @returns what came of it, in words
 * @throws StepFailure when it cannot be built
 */
export async function build(project: Project, wrangler: RunWrangler, target: Target): Promise<string> {
  const words = ["deploy", "--dry-run", "--outdir", join(project.outDir, "bundle")];
  const result = await wrangler(words, {
    configPath: project.wranglerConfig,
    environment: target.environment,
  });
  if (result.code !== 0) throw wranglerFailure("the project cannot be built", result);
  const [, graphs = ""] = /Graphs: (.*)/.exec(result.output) ?? [];
  const [, size = "?"] = /gzip: ([\d.]+ \wiB)/.exec(result.output) ?? [];
  return `${graphs}; the bundle has ${size} compressed`;
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GraphConfigError || error instanceof DeclarationError)
      throw new StepFailure("the project's files are wrong", error.message);
    throw error;
  }
}

const readGenerated = ({ wranglerConfig }: Project): Config =>
  configSchema.parse(JSON.parse(readFileSync(wranglerConfig, "utf8")));

function placeOf(project: Project, config: Config, name: string | undefined): Place {
  const ownName = config.name === UNNAMED ? undefined : config.name;
  const worker = workerName(name ?? ownName, project.dir);
  const own = config.d1_databases.find(({ binding }) => binding === DATABASE);
  const database =
    own === undefined || NO_DATABASE.test(own.database_id)
      ? { name: databaseName(worker) }
      : { name: own.database_name ?? own.database_id, id: own.database_id };
  const accountId =
    process.env.CLOUDFLARE_ACCOUNT_ID ?? credentialsOf(project).CLOUDFLARE_ACCOUNT_ID ?? config.account_id;
  return { name: worker, database, accountId };
}

/** The variables for wrangler in `.env`, unless the shell sets them. */
function credentialsOf({ dir }: Project): Record<string, string> {
  const file = join(dir, ".env");
  if (!existsSync(file)) return {};
  const variables = Object.entries(parseEnv(readFileSync(file, "utf8")));
  return Object.fromEntries(
    variables.flatMap(([name, value]) =>
      /^(?:CLOUDFLARE|WRANGLER)_/.test(name) && process.env[name] === undefined ? [[name, value ?? ""]] : [],
    ),
  );
}

/** Every list of bindings names them so. */
function bindingsOf(config: Config): Set<string> {
  const names = new Set(Object.keys(config.vars));
  const collect = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("binding" in value && typeof value.binding === "string") names.add(value.binding);
    if ("class_name" in value && "name" in value && typeof value.name === "string") names.add(value.name);
    Object.values(value).forEach(collect);
  };
  collect(config);
  return names;
}

/** Beside the generated configuration, because paths in it are relative to it. The graphs are built already. */
function writeDeployed(
  project: Project,
  config: Config,
  { name, database }: Place,
  accountId: string,
  databaseId: string,
): string {
  const databases = config.d1_databases.map((entry) =>
    entry.binding === DATABASE ? { ...entry, database_name: database.name, database_id: databaseId } : entry,
  );
  const path = join(dirname(project.wranglerConfig), "wrangler.deploy.json");
  const deployed = { ...config, build: undefined, name, account_id: accountId, d1_databases: databases };
  writeFileSync(path, `${JSON.stringify(deployed, null, 2)}\n`);
  return path;
}

function sourceOf(env: unknown): string {
  if (typeof env === "string") return env;
  return typeof env === "object" && env !== null ? '"env" of langgraph.json' : ".env";
}
