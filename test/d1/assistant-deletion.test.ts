import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { call, create, versionRows } from "../support/edge";

describe("delete", () => {
  const makeThreads = (count: number, assistantId: string) =>
    Promise.all(
      Array.from({ length: count }, () =>
        call<{ thread_id: string }>("POST", "/threads", { metadata: { assistant_id: assistantId } }),
      ),
    );

  const threadsOf = async (assistantId: string): Promise<number> =>
    (await env.DB.prepare("SELECT count(*) AS n FROM threads WHERE metadata ->> 'assistant_id' = ?")
      .bind(assistantId)
      .first<number>("n")) ?? 0;

  it("removes the assistant and its versions, and leaves the threads", async () => {
    const { assistant_id: id } = await create();
    await call("PATCH", `/assistants/${id}`, { name: "two" });
    await makeThreads(1, id);

    const { status, body } = await call("DELETE", `/assistants/${id}`);
    expect(status).toBe(200);
    expect(body).toEqual([id]);
    expect((await call("DELETE", `/assistants/${id}`)).status).toBe(404);
    expect(await versionRows(id)).toBe(0);
    expect(await threadsOf(id)).toBe(1);
  });

  it("removes the assistant's threads when asked to, and no others", async () => {
    const { assistant_id: id } = await create();
    const { assistant_id: other } = await create();
    const [gone] = await makeThreads(23, id);
    await makeThreads(1, other);
    expect(await threadsOf(id)).toBe(23);

    expect((await call("DELETE", `/assistants/${id}?delete_threads=1`)).status).toBe(200);
    expect(await threadsOf(id)).toBe(0);
    expect((await call("GET", `/threads/${gone?.body.thread_id ?? ""}`)).status).toBe(404);
    expect(await threadsOf(other)).toBe(1);
  });

  it.each(["", "?delete_threads=true"])("refuses that of a graph's default assistant%s", async (query) => {
    const { body: assistant } = await call<{ assistant_id: string }>("GET", "/assistants/echo");
    const { assistant_id: id } = assistant;
    await makeThreads(1, id);
    for (const name of ["echo", id, id.toUpperCase()]) {
      const { status, body } = await call("DELETE", `/assistants/${name}${query}`);
      expect(status).toBe(409);
      expect(body.detail).toContain('default assistant of the graph "echo"');
    }
    expect((await call("GET", "/assistants/echo")).body).toEqual(assistant);
    expect(await threadsOf(id)).toBeGreaterThan(0);
  });

  it.each(["yes", "", "2", "true&delete_threads=true"])("refuses delete_threads=%s", async (value) => {
    const { assistant_id: id } = await create();
    const { status, body } = await call("DELETE", `/assistants/${id}?delete_threads=${value}`);
    expect(status).toBe(422);
    expect(body.detail).toMatch(/^delete_threads: /);
    expect((await call("GET", `/assistants/${id}`)).status).toBe(200);
  });

  it("refuses a parameter it does not know", async () => {
    const { assistant_id: id } = await create();
    expect((await call("DELETE", `/assistants/${id}?delete_thread=true`)).body.detail).toBe(
      "delete_thread: unknown field",
    );
  });
});
