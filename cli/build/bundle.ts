/** Writes what a pipeline deploys: the bundle, a configuration of wrangler beside it, and the migrations. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Built, explained, findPlace, wranglerOf } from "../deploy/project-target.js";
import { packageRoot } from "../package-root.js";
import type { Project } from "../project.js";
import { writeWranglerConfig } from "../wrangler-config.js";
import { bundledConfig } from "./bundled-config.js";

export interface BundleOptions {
  /** The name of the Worker. */
  readonly name?: string | undefined;
  /** The id of the server's D1 database. */
  readonly databaseId?: string | undefined;
}

interface Generated extends Record<string, unknown> {
  readonly d1_databases: readonly Readonly<Record<string, unknown>>[];
}

/** A database of the project's own: the path of its migrations is relative to the folder above. */
const fromBundle = (database: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  typeof database.migrations_dir === "string"
    ? { ...database, migrations_dir: `../${database.migrations_dir}` }
    : database;

/**
 * @returns the folder, and what came of the build
 * @throws StepFailure when the project cannot be built
 */
export async function writeBundle(
  project: Project,
  options: BundleOptions,
): Promise<Built & { readonly dir: string }> {
  const environment = await explained(() => writeWranglerConfig(project));
  const dir = join(project.outDir, "bundle");
  rmSync(dir, { recursive: true, force: true });
  const built = await build(project, wranglerOf(project), { folder: join(dir, "worker"), environment });
  cpSync(join(packageRoot, "migrations"), join(dir, "migrations"), { recursive: true });
  const generated = JSON.parse(readFileSync(project.wranglerConfig, "utf8")) as Generated;
  const place = await findPlace(project, { name: options.name });
  const config = {
    ...bundledConfig(generated, "worker"),
    name: place.name,
    d1_databases: generated.d1_databases.map((database) =>
      database.binding === "DB"
        ? {
            binding: "DB",
            database_name: place.database.name,
            database_id: options.databaseId ?? place.database.id,
            migrations_dir: "migrations",
          }
        : fromBundle(database),
    ),
  };
  writeFileSync(join(dir, "wrangler.json"), `${JSON.stringify(config, null, 2)}\n`);
  return { ...built, dir };
}
