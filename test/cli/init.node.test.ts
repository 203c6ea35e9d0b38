/** The starter of `edgecron init`. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readConfig } from "../../cli/build/graphs-config";
import { writeStarter } from "../../cli/init/starter";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "starter-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const manifest = async (): Promise<Record<string, Record<string, string>>> =>
  JSON.parse(await readFile(join(dir, "package.json"), "utf8")) as Record<string, Record<string, string>>;

it("writes a project whose graph is there", async () => {
  const { written, kept } = writeStarter(join(dir));
  expect(written).toEqual(expect.arrayContaining(["langgraph.json", "src/agent.ts", ".env.example"]));
  expect(kept).toEqual([]);
  const { graphs } = await readConfig(join(dir, "langgraph.json"));
  expect(graphs.map(({ id, fault }) => [id, fault])).toEqual([["agent", undefined]]);
  expect((await manifest())["dependencies"]).toHaveProperty("@langchain/langgraph");
});

it("keeps what is there, and adds to package.json", async () => {
  await writeFile(join(dir, "README.md"), "mine");
  const own = { name: "mine", devDependencies: { edgecron: "file:edgecron.tgz" }, scripts: { dev: "vite" } };
  await writeFile(join(dir, "package.json"), JSON.stringify(own));
  expect(writeStarter(dir).kept).toEqual(["README.md"]);
  expect(await readFile(join(dir, "README.md"), "utf8")).toBe("mine");
  expect(await manifest()).toMatchObject({ ...own, scripts: { dev: "vite", deploy: "edgecron deploy" } });
});

it("does not touch a project", async () => {
  await writeFile(join(dir, "langgraph.json"), "{}");
  expect(() => writeStarter(dir)).toThrow(/langgraph\.json is there already: start it with "edgecron dev"/);
});
