/** The schemas that the build reads from the types of graphs, and when it reads them anew. */
import { mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { buildGraphs } from "../../scripts/build-graphs.mjs";

// The TypeScript compiler takes seconds, and more on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, "../..");
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "graph-schemas-"));
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
}

interface Parts {
  state: { properties: Record<string, unknown> };
  output: { properties: Record<string, unknown> };
  config?: unknown;
}

/** Builds, and reads the schemas in the module that was written. */
async function build(graphs: Record<string, string>, files: Record<string, string> = {}) {
  await write({ "langgraph.json": JSON.stringify({ graphs }), ...files });
  await buildGraphs({ config: join(dir, "langgraph.json"), out: join(dir, "out/graphs.ts") });
  const source = await readFile(join(dir, "out/graphs.ts"), "utf8");
  const [, text = ""] = /^export const schemas = (.*);$/m.exec(source) ?? [];
  return JSON.parse(text) as Record<string, Record<string, Parts>>;
}

const cacheFile = () => join(dir, "out/graphs.schemas.json");

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

describe("the cache", () => {
  it("spares unchanged graphs the reading", async () => {
    const first = await build(GRAPHS, FILES);
    expect(first["agent"]?.[""]?.state.properties).toEqual({ a: { type: "string" } });
    await markCache();
    const started = performance.now();
    expect(await build(GRAPHS)).toEqual(first);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await cacheIsMarked()).toBe(true);
  });

  it("is left when a file changes that only has types", async () => {
    await build(GRAPHS, FILES);
    await markCache();
    const schemas = await build(GRAPHS, { "value.ts": "export type Value = number[];" });
    expect(await cacheIsMarked()).toBe(false);
    expect(schemas["agent"]?.[""]?.state.properties).toEqual({
      a: { type: "array", items: { type: "number" } },
    });
  });

  it("is left when another graph is named, or tsconfig.json appears", async () => {
    await build(GRAPHS, FILES);
    await markCache();
    expect(Object.keys(await build({ ...GRAPHS, again: "./g.ts:graph" }))).toEqual(["agent", "again"]);
    expect(await cacheIsMarked()).toBe(false);
    await markCache();
    await build({ ...GRAPHS, again: "./g.ts:graph" }, { "tsconfig.json": "{}" });
    expect(await cacheIsMarked()).toBe(false);
  });

  it("is left when it is broken", async () => {
    const first = await build(GRAPHS, FILES);
    await writeFile(cacheFile(), "{");
    expect(await build(GRAPHS)).toEqual(first);
  });

  it("is not needed for graphs in zod, whose types nobody reads", async () => {
    const schemas = await build(GRAPHS, {
      "g.ts": `import { START, StateGraph } from "@langchain/langgraph"; import { z } from "zod";
        export const graph = new StateGraph(z.object({ a: z.string() }))
          .addNode("n", () => ({})).addEdge(START, "n");`,
    });
    expect(schemas).toEqual({});
    await expect(stat(cacheFile())).rejects.toThrow("ENOENT");
  });
});

