import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { assistantIdOf, getAssistant, removeAssistant, type Assistant } from "../../src/d1/assistants-table";
import { insertDefaultAssistants } from "../../src/d1/default-assistants";
import { graphIds, settings } from "../../src/graphs/registry";
import { call, create, versionRows } from "../support/edge";

const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("default assistants", () => {
  it("has one for each graph, under the id that other LangGraph servers give it", async () => {
    const { body } = await call<Assistant[]>("POST", "/assistants/search", {
      metadata: { created_by: "system" },
      limit: 100,
    });
    expect(body.map((assistant) => assistant.graph_id).sort()).toEqual([...graphIds].sort());
    expect(assistantIdOf("agent")).toBe("fe096781-5601-53d2-b2f6-0d3403f7e9ca");
    expect(body.find((assistant) => assistant.graph_id === "agent")).toEqual({
      assistant_id: "fe096781-5601-53d2-b2f6-0d3403f7e9ca",
      graph_id: "agent",
      name: "agent",
      description: null,
      config: {},
      context: {},
      metadata: { created_by: "system" },
      version: 1,
      created_at: expect.stringMatching(ISO) as string,
      updated_at: expect.stringMatching(ISO) as string,
    });
  });

  it("takes a graph id wherever an assistant id goes", async () => {
    const byGraph = await call<Assistant>("GET", "/assistants/steps");
    const byId = await call<Assistant>("GET", `/assistants/${assistantIdOf("steps").toUpperCase()}`);
    expect(byGraph.body).toEqual(byId.body);
    expect(await getAssistant(env.DB, "steps")).toEqual(byId.body);
    const versions = await call<Assistant[]>("POST", "/assistants/steps/versions", {});
    expect(versions.body).toEqual([byId.body]);
  });

  it("keeps what was patched, and brings back what is missing, when the server starts anew", async () => {
    await call("PATCH", "/assistants/steps", { name: "mine" });
    // As after a restore of an older D1, which does not know the graph.
    await removeAssistant(env.DB, assistantIdOf("fails"));
    expect((await call("GET", "/assistants/fails")).status).toBe(404);

    await insertDefaultAssistants(env.DB);
    await insertDefaultAssistants(env.DB);

    expect((await call<Assistant>("GET", "/assistants/fails")).body.version).toBe(1);
    expect((await call<Assistant>("GET", "/assistants/steps")).body).toMatchObject({
      name: "mine",
      version: 2,
    });
    expect(await versionRows(assistantIdOf("fails"))).toBe(1);
    expect(await versionRows(assistantIdOf("steps"))).toBe(2);
  });
});

describe("what langgraph.json and LANGGRAPH_CONFIG say of a graph", () => {
  const id = assistantIdOf("echo");
  const say = async (description: string, model: string): Promise<Partial<Assistant>> => {
    Object.assign(settings, { descriptions: { echo: description } });
    process.env.LANGGRAPH_CONFIG = JSON.stringify({ echo: { configurable: { model } } });
    await insertDefaultAssistants(env.DB);
    Object.assign(settings, { descriptions: undefined });
    delete process.env.LANGGRAPH_CONFIG;
    return (await call<Assistant>("GET", `/assistants/${id}`)).body;
  };

  it("reaches the default assistant that there is, until its owner changes it", async () => {
    expect(await say("Repeats.", "a")).toMatchObject({ description: "Repeats.", version: 1 });
    const changed = { description: "Repeats all.", config: { configurable: { model: "b" } }, version: 1 };
    expect(await say("Repeats all.", "b")).toMatchObject(changed);
    expect((await call<Assistant[]>("POST", `/assistants/${id}/versions`, {})).body).toMatchObject([changed]);
    await call("PATCH", `/assistants/${id}`, { description: "Mine." });
    const own = { description: "Mine.", config: changed.config, version: 2 };
    expect(await say("Repeats.", "c")).toMatchObject(own);
  });
});

