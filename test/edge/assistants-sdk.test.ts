/** The official clients, unchanged. */
import { describe, expect, it } from "vitest";
import { assistantIdOf } from "../../src/d1/assistants-table";
import { SDKS } from "../support/sdk";

describe.each(SDKS)("SDK %s", (version, makeClient) => {
  const { assistants } = makeClient();
  const metadata = { sdk: version };

  it("finds the default assistants", async () => {
    const found = await assistants.search({ metadata: { created_by: "system" }, graphId: "echo" });
    expect(found.map((assistant) => assistant.assistant_id)).toEqual([assistantIdOf("echo")]);
    expect((await assistants.get("echo")).graph_id).toBe("echo");
  });

  it("creates, updates, goes back and deletes", async () => {
    const assistantId = crypto.randomUUID();
    const made = await assistants.create({
      assistantId,
      graphId: "echo",
      name: "sdk",
      description: "by the SDK",
      config: { tags: ["t"], recursion_limit: 3, configurable: { model: "m" } },
      context: { tone: "dry" },
      metadata,
      ifExists: "raise",
    });
    expect(made).toMatchObject({
      assistant_id: assistantId,
      version: 1,
      config: { recursion_limit: 3 },
      metadata,
    });
    await expect(assistants.create({ assistantId, graphId: "echo" })).rejects.toMatchObject({ status: 409 });
    expect(await assistants.create({ assistantId, graphId: "echo", ifExists: "do_nothing" })).toEqual(made);

    const updated = await assistants.update(assistantId, {
      graphId: "steps",
      name: "renamed",
      description: "changed",
      config: {},
      context: {},
      metadata: { more: true },
    });
    expect(updated).toMatchObject({ version: 2, graph_id: "steps", metadata: { ...metadata, more: true } });
    expect(await assistants.get(assistantId)).toEqual(updated);

    const list = await assistants.getVersions(assistantId, { metadata, limit: 10, offset: 0 });
    expect(list.map((item) => item.version)).toEqual([2, 1]);
    expect(await assistants.setLatest(assistantId, 1)).toMatchObject({
      version: 1,
      name: "sdk",
      graph_id: "echo",
    });

    await assistants.delete(assistantId, { deleteThreads: true });
    await expect(assistants.get(assistantId)).rejects.toMatchObject({ status: 404 });
  });

  it("searches and counts", async () => {
    for (const name of ["Alpha", "Beta", "Gamma"])
      await assistants.create({ graphId: "echo", name, metadata });
    const query = { graphId: "echo", metadata, sortBy: "name", sortOrder: "asc", select: ["name"] } as const;

    const first = await assistants.search({ ...query, select: ["name"], limit: 2, includePagination: true });
    expect(first).toEqual({ assistants: [{ name: "Alpha" }, { name: "Beta" }], next: "2" });
    const rest = await assistants.search({ ...query, select: ["name"], offset: 2, includePagination: true });
    expect(rest).toEqual({ assistants: [{ name: "Gamma" }], next: null });
    expect(await assistants.search({ name: "ETA", metadata })).toHaveLength(1);
    expect(await assistants.count({ graphId: "echo", metadata })).toBe(3);
    expect(await assistants.count({ name: "gam", metadata })).toBe(1);
  });
});
