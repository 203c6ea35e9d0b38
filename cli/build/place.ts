/** Where a file is, as messages say it. */
import { relative } from "node:path";

/** The package that the file is of; undefined when it is the project's own. @param path with slashes */
export const packageOf = (path: string): string | undefined =>
  /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];

/** The file relative to the project; of a package, the package too. */
export function placeOf(projectDir: string, { file, line }: { file: string; line?: number }): string {
  const path = relative(projectDir, file).replaceAll("\\", "/");
  const name = packageOf(path);
  const place = line === undefined ? path : `${path}:${line}`;
  if (name !== undefined) return `the package ${name} (${place})`;
  return path.startsWith("../") ? place : `./${place}`;
}
