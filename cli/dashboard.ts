/**
 * The dashboard's built files, and what wrangler is told of them. They are static files of the Worker: a request for one runs no code, and a
 * request for any other path reaches the Worker as it would without them.
 */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { readConfig } from "./build/graphs-config.js";
import { packageRoot } from "./package-root.js";
import type { Project } from "./project.js";

/** Made by `npm run build:dashboard`, and packed into the package. */
const BUILT = join(packageRoot, "dashboard/dist");
/** The files in which the addresses of others stand. */
const WITH_ADDRESSES = ["index.html", "_headers"];

/** The section `assets` of wrangler's configuration. */
export interface DashboardAssets {
  readonly directory: string;
  readonly run_worker_first: readonly string[];
  readonly not_found_handling: "single-page-application";
}

/**
 * The path of the dashboard; null when langgraph.json switches it off (`http.disable_ui`), or it is not built, as in a checkout of the
 * repository whose packages were installed without scripts.
 * @throws GraphConfigError when langgraph.json cannot be read
 */
export async function dashboardPath({ configPath }: Project): Promise<string | null> {
  const { servesDashboard, mountPrefix } = await readConfig(configPath);
  return servesDashboard && existsSync(join(BUILT, "index.html")) ? `${mountPrefix}/dashboard` : null;
}

/**
 * What wrangler is told: all paths but the dashboard's go to the Worker, and a path below the dashboard's without a file is answered with its
 * page. Undefined when there is no dashboard.
 */
export async function dashboardAssets(project: Project): Promise<DashboardAssets | undefined> {
  const path = await dashboardPath(project);
  if (path === null) return undefined;
  return {
    directory: relative(project.outDir, filesFor(path, project.outDir)).replaceAll("\\", "/"),
    run_worker_first: ["/*", `!${path}`, `!${path}/*`],
    not_found_handling: "single-page-application",
  };
}

/** The folder of the files: as they were built, or with a prefix a copy in which their addresses begin with it. */
function filesFor(path: string, outDir: string): string {
  if (path === "/dashboard") return BUILT;
  const prefix = path.slice(0, -"/dashboard".length);
  const copy = join(outDir, "dashboard");
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(BUILT, "dashboard"), join(copy, path), { recursive: true });
  for (const name of WITH_ADDRESSES) {
    const text = readFileSync(join(BUILT, name), "utf8")
      .replace('<base href="/"', `<base href="${prefix}/"`)
      .replaceAll(/^\/dashboard\//gm, `${path}/`);
    writeFileSync(join(copy, name), text);
  }
  return copy;
}
