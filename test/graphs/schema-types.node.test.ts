/** The schemas that the build reads from the types of graphs. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeProject, type Project } from "../support/graph-project";

// The TypeScript compiler takes seconds, and more on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

let project: Project;
const build: Project["build"] = (...args) => project.build(...args);

beforeEach(async () => {
  project = await makeProject();
});

afterEach(() => project.remove());

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
