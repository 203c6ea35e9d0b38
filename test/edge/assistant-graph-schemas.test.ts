/** `/assistants/{id}/schemas`, of graphs defined in zod and in annotations. */
import { describe, expect, it } from "vitest";
import { call, create } from "../support/edge";

interface Schemas extends Record<string, unknown> {
  graph_id: string;
  input_schema: { properties: Record<string, unknown>; required?: string[] };
  output_schema: { properties: Record<string, unknown>; required?: string[] };
  state_schema: { properties: Record<string, unknown>; required?: string[] };
}

async function schemasOf(id: string): Promise<Schemas> {
  const { status, body } = await call<Schemas>("GET", `/assistants/${id}/schemas`);
  expect(status).toBe(200);
  return body;
}

const DRAFT_07 = "http://json-schema.org/draft-07/schema#";
const text = { type: "string" };

describe("a graph in zod", () => {
  it("has the schemas that LangGraph makes of it", async () => {
    const schemas = await schemasOf("zod-state");
    expect(schemas.graph_id).toBe("zod-state");
    expect(schemas.input_schema.properties).toMatchObject({
      messages: { langgraph_type: "messages" },
      topic: { type: "string", description: "What it is about" },
      count: { type: "integer", default: 0 },
      seen: { type: "array", items: text },
    });
    expect(schemas.input_schema.required ?? []).toEqual([]);
    expect(schemas.state_schema).toEqual(schemas.input_schema);
    expect(schemas.output_schema.properties).toMatchObject({ messages: { langgraph_type: "messages" } });
    const context = {
      type: "object",
      properties: { tone: { type: "string", enum: ["dry", "warm"] }, temperature: { type: "number" } },
      required: ["tone"],
    };
    expect(schemas).toMatchObject({ config_schema: context, context_schema: context });
  });

  it("leaves open what JSON schema has no word for", async () => {
    const { input_schema: input, output_schema: output } = await schemasOf("zod-dated");
    expect(input.properties).toEqual({ at: {}, name: text });
    expect(input.required).toBeUndefined();
    expect(output.properties).toEqual({ at: {}, name: text });
  });
});

describe("a graph in annotations", () => {
  it("has what its types say", async () => {
    const { input_schema: input, output_schema: output, ...rest } = await schemasOf("annotated");
    expect(input.properties).toMatchObject({ question: text, history: { langgraph_type: "messages" } });
    expect(Object.keys(input.properties)).toEqual(["question", "history"]);
    expect(output.properties).toEqual({ answer: { anyOf: [{ type: "null" }, text] } });
    const config = {
      type: "object",
      properties: { model: { ...text, description: "Which model answers." }, retries: { type: "number" } },
    };
    expect(rest).toMatchObject({ config_schema: config, context_schema: config });
  });

  it("has a state of all kinds of types, and is open where they cannot be told", async () => {
    const { state_schema: state } = await schemasOf("annotated");
    expect(state.required).toBeUndefined();
    expect(state.properties).toMatchObject({
      messages: { langgraph_type: "messages", description: "As LangGraph's own." },
      dialogue: { langgraph_type: "messages" },
      log: { type: "string", description: "Takes one, keeps all." },
      mood: { enum: expect.arrayContaining(["good", "bad", 3]) as unknown },
      level: { type: "number", enum: [1, 2] },
      flag: { type: "boolean" },
      scores: { type: "object", additionalProperties: { type: "number" } },
      branded: text,
    });
    expect(state.properties["address"]).toEqual({
      type: "object",
      properties: {
        street: { type: "string", description: "Street and number." },
        zip: { type: "number" },
        geo: {
          anyOf: [
            { type: "null" },
            {
              type: "array",
              prefixItems: [{ type: "number" }, { type: "number" }],
              minItems: 2,
              maxItems: 2,
            },
          ],
        },
      },
      required: ["street", "geo"],
    });
    expect(state.properties["mixed"]).toEqual({
      anyOf: [
        text,
        { type: "array", items: { type: "number" } },
        { type: "object", properties: { ok: { type: "boolean", const: true } }, required: ["ok"] },
      ],
    });
    expect(state.properties["tree"]).toEqual({
      type: "object",
      properties: { label: text, children: { type: "array" } },
      required: ["label", "children"],
    });
    for (const open of ["date", "callback", "either", "big", "unknown"]) {
      expect(state.properties[open]).toEqual({});
    }
  });

  it.each(["factory", "uncompiled"])("has schemas when it is a %s", async (id) => {
    const { output_schema: output, ...rest } = await schemasOf(id);
    expect(output).toEqual({ $schema: DRAFT_07, type: "object", properties: { text, reply: text } });
    expect(rest).not.toHaveProperty("config_schema");
    expect(rest).not.toHaveProperty("context_schema");
  });
});

it("has the messages of the default agent, and what may be configured of it", async () => {
  const schemas = await schemasOf("agent");
  const message = { type: "object", required: ["type", "content"] };
  expect(schemas.input_schema.properties).toMatchObject({ messages: { langgraph_type: "messages" } });
  expect(schemas.output_schema.properties).toMatchObject({
    messages: { type: "array", items: message, langgraph_type: "messages" },
  });
  expect(schemas["config_schema"]).toMatchObject({ properties: { model: text, system_prompt: text } });
});

it("takes the schemas of the assistant's present graph", async () => {
  const { assistant_id: id } = await create();
  expect((await schemasOf(id)).graph_id).toBe("echo");
  await call("PATCH", `/assistants/${id}`, { graph_id: "annotated" });
  expect(await schemasOf(id)).toEqual(await schemasOf("annotated"));
});
