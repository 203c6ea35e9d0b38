/** `/assistants/{id}/graph` and `/subgraphs`: what an assistant's graph looks like. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { call, create } from "../support/edge";

interface Drawing {
  nodes: { id: string; type: string; data: Record<string, unknown>; metadata?: unknown }[];
  edges: { source: string; target: string; conditional?: boolean; data?: string }[];
}

const nodesOf = async (path: string): Promise<string[]> => {
  const { status, body } = await call<Drawing>("GET", `/assistants/${path}`);
  expect(status).toBe(200);
  return body.nodes.map((node) => node.id);
};

describe("GET /assistants/{id}/graph", () => {
  it("draws nodes and edges", async () => {
    const { status, body } = await call<Drawing>("GET", "/assistants/agent/graph");
    expect(status).toBe(200);
    expect(body.nodes.map(({ id, type }) => [id, type])).toEqual([
      ["__start__", "schema"],
      ["agent", "runnable"],
      ["tools", "runnable"],
      ["__end__", "schema"],
    ]);
    expect(body.edges).toContainEqual({ source: "__start__", target: "agent", conditional: false });
    expect(body.edges).toContainEqual({ source: "agent", target: "tools", conditional: true });
  });

  it("draws subgraphs down to the depth of xray", async () => {
    const plain = ["__start__", "before", "middle", "__end__"];
    const one = ["__start__", "before", "middle:inner", "middle:typed", "__end__"];
    expect(await nodesOf("subgraphs/graph")).toEqual(plain);
    expect(await nodesOf("subgraphs/graph?xray=false")).toEqual(plain);
    expect(await nodesOf("subgraphs/graph?xray=0")).toEqual(plain);
    expect(await nodesOf("subgraphs/graph?xray=1")).toEqual(one);
    // Subgraphs of a single node are drawn as that node.
    for (const xray of ["True", "true", "2", "999999999"]) {
      expect(await nodesOf(`subgraphs/graph?xray=${xray}`)).toEqual(one);
    }
  });

  it("draws a graph that nobody compiled, and one that a function makes", async () => {
    expect(await nodesOf("uncompiled/graph")).toContain("shout");
    expect(await nodesOf("factory/graph?xray=true")).toContain("greet");
  });

  it("tells a function that it is not called for a run, and gives it the assistant's configuration", async () => {
    const plain = await create({ graph_id: "accesses" });
    expect(await nodesOf(`${plain.assistant_id}/graph`)).toContain(
      "assistants.read null undefined undefined",
    );
    const { assistant_id: id } = await create({
      graph_id: "accesses",
      config: { configurable: { x: 1 } },
      context: { y: 2 },
    });
    expect(await nodesOf(`${id}/graph`)).toContain("assistants.read null 1 2");
  });
});

describe("GET /assistants/{id}/subgraphs", () => {
  const subgraphs = async (rest: string) => {
    const { status, body } = await call<Record<string, object>>(
      "GET",
      `/assistants/subgraphs/subgraphs${rest}`,
    );
    expect(status).toBe(200);
    return body;
  };

  it.each([
    ["", ["middle"]],
    ["?recurse=false", ["middle"]],
    ["?recurse=true", ["middle", "middle|inner", "middle|typed"]],
    ["/middle", ["middle"]],
    ["/middle?recurse=true", ["middle"]],
    ["/middle%7Cinner?recurse=True", ["middle|inner"]],
    ["/middle%7Cinner", []],
    ["/nowhere", []],
  ])("lists %s", async (rest, paths) => {
    expect(Object.keys(await subgraphs(rest))).toEqual(paths);
  });

  it("gives the schemas of each, however it was defined", async () => {
    const found = await subgraphs("?recurse=true");
    const text = { type: "string" };
    const DRAFT_07 = "http://json-schema.org/draft-07/schema#";
    expect(found["middle"]).toEqual({
      state_schema: {
        $schema: DRAFT_07,
        type: "object",
        properties: { text, kind: { type: "string", enum: ["a", "b"] } },
      },
      input_schema: {
        $schema: DRAFT_07,
        type: "object",
        properties: { text, kind: { type: "string", enum: ["a", "b"] } },
      },
      output_schema: {
        $schema: DRAFT_07,
        type: "object",
        properties: { text, kind: { type: "string", enum: ["a", "b"] } },
      },
    });
    expect(found["middle|inner"]).toMatchObject({
      output_schema: { type: "object", properties: { text, depth: { type: "number" } } },
    });
    expect(found["middle|typed"]).toMatchObject({
      output_schema: {
        properties: { text, words: { type: "array", items: text } },
        required: ["text", "words"],
      },
    });
  });

  it("is empty for a graph that has none", async () => {
    expect((await call("GET", "/assistants/echo/subgraphs?recurse=true")).body).toEqual({});
  });
});

describe("what cannot be answered", () => {
  const paths = ["graph", "graph?xray=true", "schemas", "subgraphs", "subgraphs/a%7Cb?recurse=true"];

  it.each(paths)("answers 404 for an unknown assistant's /%s", async (path) => {
    const { status, body } = await call("GET", `/assistants/${crypto.randomUUID()}/${path}`);
    expect(status).toBe(404);
    expect(body.detail).toMatch(/no assistant/);
  });

  it.each(paths)(
    "answers 404 for /%s of a graph that is no longer served, and lists its assistant",
    async (path) => {
      const { assistant_id: id } = await create();
      await env.DB.prepare("UPDATE assistants SET graph_id = 'retired' WHERE assistant_id = ?")
        .bind(id)
        .run();
      expect((await call<{ graph_id: string }>("GET", `/assistants/${id}`)).body.graph_id).toBe("retired");
      const { status, body } = await call("GET", `/assistants/${id}/${path}`);
      expect(status).toBe(404);
      expect(body.detail).toContain(`assistant ${id} is of graph "retired", which this server no longer has`);
    },
  );

  it.each(paths)("answers 422 for /%s of a graph whose function throws", async (path) => {
    const { assistant_id: id } = await create({
      graph_id: "accesses",
      config: { configurable: { fail: "no such tenant" } },
    });
    const { status, body } = await call("GET", `/assistants/${id}/${path}`);
    expect(status).toBe(422);
    expect(body.detail).toBe('graph "accesses" cannot be read: no such tenant');
  });

  it.each([
    ["graph?xray=", "xray"],
    ["graph?xray=yes", "xray"],
    ["graph?xray=-1", "xray"],
    ["graph?xray=1.5", "xray"],
    ["graph?xray=1e9", "xray"],
    ["graph?xray=99999999999999999999", "xray"],
    ["graph?xray=true&xray=true", "xray"],
    ["graph?xray=%00", "xray"],
    ["graph?xray=%F0%9F", "xray"],
    ["graph?__proto__=1", "__proto__"],
    ["graph?xrai=1", "xrai: unknown field"],
    ["subgraphs?recurse=2", "recurse"],
    ["subgraphs?recurse=", "recurse"],
    ["subgraphs?recurse=true&recurse=false", "recurse"],
    ["subgraphs?constructor=1", "constructor"],
  ])("answers 422 for /%s", async (path, detail) => {
    const { status, body } = await call("GET", `/assistants/subgraphs/${path}`);
    expect(status).toBe(422);
    expect(body.detail).toContain(detail);
  });

  it.each(["__proto__", "constructor", "%E0%A4%A", "%00", "%7C", "middle%7C", "a%2Fb", "x".repeat(5000)])(
    "finds no subgraph %s",
    async (namespace) => {
      const answer = await call("GET", `/assistants/subgraphs/subgraphs/${namespace}?recurse=true`);
      expect([answer.status, answer.body]).toEqual([200, {}]);
    },
  );
});
