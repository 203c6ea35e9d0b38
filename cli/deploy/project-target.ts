/** Reads from a project what is deployed, under which names, and where. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { readReport } from "../build/build-report.js";
import { GraphConfigError, readConfig } from "../build/graphs-config.js";
import { namedVariables, readIfThere } from "../build/project-variables.js";
import { readDeclarations } from "../crons/declaration-file.js";
import { DeclarationError } from "../crons/declarations.js";
import type { Project } from "../project.js";
import { writeWranglerConfig } from "../wrangler-config.js";
import { GeneratedConfig, type PlaceFlags } from "./deployed-config.js";
import { wranglerIn, type RunWrangler } from "./run-wrangler.js";
import { StepFailure } from "./steps.js";
import type { Target } from "./target.js";
import { databaseName, workerName } from "./worker-name.js";
import { wranglerFailure } from "./wrangler-failures.js";

/** What has to be known to find the deployment again. */
export type Place = Pick<Target, "name" | "database" | "accountId">;

/** @throws StepFailure when the project's own files are wrong */
export async function targetOf(project: Project, flags: PlaceFlags): Promise<Target> {
  return explained(async () => {
    const environment = await writeWranglerConfig(project);
    const config = new GeneratedConfig(project, flags);
    const place = placeOf(project, config, flags);
    const { auth, env, graphs, mountPrefix } = await readConfig(project.configPath);
    return {
      ...place,
      variables: namedVariables(project.configPath, env),
      variablesFrom: sourceOf(env),
      bindings: config.bindings,
      needsKey: !config.isOpen && auth === undefined,
      declarations: readDeclarations(
        project.configPath,
        graphs.map(({ id }) => id),
      ),
      mountPrefix,
      environment: { ...environment, CLOUDFLARE_ENV: flags.env ?? "" },
      writeConfig: (accountId, databaseId) => config.writeDeployed(place, accountId, databaseId),
    };
  });
}

/** Where the project is deployed. @throws StepFailure */
export async function findPlace(project: Project, flags: PlaceFlags): Promise<Place> {
  return explained(async () => {
    await writeWranglerConfig(project);
    return placeOf(project, new GeneratedConfig(project, flags), flags);
  });
}

/** wrangler, with the credentials of the project. */
export function wranglerOf(project: Project): RunWrangler {
  return wranglerIn(project.dir, credentialsOf(project));
}

/** What came of a build. */
export interface Built {
  /** In words. */
  done: string;
  /** What of the project's files has no effect. */
  notes: readonly string[];
  /** What the declared crons mean, a line each. */
  crons: readonly string[];
}

/**
 * Loads the graphs and bundles the Worker, without uploading it.
 * @param target where it is bundled to, and the environment that {@link writeWranglerConfig} gave
 * @throws StepFailure when it cannot be built
 */
export async function build(
  project: Project,
  wrangler: RunWrangler,
  { folder, environment }: { folder: string; environment: Readonly<Record<string, string>> },
): Promise<Built> {
  // A module that the project no longer uses would be uploaded too.
  rmSync(folder, { recursive: true, force: true });
  const words = ["deploy", "--dry-run", "--outdir", folder];
  const result = await wrangler(words, { configPath: project.wranglerConfig, environment });
  const { failure, notes = [], crons = [] } = readReport(project.outDir);
  if (failure !== undefined) throw new StepFailure("the graphs cannot be deployed", failure);
  if (result.code !== 0) throw wranglerFailure("the project cannot be built", result);
  const [, graphs = ""] = /Graphs: (.*)/.exec(result.output) ?? [];
  const [, size = "?"] = /gzip: ([\d.]+ \wiB)/.exec(result.output) ?? [];
  return { done: `${graphs}; the bundle has ${size} compressed`, notes, crons };
}

/** Does the work. @throws StepFailure when the project's own files are wrong */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GraphConfigError || error instanceof DeclarationError)
      throw new StepFailure("the project's files are wrong", error.message);
    throw error;
  }
}

function placeOf(project: Project, config: GeneratedConfig, { name, env }: PlaceFlags): Place {
  const worker = workerName(name ?? config.name, project.dir, env);
  const accountId =
    process.env.CLOUDFLARE_ACCOUNT_ID ?? credentialsOf(project).CLOUDFLARE_ACCOUNT_ID ?? config.accountId;
  return { name: worker, database: config.database ?? { name: databaseName(worker) }, accountId };
}

/** The variables for wrangler in `.env`, unless the shell sets them. */
function credentialsOf({ dir }: Project): Record<string, string> {
  return Object.fromEntries(
    Object.entries(readIfThere(join(dir, ".env"))).filter(
      ([name]) => /^(?:CLOUDFLARE|WRANGLER)_/.test(name) && process.env[name] === undefined,
    ),
  );
}

function sourceOf(env: unknown): string {
  if (typeof env === "string") return env;
  return typeof env === "object" && env !== null ? '"env" of langgraph.json' : ".env";
}