describe("create", () => {
  it("answers with all fields, and gives the same when read", async () => {
    const given = {
      graph_id: "echo",
      name: "Nightly",
      description: "reads the news",
      config: { tags: ["a"], recursion_limit: 5, configurable: { model: "x" }, run_name: "n" },
      context: { tone: "dry" },
      metadata: { owner: { id: 1 } },
    };
    const made = await create(given);
    expect(made).toEqual({
      ...given,
      assistant_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      version: 1,
      created_at: expect.stringMatching(ISO) as string,
      updated_at: made.created_at,
    });
    expect((await call("GET", `/assistants/${made.assistant_id}`)).body).toEqual(made);
  });

  it("fills in what is absent or null", async () => {
    const nulls = { config: null, context: null, metadata: null, name: null, description: null };
    const made = await create({ ...nulls, assistant_id: null, if_exists: null });
    expect(made).toMatchObject({
      name: "Untitled",
      description: null,
      config: {},
      context: {},
      metadata: {},
    });
  });

  it("refuses an id that is taken, or returns what has it", async () => {
    const assistant_id = crypto.randomUUID();
    const first = await create({ assistant_id: assistant_id.toUpperCase(), name: "first" });
    expect(first.assistant_id).toBe(assistant_id);

    const again = await call("POST", "/assistants", { assistant_id, graph_id: "echo" });
    expect(again.status).toBe(409);
    expect(again.body.detail).toContain(assistant_id);
    const raised = await call("POST", "/assistants", { assistant_id, graph_id: "echo", if_exists: "raise" });
    expect(raised.status).toBe(409);

    expect(await create({ assistant_id, name: "second", if_exists: "do_nothing" })).toEqual(first);
    expect(await versionRows(assistant_id)).toBe(1);
  });

  it("makes one of several at once", async () => {
    const assistant_id = crypto.randomUUID();
    const answers = await Promise.all(
      ["a", "b", "c", "d"].map((name) =>
        call("POST", "/assistants", { assistant_id, graph_id: "echo", name }),
      ),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409, 409]);
    expect(await versionRows(assistant_id)).toBe(1);
  });

  it("names the graphs there are when the one asked for is not among them", async () => {
    const { status, body } = await call("POST", "/assistants", { graph_id: "Echo" });
    expect(status).toBe(404);
    expect(body.detail).toBe(`graph_id: no graph "Echo"; there are: ${graphIds.join(", ")}`);
  });

  it("refuses an id that is no UUID", async () => {
    const { status, body } = await call("POST", "/assistants", { graph_id: "echo", assistant_id: "echo" });
    expect(status).toBe(422);
    expect(body.detail).toBe("assistant_id: expected a UUID");
  });

  it("refuses what a row could not hold", async () => {
    // Fits the limit on bodies, but not a row: each number is written out in 22 characters.
    const metadata = `{"n":[${Array.from({ length: 150_000 }, () => "1e20").join(",")}]}`;
    const { status } = await call("POST", "/assistants", `{"graph_id":"echo","metadata":${metadata}}`);
    expect(status).toBe(413);
  });
});

describe("an unknown assistant", () => {
  it.each([UNKNOWN, "nosuchgraph", "%00", "%ZZ", "a%2Fb", "search", "x".repeat(5000)])(
    "is a 404: %s",
    async (id) => {
      for (const [method, path, body] of [
        ["GET", "", undefined],
        ["PATCH", "", { name: "x" }],
        ["DELETE", "", undefined],
        ["DELETE", "?delete_threads=true", undefined],
        ["POST", "/versions", {}],
        ["POST", "/latest", { version: 1 }],
      ] as const) {
        const answer = await call(method, `/assistants/${id}${path}`, body);
        expect(answer.status, `${method} ${path}`).toBe(404);
        expect(answer.body.detail).toMatch(/^Assistant not found: no assistant "/);
      }
    },
  );

  it("is answered with the graphs there are", async () => {
    const { body } = await call("GET", "/assistants/agnet");
    expect(body.detail).toContain(`the graphs are: ${graphIds.join(", ")}`);
  });
});
