/** `edgecron/tools` in a project: with the project's own LangChain. */
import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { prepareGraphTools } from "../../cli/build/graph-tools";

/** A project that has this version of `@langchain/core`, or none. */
async function projectWith(version: string | undefined): Promise<{ dir: string; outDir: string }> {
  const dir = await mkdtemp(join(tmpdir(), "edgecron-tools-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  if (version !== undefined) {
    const core = join(dir, "node_modules/@langchain/core");
    await mkdir(core, { recursive: true });
    await writeFile(join(core, "package.json"), JSON.stringify({ name: "@langchain/core", version }));
  }
  return { dir, outDir: join(dir, ".edgecron") };
}

it.each(["0.3.45", "0.3.80", "0.4.0", "1.0.0-alpha.1", "1.4.2"])(
  "is a copy beside the core %s",
  async (version) => {
    const project = await projectWith(version);
    const file = await prepareGraphTools(project);
    expect(file).toBe(join(project.outDir, "tools.mjs"));
    expect(await readFile(file, "utf8")).toMatch(/from "@langchain\/core\/tools"/);
  },
);

it.each(["0.3.44", "0.3.9", "0.2.99"])("says that the core %s is too old", async (version) => {
  const file = await prepareGraphTools(await projectWith(version));
  const { cronTools } = (await import(file)) as { cronTools: () => unknown };
  expect(cronTools).toThrow(
    `edgecron/tools needs @langchain/core 0.3.45 or later, and this project has ${version}`,
  );
});

it("is that of this package where a project has no core of its own", async () => {
  expect(await prepareGraphTools(await projectWith(undefined))).toMatch(/dist[\\/]tools\.js$/);
});
