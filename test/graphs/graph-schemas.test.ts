/** What is told of graphs at run time: from zod, from extracted types, from neither. */
import { Annotation, entrypoint, START, StateGraph } from "@langchain/langgraph";
import { registry } from "@langchain/langgraph/zod";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { schemasOf } from "../../src/graphs/graph-schemas";

const text = { type: "string" };
const Annotated = Annotation.Root({ a: Annotation<string>(), b: Annotation<number>() });
const annotated = new StateGraph(Annotated)
  .addNode("n", () => ({}))
  .addEdge(START, "n")
  .compile();
const open = { type: "object", properties: { a: {}, b: {} } };

/** The schemas of a graph with this state, and perhaps an input and output of its own. */
const schemasWith = (state: z.ZodObject, own: { input?: typeof Annotated; output?: typeof Annotated } = {}) =>
  schemasOf(
    new StateGraph({ state, ...own })
      .addNode("n", () => ({}))
      .addEdge(START, "n")
      .compile(),
  );

describe("annotations", () => {
  it("are keys of any type when nothing was extracted", () => {
    expect(schemasOf(annotated)).toEqual({ state: open, input: open, output: open, config: undefined });
  });

  it("are what was extracted, part by part", () => {
    const input = { type: "object", properties: { a: text, b: { type: "number" } } };
    const config = { type: "object", properties: { model: text } };
    expect(schemasOf(annotated, { input, config })).toEqual({ state: open, input, output: open, config });
  });

  it("are not believed to have keys that the graph has not", () => {
    const other = { type: "object", properties: { a: text, zzz: text } };
    expect(schemasOf(annotated, { state: other }).state).toEqual(open);
  });
});

describe("zod", () => {
  it("is not mistaken for an input or output in annotations", () => {
    const { state, input, output } = schemasWith(z.object({ a: z.string(), b: z.number(), c: z.date() }), {
      input: Annotated,
      output: Annotated,
    });
    expect(Object.keys(state["properties"] as object)).toEqual(["a", "b", "c"]);
    expect([input, output]).toEqual([open, open]);
  });

  it("is left open, field by field, where JSON schema has no word or only a reference", () => {
    interface Tree {
      children: Tree[];
    }
    const tree: z.ZodType<Tree> = z.object({
      get children() {
        return z.array(tree);
      },
    });
    const { input, output } = schemasWith(
      z.object({
        date: z.date(),
        tree,
        length: z.string().transform((value) => value.length),
        log: z
          .array(z.bigint())
          .register(registry, { reducer: { fn: (log: bigint[]) => log, schema: z.string() as never } }),
        name: z.string().describe("lg:not JSON"),
      }),
    );
    expect(input).toEqual({
      type: "object",
      properties: {
        date: {},
        tree: {},
        length: text,
        log: text,
        name: { ...text, description: "lg:not JSON" },
      },
    });
    expect(output["properties"]).toMatchObject({ length: {}, log: { type: "array", items: {} } });
  });
});

it.each([
  ["a graph of the functional API", entrypoint("e", async (value: string) => value)],
  ["nothing", undefined],
])("leaves %s open", (_, graph) => {
  expect(schemasOf(graph)).toEqual({ state: {}, input: {}, output: {}, config: undefined });
});
