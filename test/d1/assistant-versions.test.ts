import { describe, expect, it } from "vitest";
import { assistantIdOf, type Assistant } from "../../src/d1/assistants-table";
import { call, create } from "../support/edge";

const patch = (id: string, body: unknown) => call<Assistant>("PATCH", `/assistants/${id}`, body);
const versions = async (id: string, body: unknown = { limit: 1000 }) =>
  (await call<Assistant[]>("POST", `/assistants/${id}/versions`, body)).body;
const setLatest = (id: string, body: unknown, query = "") =>
  call<Assistant>("POST", `/assistants/${id}/latest${query}`, body);

describe("patch", () => {
  it("makes a new version: metadata merges, other fields replace, absent and null ones stay", async () => {
    const made = await create({
      name: "one",
      description: "first",
      config: { tags: ["a"], configurable: { x: 1 } },
      context: { y: 1 },
      metadata: { kept: { deep: true }, changed: { a: 1 } },
    });
    const { status, body } = await patch(made.assistant_id, {
      graph_id: "steps",
      config: { configurable: { z: 2 } },
      metadata: { changed: { b: 2 }, added: null },
      name: null,
      context: null,
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...made,
      graph_id: "steps",
      config: { configurable: { z: 2 } },
      metadata: { kept: { deep: true }, changed: { b: 2 }, added: null },
      version: 2,
      updated_at: body.updated_at,
    });
    expect(body.updated_at >= made.updated_at).toBe(true);
    expect((await call("GET", `/assistants/${made.assistant_id}`)).body).toEqual(body);
    expect(await versions(made.assistant_id)).toEqual([{ ...body, created_at: body.updated_at }, made]);
  });

  it("loses nothing when several come at once", async () => {
    const { assistant_id: id } = await create({ metadata: { start: true } });
    const numbers = Array.from({ length: 10 }, (_, n) => n);
    const answers = await Promise.all(numbers.map((n) => patch(id, { metadata: { [`key${n}`]: n } })));

    expect(answers.map((answer) => answer.status)).toEqual(numbers.map(() => 200));
    expect(answers.map((answer) => answer.body.version).sort((a, b) => a - b)).toEqual(
      numbers.map((n) => n + 2),
    );
    const { body } = await call<Assistant>("GET", `/assistants/${id}`);
    expect(body.version).toBe(11);
    expect(body.metadata).toEqual({ start: true, ...Object.fromEntries(numbers.map((n) => [`key${n}`, n])) });
    expect((await versions(id)).map((version) => version.version)).toEqual([
      11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
    ]);
  });

  it("refuses an unknown graph, and leaves the assistant as it is", async () => {
    const made = await create();
    const answer = await patch(made.assistant_id, { graph_id: "nosuch", name: "x" });
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({
      detail: expect.stringContaining('no graph "nosuch"; there are: ') as string,
      code: "graph.not_found",
    });
    expect((await call("GET", `/assistants/${made.assistant_id}`)).body).toEqual(made);
  });

  it("refuses metadata that has grown beyond what a row can hold", async () => {
    const { assistant_id: id } = await create({ metadata: { a: "x".repeat(800_000) } });
    expect((await patch(id, { metadata: { b: "x".repeat(800_000) } })).status).toBe(413);
    expect((await patch(id, { metadata: { a: "x".repeat(900_000) } })).body.version).toBe(2);
  });
});

describe("the default assistant of a graph", () => {
  it.each(["echo", assistantIdOf("echo"), assistantIdOf("echo").toUpperCase()])(
    "named %s keeps its graph, and takes other changes",
    async (id) => {
      const { status, body } = await call("PATCH", `/assistants/${id}`, { graph_id: "steps", name: "x" });
      expect(status).toBe(409);
      expect(body.detail).toMatch(/^graph_id: .* default assistant of the graph "echo"/);
      expect(
        (await call("PATCH", `/assistants/${id}`, { graph_id: "echo", name: "mine" })).body,
      ).toMatchObject({ graph_id: "echo", name: "mine" });
    },
  );
});

describe("latest", () => {
  it("makes the assistant what it was; the next patch continues from there with the next number", async () => {
    const made = await create({ name: "one", description: "first", metadata: { v: 1 } });
    const id = made.assistant_id;
    await patch(id, { graph_id: "steps", name: "two", description: "second", metadata: { w: 2 } });
    await patch(id, { name: "three" });

    const { status, body } = await setLatest(id, { version: 1 });
    expect(status).toBe(200);
    expect(body).toEqual({ ...made, updated_at: body.updated_at });
    expect((await call("GET", `/assistants/${id}`)).body).toEqual(body);
    expect(await versions(id)).toHaveLength(3);

    const { body: fourth } = await patch(id, { metadata: { x: 4 } });
    expect(fourth).toMatchObject({ version: 4, name: "one", graph_id: "echo", metadata: { v: 1, x: 4 } });
  });

  it("takes the version from the query string too, and refuses none at all", async () => {
    const { assistant_id: id } = await create();
    await patch(id, { name: "two" });
    expect((await setLatest(id, undefined, "?version=1")).body.version).toBe(1);
    expect((await setLatest(id, { version: 2 }, "?version=1")).body.version).toBe(2);
    expect((await setLatest(id, {})).status).toBe(422);
    expect((await setLatest(id, undefined, "?version=1e0")).status).toBe(422);
    expect((await setLatest(id, undefined, "?version=-1")).status).toBe(422);
  });

  it.each([3, Number.MAX_SAFE_INTEGER])("does not know version %d", async (version) => {
    const { assistant_id: id } = await create();
    const { status, body } = await setLatest(id, { version });
    expect(status).toBe(404);
    expect(body).toEqual({
      detail: `version: assistant ${id} has no version ${version}`,
      code: "assistant.not_found",
    });
  });
});

describe("versions", () => {
  it("pages and filters", async () => {
    const { assistant_id: id } = await create({ metadata: { stage: "draft" } });
    await patch(id, { metadata: { stage: "live" } });
    await patch(id, { name: "three" });
    const numbers = async (body: unknown) => (await versions(id, body)).map((version) => version.version);

    expect(await numbers({})).toEqual([3, 2, 1]);
    expect(await numbers({ limit: 1, offset: 1 })).toEqual([2]);
    expect(await numbers({ offset: 3 })).toEqual([]);
    expect(await numbers({ offset: Number.MAX_SAFE_INTEGER })).toEqual([]);
    expect(await numbers({ metadata: { stage: "live" } })).toEqual([3, 2]);
    expect(await numbers({ metadata: null, limit: null, offset: null })).toEqual([3, 2, 1]);
  });
});
