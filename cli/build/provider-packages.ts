/**
 * Finds the packages that the files of a bundle may name at run time. Node would look from the importing file, and so finds what is
 * installed by chance, too. Here a package counts when who names it can rely on it: the project, one of its workspaces, or a package
 * in the bundle has it among its dependencies.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build, type BuildOptions } from "esbuild";

/** Where a package is, as each of the two resolves it. Both files are absolute. */
export interface FoundPackage {
  readonly inWorker: string;
  readonly inNode: string;
}

interface Manifest {
  readonly dependencies?: object;
  readonly devDependencies?: object;
  readonly optionalDependencies?: object;
}

const IN_WORKER = {
  platform: "browser",
  conditions: ["workerd", "worker", "browser"],
  mainFields: ["browser", "module", "main"],
} satisfies BuildOptions;
const IN_NODE = { platform: "node", conditions: [] } satisfies BuildOptions;

/**
 * @param files absolute, of which the bundle is made
 * @param names packages that may be named
 * @returns those that are there, by name
 */
export async function packagesFor(
  files: readonly string[],
  names: readonly string[],
): Promise<Map<string, FoundPackage>> {
  const places: [name: string, dir: string][] = [];
  for (const dir of foldersWithManifest(files)) {
    const wanted = dependenciesIn(dir);
    for (const name of names) if (wanted.has(name)) places.push([name, dir]);
  }
  const [inWorker, inNode] = await Promise.all([resolved(places, IN_WORKER), resolved(places, IN_NODE)]);
  const found = new Map<string, FoundPackage>();
  places.forEach(([name], index) => {
    const [worker, node] = [inWorker[index], inNode[index]];
    if (worker !== undefined && node !== undefined && !found.has(name))
      found.set(name, { inWorker: worker, inNode: node });
  });
  return found;
}

/** The project's own folders come first, then those of packages. */
function foldersWithManifest(files: readonly string[]): string[] {
  const seen = new Set<string>();
  const found: string[] = [];
  for (const file of files) {
    for (let dir = dirname(file); !seen.has(dir) && basename(dir) !== "node_modules"; dir = dirname(dir)) {
      seen.add(dir);
      if (existsSync(join(dir, "package.json"))) found.push(dir);
    }
  }
  return [...found.filter((dir) => !isInstalled(dir)), ...found.filter(isInstalled)];
}

const isInstalled = (dir: string): boolean => /[\\/]node_modules[\\/]/.test(dir);

function dependenciesIn(dir: string): Set<string> {
  try {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(dir, "package.json"), "utf8"),
    ) as Manifest;
    // Those with which an installed package was developed are not installed with it.
    const own = isInstalled(dir) ? {} : devDependencies;
    return new Set(Object.keys({ ...dependencies, ...own, ...optionalDependencies }));
  } catch {
    return new Set();
  }
}

/** @returns the file of each, or undefined when it cannot be found from its folder */
async function resolved(
  places: readonly (readonly [name: string, dir: string])[],
  options: BuildOptions,
): Promise<(string | undefined)[]> {
  let found: (string | undefined)[] = [];
  await build({
    ...options,
    stdin: { contents: "" },
    write: false,
    logLevel: "silent",
    plugins: [
      {
        name: "resolve-packages",
        setup({ onStart, resolve }) {
          onStart(async () => {
            const results = await Promise.all(
              places.map(([name, resolveDir]) => resolve(name, { kind: "dynamic-import", resolveDir })),
            );
            found = results.map(({ errors, path }) => (errors.length === 0 ? path : undefined));
          });
        },
      },
    ],
  });
  return found;
}
