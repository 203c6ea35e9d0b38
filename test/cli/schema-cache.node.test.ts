/** When the build reads the types of graphs anew, and when it need not. */
import { cp, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeProject, type Project, type Schemas } from "../support/graph-project";

/** Built once, with a cache that was broken; each test has a copy of it. */
let built: Project;
let first: Schemas;
let project: Project;
const build: Project["build"] = (...args) => project.build(...args);

beforeAll(async () => {
  built = await makeProject();
  await built.write({ ".edgecron/schemas.json": BROKEN });
  first = await built.build(GRAPHS, FILES);
});

beforeEach(async () => {
  project = await makeProject();
  for (const name of [...Object.keys(FILES), "langgraph.json", "out", ".edgecron"]) {
    await cp(join(built.dir, name), join(project.dir, name), { recursive: true });
  }
  await markCache();
});

afterEach(() => project.remove());
afterAll(() => built.remove());

const cacheFile = () => join(project.dir, ".edgecron/schemas.json");

/** Marks the cache, so that it shows whether it was written again. */
const markCache = () => utimes(cacheFile(), 1, 1);
const cacheIsMarked = async () => (await stat(cacheFile())).mtimeMs === 1000;

const graphOf = (state: string) => `
  import { Annotation, START, StateGraph } from "@langchain/langgraph";
  import type { Value } from "./value";
  export const graph = new StateGraph(Annotation.Root({ a: ${state} }))
    .addNode("n", () => ({})).addEdge(START, "n").compile();
`;
const FILES = { "g.ts": graphOf("Annotation<Value>()"), "value.ts": "export type Value = string;" };
const GRAPHS = { agent: "./g.ts:graph" };
const BROKEN = "{";

describe("the cache", () => {
  it("spares unchanged graphs the reading", async () => {
    expect(await build(GRAPHS)).toEqual(first);
    expect(await cacheIsMarked()).toBe(true);
  });

  it("is that of a local server, too, whose other files lie elsewhere", async () => {
    await project.buildConfig({ graphs: GRAPHS }, {}, { out: join(project.dir, ".edgecron/dev/graphs.ts") });
    expect(await cacheIsMarked()).toBe(true);
  });

  it("is left when a file changes that only has types", async () => {
    const schemas = await build(GRAPHS, { "value.ts": "export type Value = number[];" });
    expect(await cacheIsMarked()).toBe(false);
    expect(schemas["agent"]?.[""]?.state.properties).toEqual({
      a: { type: "array", items: { type: "number" } },
    });
  });

  it("is left when another graph is named, or tsconfig.json appears", async () => {
    expect(Object.keys(await build({ ...GRAPHS, again: "./g.ts:graph" }))).toEqual(["agent", "again"]);
    expect(await cacheIsMarked()).toBe(false);
    await markCache();
    await build({ ...GRAPHS, again: "./g.ts:graph" }, { "tsconfig.json": "{}" });
    expect(await cacheIsMarked()).toBe(false);
  });

  it("is written anew when it is broken", async () => {
    expect(first["agent"]?.[""]?.state.properties).toEqual({ a: { type: "string" } });
    expect(await readFile(join(built.dir, ".edgecron/schemas.json"), "utf8")).not.toBe(BROKEN);
  });

  it("is not needed for graphs in zod, whose types nobody reads", async () => {
    await rm(cacheFile());
    const schemas = await build(GRAPHS, {
      "g.ts": `import { START, StateGraph } from "@langchain/langgraph"; import { z } from "zod";
        export const graph = new StateGraph(z.object({ a: z.string() }))
          .addNode("n", () => ({})).addEdge(START, "n");`,
    });
    expect(schemas).toEqual({});
    await expect(stat(cacheFile())).rejects.toThrow("ENOENT");
  });
});
