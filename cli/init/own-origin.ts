/** How a new project is to depend on this package: as it was installed here, since a copy from a file need not be in any registry. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { isRecord } from "../build/langgraph-keys.js";

const NAME = "edgecron";

/**
 * @param root the folder of this package
 * @param version its version
 * @param dir the folder of the new project, from which a file is named
 * @returns what belongs beside its name in package.json
 */
export function dependencyOnThis(root: string, version: string, dir: string): string {
  const asFile = (path: string): string => `file:${relative(dir, path).replaceAll("\\", "/")}`;
  // A checkout, which `npm install` links.
  if (!/[\\/]node_modules[\\/]/.test(root)) return asFile(root);
  for (let folder = dirname(root); dirname(folder) !== folder; folder = dirname(folder)) {
    const spec = specIn(folder);
    if (spec === undefined) continue;
    const [, path] = /^(?:file:|link:|(?=[./~]))(.*)$/s.exec(spec) ?? [];
    if (path === undefined) return spec;
    const file = resolve(folder, path.replace(/^~(?=\/)/, homedir()));
    if (existsSync(file)) return asFile(file);
  }
  return `^${version}`;
}

/** How package.json of the folder asks for this package, or how npm remembers to have installed it for everybody. */
function specIn(folder: string): string | undefined {
  const { dependencies, devDependencies } = readJson(join(folder, "package.json"));
  for (const wanted of [devDependencies, dependencies]) {
    if (isRecord(wanted) && typeof wanted[NAME] === "string") return wanted[NAME];
  }
  const { packages } = readJson(join(folder, "node_modules/.package-lock.json"));
  const installed = isRecord(packages) ? packages[`node_modules/${NAME}`] : undefined;
  const resolved = isRecord(installed) ? installed.resolved : undefined;
  return typeof resolved === "string" && resolved.startsWith("file:") ? resolved : undefined;
}

function readJson(path: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