describe("types", () => {
  const stateOf = async (exported: string, more: Record<string, string> = {}) => {
    const schemas = await build({ agent: "./g.ts:graph" }, { "g.ts": exported, ...more });
    return schemas["agent"] ?? {};
  };
  const head = `import { Annotation, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
    import { z } from "zod";`;
  const rest = `.addNode("n", () => ({})).addEdge(START, "n")`;
  const annotated = `new StateGraph(Annotation.Root({ a: Annotation<string>() }))${rest}`;
  const string = { a: { type: "string" } };

  it("are read of whatever stands for a graph", async () => {
    const exports = `${head}
      const mine = ${annotated};
      const other = new StateGraph(Annotation.Root({ b: Annotation<number>() }))${rest}.compile();
      export { mine as renamed };
      export { made as imported } from "./more";
      export const asynchronous = async () => mine;
      export function declared() { return mine.compile(); }
      export const promised = Promise.resolve(mine.compile());
      export const wrapped = { graph: mine.compile() };
      export const either = (config: { x?: 1 }) => (config.x ? mine.compile() : other);
      export const untyped = mine as any;
      export default mine;`;
    const js = `import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
      export const graph = new StateGraph(MessagesAnnotation)${rest}.compile();`;
    const names = ["renamed", "imported", "asynchronous", "declared", "promised", "wrapped", "default"];
    const schemas = await build(
      {
        ...Object.fromEntries([...names, "either", "untyped"].map((name) => [name, `./g.ts:${name}`])),
        javascript: "./g.js:graph",
      },
      { "g.ts": exports, "g.js": js, "more.ts": `${head} export const made = ${annotated}.compile();` },
    );
    for (const name of names) expect(schemas[name]?.[""]?.output.properties).toEqual(string);
    expect(schemas["either"]?.[""]?.output).toMatchObject({
      anyOf: [{ properties: string }, { properties: { b: { type: "number" } } }],
    });
    expect(schemas).not.toHaveProperty("untyped");
    expect(schemas["javascript"]?.[""]?.state.properties).toMatchObject({
      messages: { langgraph_type: "messages" },
    });
  });

  it("are left open where JSON has no form for them", async () => {
    const open = [
      "any",
      "unknown",
      "Missing",
      "Date",
      "symbol",
      "() => void",
      "string | Set<1>",
      "object",
      "never",
    ];
    const channels = open.map((type, index) => `c${index}: Annotation<${type}>()`).join(", ");
    const schemas = await stateOf(
      `${head} export const graph = new StateGraph(Annotation.Root({ ${channels} }))${rest};`,
    );
    expect(schemas[""]?.state.properties).toEqual(
      Object.fromEntries(open.map((_, index) => [`c${index}`, {}])),
    );
  });

  it("end where a type contains itself, or never ends", async () => {
    const schemas = await stateOf(`${head}
      type Json = string | Json[] | { [key: string]: Json };
      interface Endless<T> { next: Endless<T[]> }
      export const graph = new StateGraph(Annotation.Root({ json: Annotation<Json>(), endless: Annotation<Endless<1>>() }))
        ${rest};`);
    expect(Object.keys(schemas[""]?.state.properties ?? {})).toEqual(["json", "endless"]);
    expect(JSON.stringify(schemas).length).toBeLessThan(5000);
  });

  it("know no message but LangChain's own", async () => {
    const schemas = await stateOf(`${head} class BaseMessage { constructor(readonly text = "") {} }
      export const graph = new StateGraph(Annotation.Root({ a: Annotation<BaseMessage[]>() }))${rest};`);
    expect(schemas[""]?.state.properties).toEqual({ a: { type: "array" } });
  });

  it("are read of an input in annotations beside a state in zod", async () => {
    const schemas = await stateOf(`${head} const In = Annotation.Root({ a: Annotation<string>() });
      export const graph = new StateGraph({ state: z.object({ a: z.string(), b: z.number() }), input: In })${rest}.compile();`);
    expect(schemas[""]).toMatchObject({ input: { type: "object", properties: string } });
  });

  it("are read of subgraphs, and not mixed up when two have the same name", async () => {
    const schemas = await stateOf(`${head}
      const one = ${annotated}.compile();
      const other = new StateGraph(Annotation.Root({ a: Annotation<number>() }))${rest}.compile();
      const top = () => new StateGraph(Annotation.Root({ a: Annotation<string>() }));
      export const graph = ({ x }: { x?: 1 }) => x
        ? top().addNode([["listed", one], ["same", one]]).addEdge(START, "listed")
        : top().addNode("same", other as any as typeof one).addNode("called", () => ({}), { subgraphs: [one] })
            .addEdge(START, "same");`);
    expect(Object.keys(schemas).sort()).toEqual(["", "called", "listed"]);
  });

  it("keep what is strange in a project from failing the build", async () => {
    const more = {
      "tsconfig.json": `{ "extends": "./missing.json", "compilerOptions": { "target": "es3" } }`,
    };
    const text = `${head} const wrong: number = "text"; export const graph = ${annotated};`;
    expect((await stateOf(text, more))[""]?.state.properties).toEqual(string);
  });
});
