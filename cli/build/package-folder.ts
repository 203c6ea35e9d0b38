/** Installed packages as they lie on the disk. */
import { existsSync, lstatSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly main?: unknown;
  readonly module?: unknown;
  readonly exports?: unknown;
}

/** The folder of a package as Node finds it from another; undefined when it is not installed. */
export function packageFolder(from: string, name: string): string | undefined {
  const folder = join(from, "node_modules", name);
  if (existsSync(folder)) return folder;
  return dirname(from) === from ? undefined : packageFolder(dirname(from), name);
}

/** Its package.json; undefined when it cannot be read. */
export function manifestIn(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

/**
 * A file that package.json of a workspace's package names, and that is not there: the package has to be built first.
 * @param folder of the package; where it is installed, a workspace has a link
 * @returns undefined for a package that is installed, or of which all is there
 */
export function unbuiltFile(folder: string): string | undefined {
  if (!lstatSync(folder).isSymbolicLink()) return undefined;
  const source = realpathSync(folder);
  // pnpm installs all packages as links to another folder of packages.
  if (/[\\/]node_modules[\\/]/.test(source)) return undefined;
  const { main, module, exports } = manifestIn(source) ?? {};
  return textsIn([exports, module, main]).find(
    (file) => /\.[cm]?js$/.test(file) && !file.includes("*") && !existsSync(join(source, file)),
  );
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
