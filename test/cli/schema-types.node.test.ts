/** The schemas that the build reads from the types of graphs. */
import { beforeAll, describe, expect, it } from "vitest";
import { makeProject, type Parts, type Project, type Schemas } from "../support/graph-project";

const head = `import { Annotation, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
  import { z } from "zod";`;
const rest = `.addNode("n", () => ({})).addEdge(START, "n")`;
const annotated = `new StateGraph(Annotation.Root({ a: Annotation<string>() }))${rest}`;
const string = { a: { type: "string" } };

const graphs: Record<string, string> = {};
const files: Record<string, string> = {};
let schemas: Schemas = {};

/** Puts a graph into the project that is built once for all tests. @returns what reads its schemas, by path of the subgraph */
function inProject(name: string, text: string): () => Record<string, Parts> {
  graphs[name] = `./${name}.ts:graph`;
  files[`${name}.ts`] = text;
  return () => schemas[name] ?? {};
}

/** Builds a project of its own. */
async function buildOnce(...args: Parameters<Project["build"]>): Promise<Schemas> {
  const project = await makeProject();
  try {
    return await project.build(...args);
  } finally {
    await project.remove();
  }
}

beforeAll(async () => {
  schemas = await buildOnce(graphs, files);
});

describe("types", () => {
  const names = ["renamed", "imported", "asynchronous", "declared", "promised", "wrapped", "default"];
  for (const name of [...names, "either", "untyped"]) graphs[name] = `./exports.ts:${name}`;
  graphs["javascript"] = "./exports.js:graph";
  files["exports.ts"] = `${head}
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
  files["exports.js"] = `import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
    export const graph = new StateGraph(MessagesAnnotation)${rest}.compile();`;
  files["more.ts"] = `${head} export const made = ${annotated}.compile();`;

  it.each(names)("are read of whatever stands for a graph: %s", (name) => {
    expect(schemas[name]?.[""]?.output.properties).toEqual(string);
  });

  it("are read of whatever stands for a graph: one or another, none, and one in JavaScript", () => {
    expect(schemas["either"]?.[""]?.output).toMatchObject({
      anyOf: [{ properties: string }, { properties: { b: { type: "number" } } }],
    });
    expect(schemas).not.toHaveProperty("untyped");
    expect(schemas["javascript"]?.[""]?.state.properties).toMatchObject({
      messages: { langgraph_type: "messages" },
    });
  });

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
  const ofOpen = inProject(
    "open",
    `${head} export const graph = new StateGraph(Annotation.Root({ ${channels} }))${rest};`,
  );

  it("are left open where JSON has no form for them", () => {
    expect(ofOpen()[""]?.state.properties).toEqual(
      Object.fromEntries(open.map((_, index) => [`c${index}`, {}])),
    );
  });

  const ofEndless = inProject(
    "endless",
    `${head}
    type Json = string | Json[] | { [key: string]: Json };
    interface Endless<T> { next: Endless<T[]> }
    export const graph = new StateGraph(Annotation.Root({ json: Annotation<Json>(), endless: Annotation<Endless<1>>() }))
      ${rest};`,
  );

  it("end where a type contains itself, or never ends", () => {
    expect(Object.keys(ofEndless()[""]?.state.properties ?? {})).toEqual(["json", "endless"]);
    expect(JSON.stringify(ofEndless()).length).toBeLessThan(5000);
  });

  const ofOwnMessage = inProject(
    "own-message",
    `${head} class BaseMessage { constructor(readonly text = "") {} }
    export const graph = new StateGraph(Annotation.Root({ a: Annotation<BaseMessage[]>() }))${rest};`,
  );

  it("know no message but LangChain's own", () => {
    expect(ofOwnMessage()[""]?.state.properties).toEqual({ a: { type: "array" } });
  });

  const ofMixed = inProject(
    "mixed",
    `${head} const In = Annotation.Root({ a: Annotation<string>() });
    export const graph = new StateGraph({ state: z.object({ a: z.string(), b: z.number() }), input: In })${rest}.compile();`,
  );

  it("are read of an input in annotations beside a state in zod", () => {
    expect(ofMixed()[""]).toMatchObject({ input: { type: "object", properties: string } });
  });

  const ofSubgraphs = inProject(
    "subgraphs",
    `${head}
    const one = ${annotated}.compile();
    const other = new StateGraph(Annotation.Root({ a: Annotation<number>() }))${rest}.compile();
    const top = () => new StateGraph(Annotation.Root({ a: Annotation<string>() }));
    export const graph = ({ x }: { x?: 1 }) => x
      ? top().addNode([["listed", one], ["same", one]]).addEdge(START, "listed")
      : top().addNode("same", other as any as typeof one).addNode("called", () => ({}), { subgraphs: [one] })
          .addEdge(START, "same");`,
  );

  it("are read of subgraphs, and not mixed up when two have the same name", () => {
    expect(Object.keys(ofSubgraphs()).sort()).toEqual(["", "called", "listed"]);
  });

  it("keep what is strange in a project from failing the build", async () => {
    const built = await buildOnce(
      { agent: "./g.ts:graph" },
      {
        "g.ts": `${head} const wrong: number = "text"; export const graph = ${annotated};`,
        "tsconfig.json": `{ "extends": "./missing.json", "compilerOptions": { "target": "es3" } }`,
      },
    );
    expect(built["agent"]?.[""]?.state.properties).toEqual(string);
  });
});
