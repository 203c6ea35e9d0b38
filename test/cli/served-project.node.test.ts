/** That a build leaves alone what a local server of the same project has generated, and watches. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { buildGraphs } from "../../cli/build/build-graphs";
import { writeReport } from "../../cli/build/build-report";
import { projectAt, type Project, servedProject } from "../../cli/project";
import { writeWranglerConfig } from "../../cli/wrangler-config";
import { GRAPH, makeProject, type Project as Folder } from "../support/graph-project";

let folder: Folder | undefined;
afterEach(() => folder?.remove());

async function generate(project: Project): Promise<void> {
  await writeWranglerConfig(project);
  const { notes } = await buildGraphs({ config: project.configPath, out: project.graphsModule });
  await writeReport(project.graphsModule, { notes });
}

/** When each of its files was written. */
async function written({ outDir }: Project): Promise<Record<string, number>> {
  const names = await readdir(outDir, { recursive: true });
  const entries = names.map(async (name) => [name, (await stat(join(outDir, name))).mtimeMs] as const);
  return Object.fromEntries(await Promise.all(entries));
}

it("leaves what a server watches alone, while the project is built", async () => {
  folder = await makeProject();
  await folder.write({
    "langgraph.json": JSON.stringify({ graphs: { agent: "./g.ts:graph" }, http: { mount_prefix: "/api" } }),
    "g.ts": GRAPH,
  });
  const project = projectAt(folder.config);
  const served = servedProject(project);
  await generate(served);
  const before = await written(served);
  expect(Object.keys(before)).toEqual(expect.arrayContaining(["build.json", "graphs.ts", "wrangler.json"]));

  await generate(project);
  expect(await written(served)).toEqual(before);
  expect(await written(project)).toHaveProperty("graphs.ts");
});
