/**
 * The file of the server that is bundled with the graphs. Usually it is the source, whose libraries a package manager has installed for this
 * package. But a project can have all packages get its own version of a library, by "resolutions" of Yarn or "overrides" of npm and pnpm, as
 * many LangGraph projects do with `@langchain/core`. Then it is `dist/server/index.js`, in which the server has its libraries with it.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Relative to the package; made by `npm run build`. The bundle is named after it, as after the source. */
const WITH_LIBRARIES = "dist/server/index.js";

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * @param root the folder of this package, without symbolic links
 * @param source the server's source, relative to it
 * @returns the file, relative to it
 */
export function serverEntry(root: string, source: string): string {
  const { dependencies = {} } = manifestIn(root) ?? {};
  const isAsAsked = Object.entries(dependencies).every(([name, range]) => {
    const version = installedVersion(root, name);
    return version !== undefined && isWithin(version, range);
  });
  return isAsAsked ? source : WITH_LIBRARIES;
}

/** As Node finds the package from the folder. */
function installedVersion(folder: string, name: string): string | undefined {
  const dir = join(folder, "node_modules", name);
  if (existsSync(dir)) return manifestIn(dir)?.version;
  return dirname(folder) === folder ? undefined : installedVersion(dirname(folder), name);
}

function manifestIn(dir: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

/** For the ranges in this package's own package.json: `^1.2.3`, `~1.2.3`, `1.2` and `1.2.3`. */
export function isWithin(version: string, range: string): boolean {
  const [, sign, text = ""] = /^([\^~]?)(.*)$/.exec(range) ?? [];
  const wanted = text.split(".").map(Number);
  const found = version.split(/[.+-]/).map(Number);
  const firstNonZero = wanted.findIndex((number) => number !== 0);
  // How many numbers have to be the same.
  const fixed = sign === "^" ? firstNonZero + 1 : sign === "~" ? 2 : wanted.length;
  if (wanted.slice(0, fixed).some((number, place) => number !== found[place])) return false;
  const differing = wanted.findIndex((number, place) => number !== found[place]);
  return differing === -1 || (found[differing] ?? 0) > (wanted[differing] ?? 0);
}
