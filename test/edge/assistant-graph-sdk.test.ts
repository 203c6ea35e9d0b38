/** The official clients' view of graphs, and RemoteGraph's. */
import { RemoteGraph } from "@langchain/langgraph/remote";
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import { sdkOptions, SDKS } from "../support/sdk";

describe.each(SDKS)("SDK %s", (_, makeClient) => {
  const { assistants } = makeClient();

  it("draws a graph", async () => {
    const idsOf = ({ nodes }: { nodes: { id: string | number }[] }) => nodes.map((node) => node.id);
    const plain = ["__start__", "before", "middle", "__end__"];
    expect(idsOf(await assistants.getGraph("subgraphs"))).toEqual(plain);
    expect(idsOf(await assistants.getGraph("subgraphs", { xray: false }))).toEqual(plain);
    for (const xray of [true, 1, 2]) {
      expect(idsOf(await assistants.getGraph("subgraphs", { xray }))).toContain("middle:inner");
    }
    await expect(assistants.getGraph("nowhere")).rejects.toMatchObject({ status: 404 });
  });

  it("reads schemas", async () => {
    const schemas = await assistants.getSchemas("echo");
    expect(schemas.graph_id).toBe("echo");
    expect(schemas.input_schema).toEqual({
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: {
        text: { type: "string" },
        reply: { type: "string" },
        seen: { type: "array", items: { type: "string" } },
      },
    });
  });

  it("lists subgraphs", async () => {
    expect(Object.keys(await assistants.getSubgraphs("subgraphs"))).toEqual(["middle"]);
    expect(Object.keys(await assistants.getSubgraphs("subgraphs", { recurse: true }))).toHaveLength(3);
    const found = await assistants.getSubgraphs("subgraphs", { namespace: "middle|typed", recurse: true });
    expect(found["middle|typed"]?.state_schema).toMatchObject({ properties: { text: { type: "string" } } });
  });
});

it("draws a RemoteGraph", async () => {
  const remote = new RemoteGraph({ graphId: "subgraphs", client: new Client(sdkOptions()) });
  const drawn = await remote.getGraphAsync({ xray: true });
  expect(Object.keys(drawn.nodes)).toEqual([
    "__start__",
    "before",
    "middle:inner",
    "middle:typed",
    "__end__",
  ]);
  expect(drawn.drawMermaid()).toContain("middle");
});
