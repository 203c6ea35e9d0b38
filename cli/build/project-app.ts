/** The Hono app that `http.app` of langgraph.json names: a wrong path, a missing export and a thing that is no app are errors of the build. */
import type { BundleAnalysis } from "./bundle-analysis.js";
import { inTempDir } from "./graph-check.js";
import { guardedLoad, loadModule } from "./graph-module.js";
import type { FoundGraph } from "./graphs-config.js";
import { isRecord } from "./langgraph-keys.js";

/** A route or a middleware of a Hono app. A middleware has the method `ALL`. */
interface Route {
  readonly method: string;
  readonly path: string;
}

/**
 * Loads the module, and looks at the export.
 * @param app the file and the export; to the bundler and the loader it is like a graph
 * @returns notes on routes that hide all of the server's
 * @throws GraphConfigError
 */
export async function checkApp(
  projectDir: string,
  app: FoundGraph,
  { faults }: Pick<BundleAnalysis, "faults">,
): Promise<string[]> {
  const fault = faults.get(app.id);
  if (fault !== undefined) throw app.error(fault);
  const { path, exportName } = app;
  return inTempDir(projectDir, async (tempDir) => {
    const module = await guardedLoad(app, () => loadModule(projectDir, app, `${tempDir}/app`));
    const exported = module[exportName];
    if (exported === undefined) {
      const names = Object.keys(module).join(", ") || "nothing";
      throw app.error(`${path} has no export "${exportName}"; it exports: ${names}`);
    }
    if (!isHono(exported)) {
      throw app.error(
        `the export "${exportName}" of ${path} is no Hono app; expected what \`new Hono()\` of the package "hono" makes`,
      );
    }
    return exported.routes
      .filter(({ method, path: route }) => method !== "ALL" && /^\/?\*$/.test(route))
      .map(
        ({ method, path: route }) =>
          `http.app: ${method} ${route} of ${path} answers every ${method} request before the server's routes can`,
      );
  });
}

const isHono = (value: unknown): value is { routes: readonly Route[] } =>
  isRecord(value) &&
  Array.isArray(value.routes) &&
  typeof value.fetch === "function" &&
  typeof value.route === "function";
