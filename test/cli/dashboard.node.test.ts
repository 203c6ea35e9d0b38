/** What wrangler is told of the dashboard's files. How they are served is in test/browser. */
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { dashboardPath } from "../../cli/dashboard";
import { projectAt, type Project } from "../../cli/project";
import { notesOnOwnWrangler, writeWranglerConfig } from "../../cli/wrangler-config";

const root = join(import.meta.dirname, "../..");
let dir: string;
let project: Project;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "dashboard-"));
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
  await writeFile(join(dir, "g.js"), "export const graph = () => null;");
  project = projectAt(join(dir, "langgraph.json"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

interface Assets {
  directory: string;
  run_worker_first: string[];
  not_found_handling: string;
}

async function assetsWith(http: object): Promise<Assets | undefined> {
  await writeFile(project.configPath, JSON.stringify({ graphs: { agent: "./g.js:graph" }, http }));
  await writeWranglerConfig(project);
  const config = JSON.parse(await readFile(project.wranglerConfig, "utf8")) as { assets?: Assets };
  return config.assets;
}

const read = (assets: Assets | undefined, file: string): Promise<string> =>
  readFile(resolve(project.outDir, String(assets?.directory), file), "utf8");

it("has every path that is not the dashboard's go to the Worker", async () => {
  const assets = await assetsWith({});
  expect(assets).toMatchObject({
    run_worker_first: ["/*", "!/dashboard", "!/dashboard/*"],
    not_found_handling: "single-page-application",
  });
  expect(await read(assets, "index.html")).toContain('<base href="/"');
});

it("gives the files the prefix that the routes have", async () => {
  const assets = await assetsWith({ mount_prefix: "/api/v1/" });
  expect(assets?.run_worker_first).toEqual(["/*", "!/api/v1/dashboard", "!/api/v1/dashboard/*"]);
  const page = await read(assets, "index.html");
  expect(page).toContain('<base href="/api/v1/"');
  const [, script = ""] = /<script[^>]* src="\.\/([^"]+)"/.exec(page) ?? [];
  expect(await read(assets, `api/v1/${script}`)).not.toBe("");
  expect(await read(assets, "_headers")).toContain(`\n/api/v1/${script}\n  Cache-Control: `);
  expect(await dashboardPath(project)).toBe("/api/v1/dashboard");
});

it("is not there when langgraph.json switches it off", async () => {
  expect(await assetsWith({ disable_ui: true })).toBeUndefined();
  expect(await dashboardPath(project)).toBeNull();
});

it("takes the place of a project's own files, which a note says", async () => {
  await writeFile(join(dir, "wrangler.json"), JSON.stringify({ assets: { directory: "./public" } }));
  expect(await assetsWith({})).toMatchObject({ run_worker_first: ["/*", "!/dashboard", "!/dashboard/*"] });
  expect(await notesOnOwnWrangler(project)).toEqual([
    `wrangler.json: "assets" has no effect here: the Worker is EdgeCron's, and serves the files of its dashboard and no others`,
  ]);
});
