/**
 * The file of the server that is bundled with the graphs. Usually it is the source, whose libraries a package manager has installed for this
 * package. But a project can have all packages get its own version of a library, by "resolutions" of Yarn or "overrides" of npm and pnpm, as
 * many LangGraph projects do with `@langchain/core`. Then it is `dist/server/index.js`, in which the server has its libraries with it.
 */
import semver from "semver";
import { manifestIn, packageFolder } from "./package-folder.js";

/** Relative to the package; made by `npm run build`. The bundle is named after it, as after the source. */
const WITH_LIBRARIES = "dist/server/index.js";

/**
 * @param root the folder of this package, without symbolic links
 * @param source the server's source, relative to it
 * @returns the file, relative to it
 */
export function serverEntry(root: string, source: string): string {
  const { dependencies = {} } = manifestIn(root) ?? {};
  const isAsAsked = Object.entries(dependencies).every(([name, range]) => {
    const folder = packageFolder(root, name);
    const { version } = (folder === undefined ? undefined : manifestIn(folder)) ?? {};
    return version !== undefined && semver.satisfies(version, range);
  });
  return isAsAsked ? source : WITH_LIBRARIES;
}
