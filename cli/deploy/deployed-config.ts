/** The generated configuration of wrangler: what of it decides where the Worker is deployed to, and the form that is deployed. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "../libraries.js";
import { bundledConfig, withoutBundling } from "../build/bundled-config.js";
import type { Project } from "../project.js";
import { StepFailure } from "./steps.js";
import type { Target } from "./target.js";

/** The folder, beside the generated configuration, of the bundle that is checked and then deployed. */
export const BUNDLE = "deployed";

/** The name in the package's own wrangler.toml, which stands for "none is given". */
const UNNAMED = "edgecron";
/** The binding by which the server finds its database. */
const DATABASE = "DB";
/** An id of zeros stands for "none is given". */
const NO_DATABASE = /^[0-]*$/;

const sectionSchema = z.looseObject({
  name: z.string().optional(),
  account_id: z.string().optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
  d1_databases: z
    .array(
      z.looseObject({
        binding: z.string(),
        database_id: z.string().default(""),
        database_name: z.string().optional(),
      }),
    )
    .default([]),
});
const configSchema = sectionSchema.extend({ env: z.record(z.string(), sectionSchema).default({}) });
type Section = z.output<typeof sectionSchema>;

/** What the command line says of where the project is deployed. */
export interface PlaceFlags {
  name?: string;
  /** An environment of the project's wrangler file. */
  env?: string;
}

export class GeneratedConfig {
  readonly #path: string;
  readonly #config: z.output<typeof configSchema>;
  readonly #env: string | undefined;
  /** What holds for the environment, or without one. */
  readonly #section: Section;

  /** @throws StepFailure when the project's wrangler file has no such environment */
  constructor({ wranglerConfig }: Project, { env }: PlaceFlags) {
    this.#path = wranglerConfig;
    this.#config = configSchema.parse(JSON.parse(readFileSync(wranglerConfig, "utf8")));
    this.#env = env;
    const section = env === undefined ? this.#config : this.#config.env[env];
    if (section === undefined) throw noEnvironment(String(env), Object.keys(this.#config.env));
    this.#section = section;
  }

  /** The name that the project's wrangler file gives the Worker. */
  get name(): string | undefined {
    if (this.#section.name !== undefined && this.#section.name !== UNNAMED) return this.#section.name;
    const { name } = this.#config;
    return this.#env === undefined || name === undefined || name === UNNAMED
      ? undefined
      : `${name}-${this.#env}`;
  }

  get accountId(): string | undefined {
    return this.#section.account_id ?? this.#config.account_id;
  }

  /** The database that it names by its id. */
  get database(): { name: string; id: string } | undefined {
    const own = this.#section.d1_databases.find(({ binding }) => binding === DATABASE);
    if (own === undefined || NO_DATABASE.test(own.database_id)) return undefined;
    return { name: own.database_name ?? own.database_id, id: own.database_id };
  }

  get isOpen(): boolean {
    return this.#section.vars.AUTH === "open";
  }

  /** The names that it gives to variables, databases and the like. */
  get bindings(): Set<string> {
    const lists = { ...this.#section, env: undefined };
    const names = new Set(Object.keys(lists.vars));
    const collect = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      if ("binding" in value && typeof value.binding === "string") names.add(value.binding);
      if ("class_name" in value && "name" in value && typeof value.name === "string") names.add(value.name);
      Object.values(value).forEach(collect);
    };
    collect(lists);
    return names;
  }

  /**
   * Writes the configuration that is deployed, beside the generated one, because its paths are relative to the file. It uploads
   * the bundle that {@link BUNDLE} has: nothing is bundled a second time.
   * @returns its path
   */
  writeDeployed(
    { name, database }: Pick<Target, "name" | "database">,
    accountId: string,
    databaseId: string,
  ): string {
    const databases = this.#section.d1_databases.map((entry) =>
      entry.binding === DATABASE
        ? { ...entry, database_name: database.name, database_id: databaseId }
        : entry,
    );
    const section = { ...this.#section, name, account_id: accountId, d1_databases: databases };
    const config =
      this.#env === undefined ? section : { ...this.#config, env: { [this.#env]: withoutBundling(section) } };
    const path = join(dirname(this.#path), "wrangler.deploy.json");
    writeFileSync(path, `${JSON.stringify(bundledConfig(config, BUNDLE), null, 2)}\n`);
    return path;
  }
}

function noEnvironment(env: string, others: readonly string[]): StepFailure {
  return new StepFailure(
    `your wrangler file has no environment "${env}"`,
    others.length === 0
      ? `Add a section [env.${env}], or leave --env away.`
      : `It has: ${others.join(", ")}.`,
  );
}
