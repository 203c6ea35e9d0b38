/** The starter of `edgecron init`. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "../../cli/build/graphs-config";
import { dependencyOnThis } from "../../cli/init/own-origin";
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

describe("the dependency on this package", () => {
  const root = (...parts: string[]): string => join(dir, ...parts, "node_modules/edgecron");
  const asFile = "file:../edgecron.tgz";

  it.each([
    ["the tarball that a project was given", "devDependencies", "file:../edgecron.tgz", asFile],
    ["the tarball that npx was given", "dependencies", "../edgecron.tgz", asFile],
    ["a version of a registry", "devDependencies", "^0.1.0", "^0.1.0"],
    ["a repository", "dependencies", "github:ada/edgecron", "github:ada/edgecron"],
    ["a tarball that is gone", "devDependencies", "file:../gone.tgz", "^0.1.2"],
  ])("is on %s", async (_, section, spec, expected) => {
    await mkdir(root("given"), { recursive: true });
    await writeFile(join(dir, "edgecron.tgz"), "");
    await writeFile(join(dir, "given/package.json"), JSON.stringify({ [section]: { edgecron: spec } }));
    expect(dependencyOnThis(root("given"), "0.1.2", join(dir, "new"))).toBe(expected);
    // pnpm has it in a folder of its own.
    const stored = root("given/node_modules/.pnpm/edgecron@0.1.2");
    expect(dependencyOnThis(stored, "0.1.2", join(dir, "new"))).toBe(expected);
  });

  it("is on the tarball that npm has installed for everybody", async () => {
    await mkdir(root("lib"), { recursive: true });
    await writeFile(join(dir, "edgecron.tgz"), "");
    const lock = { packages: { "node_modules/edgecron": { resolved: "file:../edgecron.tgz" } } };
    await writeFile(join(dir, "lib/node_modules/.package-lock.json"), JSON.stringify(lock));
    expect(dependencyOnThis(root("lib"), "0.1.2", join(dir, "new"))).toBe(asFile);
  });

  it("is on the checkout that it runs from", () => {
    expect(dependencyOnThis(join(dir, "checkout"), "0.1.2", join(dir, "new"))).toBe("file:../checkout");
  });
});

it("does not touch a project", async () => {
  await writeFile(join(dir, "langgraph.json"), "{}");
  expect(() => writeStarter(dir)).toThrow(/langgraph\.json is there already: start it with "edgecron dev"/);
});
