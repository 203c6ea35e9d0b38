/**
 * Merges a project's own file for wrangler into the configuration of EdgeCron's Worker: bindings, variables, routes, limits and
 * what else a Worker has. What belongs to a Worker with code of its own has no effect, and a note says so.
 */
import { basename, dirname, relative, resolve } from "node:path";
import { GraphConfigError } from "./build/graphs-config.js";
import { isRecord } from "./build/langgraph-keys.js";
import type { OwnWrangler } from "./own-wrangler.js";

type Config = Readonly<Record<string, unknown>>;

export interface MergedConfig {
  readonly config: Record<string, unknown>;
  /** What of the project's own file has no effect. */
  readonly notes: readonly string[];
}

const NO_FILES = "the Worker is EdgeCron's, and serves the files of its dashboard and no others";
const BUNDLES = "EdgeCron bundles the graphs";
const CLASSES = "it is about classes of another Worker";

/** What belongs to a Worker with code of its own, and why it has no effect. */
const NO_EFFECT: Readonly<Record<string, string>> = {
  main: "the Worker is EdgeCron's",
  assets: NO_FILES,
  site: NO_FILES,
  build: BUNDLES,
  no_bundle: BUNDLES,
  base_dir: BUNDLES,
  find_additional_modules: BUNDLES,
  triggers: 'the Worker is woken each minute; declare crons under "crons" in langgraph.json',
  migrations: CLASSES,
  containers: CLASSES,
};

/** What an environment (`env.staging`) does not inherit, so that the server's are added to each. */
const NOT_INHERITED = ["define", "durable_objects", "d1_databases"];

/**
 * @param base the configuration of EdgeCron's Worker
 * @param outDir the folder of the merged configuration, which paths in it are relative to
 * @throws GraphConfigError when a binding has the name of one of the server's
 */
export function mergeOwnWrangler(base: Config, own: OwnWrangler, outDir: string): MergedConfig {
  const file = basename(own.path);
  const notes: string[] = [];
  const note = (key: string, why: string): number =>
    notes.push(`${file}: "${key}" has no effect here: ${why}`);

  const merge = (section: Config, onto: Config, prefix: string): Record<string, unknown> => {
    const merged: Record<string, unknown> = { ...onto };
    for (const [key, value] of Object.entries(section)) {
      if (key === "$schema" || key === "env") continue;
      const why = NO_EFFECT[key];
      if (why !== undefined) note(prefix + key, why);
      else merged[key] = together(onto[key], withoutClasses(key, value, prefix, note));
    }
    return withPaths(merged, section, dirname(own.path), outDir);
  };

  refuseTakenNames(base, own);
  const config = merge(own.config, base, "");
  const { compatibility_date: ownDate } = own.config;
  // Dates are written so that they compare as texts.
  if (typeof ownDate === "string" && ownDate < String(base.compatibility_date)) {
    config.compatibility_date = base.compatibility_date;
    note("compatibility_date", `the server needs ${String(base.compatibility_date)} or later`);
  }
  if (isRecord(own.config.env)) {
    const shared = Object.fromEntries(NOT_INHERITED.map((key) => [key, base[key]]));
    const environments = Object.entries(own.config.env).map(([name, section]) => [
      name,
      merge(isRecord(section) ? section : {}, shared, `env.${name}.`),
    ]);
    config.env = Object.fromEntries(environments) as Config;
  }
  return { config, notes };
}

/**
 * For a local server, without the addresses of the deployed one. `wrangler dev` would give each request the first of them as its host, and
 * with open access the server refuses hosts that are not this machine.
 */
export function withoutAddress(config: Config): Config {
  const { dev, env } = config;
  const environments = isRecord(env) ? Object.entries(env) : [];
  return {
    ...without(["route", "routes"], config),
    ...(isRecord(dev) && { dev: without(["host"], dev) }),
    ...(isRecord(env) && {
      env: Object.fromEntries(
        environments.map(([name, section]): [string, unknown] => [
          name,
          isRecord(section) ? withoutAddress(section) : section,
        ]),
      ),
    }),
  };
}

const without = (keys: readonly string[], section: Config): Config =>
  Object.fromEntries(Object.entries(section).filter(([key]) => !keys.includes(key)));

/** Lists have the items of both; objects the keys of both; anything else is the project's. */
function together(base: unknown, own: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(own)) {
    return [...new Set<unknown>([...(base as unknown[]), ...(own as unknown[])])];
  }
  if (!isRecord(base) || !isRecord(own)) return own;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) merged[key] = together(base[key], value);
  return merged;
}

/** Without objects, workflows and consumers of queues whose code is in the project's own Worker. */
function withoutClasses(
  key: string,
  value: unknown,
  prefix: string,
  note: (key: string, why: string) => void,
): unknown {
  const isElsewhere = (item: unknown): boolean => {
    if (isRecord(item) && item.script_name !== undefined) return true;
    const name = isRecord(item) ? String(item.name ?? item.binding) : "?";
    note(`${prefix}${key}: ${name}`, 'its code is in another Worker; name that by "script_name"');
    return false;
  };
  if (key === "workflows" && Array.isArray(value)) return value.filter(isElsewhere);
  if (key === "durable_objects" && isRecord(value) && Array.isArray(value.bindings)) {
    return { ...value, bindings: value.bindings.filter(isElsewhere) };
  }
  if (key === "queues" && isRecord(value) && value.consumers !== undefined) {
    note(`${prefix}queues.consumers`, "the server takes no messages from queues");
    return Object.fromEntries(Object.entries(value).filter(([name]) => name !== "consumers"));
  }
  return value;
}

/** With paths that lead from the folder of the merged configuration to what they led to from the project's own file. */
function withPaths(
  merged: Record<string, unknown>,
  own: Config,
  ownDir: string,
  outDir: string,
): Record<string, unknown> {
  const moved = (path: string): string => relative(outDir, resolve(ownDir, path)).replaceAll("\\", "/");
  const config = { ...merged };
  if (typeof own.tsconfig === "string") config.tsconfig = moved(own.tsconfig);
  if (isRecord(own.alias) && isRecord(config.alias)) {
    const absolute = Object.entries(own.alias).map(([name, path]) =>
      typeof path === "string" && path.startsWith(".") ? [name, resolve(ownDir, path)] : [name, path],
    );
    // An alias of the server's is not the project's to change.
    config.alias = { ...(Object.fromEntries(absolute) as Config), ...config.alias };
  }
  if (Array.isArray(config.d1_databases) && Array.isArray(own.d1_databases)) {
    const ownDatabases = new Set<unknown>(own.d1_databases);
    config.d1_databases = config.d1_databases.map((database: unknown) =>
      ownDatabases.has(database) && isRecord(database) && typeof database.migrations_dir === "string"
        ? { ...database, migrations_dir: moved(database.migrations_dir) }
        : database,
    );
  }
  return config;
}

function refuseTakenNames(base: Config, own: OwnWrangler): void {
  const taken = bindingNames(base);
  for (const name of bindingNames(own.config)) {
    if (!taken.has(name)) continue;
    throw new GraphConfigError(
      `${own.path}: a binding is named "${name}", which is the name of one of the server's own; give yours another name`,
    );
  }
}

/** Every list of bindings names them so; variables are bindings too. */
function bindingNames(config: Config): Set<string> {
  const names = new Set(isRecord(config.vars) ? Object.keys(config.vars) : []);
  const collect = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("binding" in value && typeof value.binding === "string") names.add(value.binding);
    if ("class_name" in value && "name" in value && typeof value.name === "string") names.add(value.name);
    Object.values(value).forEach(collect);
  };
  collect(config);
  return names;
}
