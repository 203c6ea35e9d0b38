/** The `Auth` that langgraph.json names: a wrong path, a missing export and a thing that is no `Auth` are errors of the build. */
import type { BundleAnalysis } from "./bundle-analysis.js";
import { inTempDir } from "./graph-check.js";
import { guardedLoad, loadModule, messageOf } from "./graph-module.js";
import type { FoundGraph } from "./graphs-config.js";
import { isRecord } from "./langgraph-keys.js";

/**
 * Loads the module, and looks at the export. A server must never be started without the `Auth` that its project asks for, so
 * whatever is wrong stops the build.
 * @param auth the file and the export; to the bundler and the loader it is like a graph
 * @throws GraphConfigError
 */
export async function checkAuth(
  projectDir: string,
  auth: FoundGraph,
  { faults }: Pick<BundleAnalysis, "faults">,
): Promise<void> {
  const fault = faults.get(auth.id);
  if (fault !== undefined) throw auth.error(fault);
  const { path, exportName } = auth;
  await inTempDir(projectDir, async (tempDir) => {
    const module = await guardedLoad(auth, () => loadModule(projectDir, auth, `${tempDir}/auth`));
    const exported = await Promise.resolve(module[exportName]).catch((error: unknown) => {
      throw auth.error(`its export is a promise that was rejected: ${messageOf(error)}`);
    });
    if (exported === undefined) {
      const names = Object.keys(module).join(", ") || "nothing";
      throw auth.error(`${path} has no export "${exportName}"; it exports: ${names}`);
    }
    const handlers = isRecord(exported) ? exported["~handlerCache"] : undefined;
    if (module[exportName] !== exported || !isRecord(handlers)) {
      throw auth.error(
        `the export "${exportName}" of ${path} is no Auth; expected an instance of the class of "@langchain/langgraph-sdk/auth"`,
      );
    }
    if (typeof handlers.authenticate !== "function") {
      throw auth.error(`the Auth of ${path} has no authenticate, so nobody would be let in`);
    }
  });
}
