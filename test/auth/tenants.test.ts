/** Named keys, and tenants that see nothing of each other. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { app } from "../../src/edge/app";
import type { Cron } from "../../src/wire/crons/cron";
import type { Slot } from "../../src/wire/crons/slot";
import type { Thread } from "../../src/wire/threads/thread";
import { atClock } from "../support/crons";
import type { Seen } from "../support/graphs/seen";

atClock("2040-01-01T00:00:00.000Z");

const ACME = "acme-key-0123456789";
const ACME_NEXT = "acme-next-key-0123456789";
const GLOBEX = "globex-key-0123456789";
const ADMIN = "admin-key-0123456789";
const KEYS = `acme:${ACME},acme:${ACME_NEXT} globex:${GLOBEX}\n${ADMIN}`;

interface Answer<T> {
  status: number;
  body: T;
}

/** A request to a deployment with these settings. */
async function callWith<T>(
  settings: Record<string, string>,
  key: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer<T>> {
  const context = createExecutionContext();
  const bindings = { ...env, AUTH: undefined, EDGECRON_DEV: undefined, ...settings };
  const request = new Request(`http://edge${path}`, {
    method,
    headers: { "x-api-key": key, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const response = await app.fetch(request, bindings, context);
  const text = await response.text();
  await waitOnExecutionContext(context);
  return { status: response.status, body: (text === "" ? null : JSON.parse(text)) as T };
}

const as = <T = { detail: string }>(key: string, method: string, path: string, body?: unknown) =>
  callWith<T>({ API_KEYS: KEYS, TENANTS: "isolated" }, key, method, path, body);

const made = async (key: string): Promise<{ thread: Thread; cron: Cron }> => {
  const { body: thread } = await as<Thread>(key, "POST", "/threads", { metadata: { owner: "forged" } });
  const { body: cron } = await as<Cron>(key, "POST", "/runs/crons", {
    assistant_id: "seen",
    schedule: "0 * * * *",
    input: {},
    on_run_completed: "keep",
  });
  return { thread, cron };
};

describe("tenants", () => {
  it("see what is their own, by each of their keys, and nothing of another's", async () => {
    const { thread, cron } = await made(ACME);
    expect([thread.metadata, cron.metadata, cron.user_id]).toEqual([
      { owner: "acme" },
      { owner: "acme" },
      "acme",
    ]);
    const paths = [`/threads/${thread.thread_id}`, `/runs/crons/${cron.cron_id}`];
    const statuses = async (key: string): Promise<number[]> =>
      Promise.all(paths.map(async (path) => (await as(key, "GET", path)).status));
    expect(await statuses(ACME)).toEqual([200, 200]);
    expect(await statuses(ACME_NEXT)).toEqual([200, 200]);
    expect(await statuses(ADMIN)).toEqual([200, 200]);
    expect(await statuses(GLOBEX)).toEqual([404, 404]);
    expect(await statuses(`acme:${ACME}`)).toEqual([401, 401]);
    for (const path of ["/threads/search", "/runs/crons/search", "/runs/search", "/assistants/search"]) {
      expect([path, (await as(GLOBEX, "POST", path, {})).body]).toEqual([path, []]);
    }
    // Nor can it be handed over, or taken.
    await as(ACME, "PATCH", paths[0] ?? "", { metadata: { owner: "globex" } });
    expect(await statuses(GLOBEX)).toEqual([404, 404]);
    expect((await as(GLOBEX, "PATCH", paths[1] ?? "", { metadata: { owner: "globex" } })).status).toBe(404);
  });

  it("have parts of the store", async () => {
    const item = { namespace: ["notes"], key: "k", value: { text: "acme's" } };
    await as(ACME, "PUT", "/store/items", item);
    await as(GLOBEX, "PUT", "/store/items", { ...item, value: { text: "globex's" } });
    const read = async (key: string, namespace: string): Promise<unknown> =>
      (await as<{ value: unknown } | null>(key, "GET", `/store/items?namespace=${namespace}&key=k`)).body
        ?.value;
    expect(await read(ACME, "notes")).toEqual({ text: "acme's" });
    expect(await read(ACME, "acme.notes")).toEqual({ text: "acme's" });
    expect(await read(GLOBEX, "notes")).toEqual({ text: "globex's" });
    expect(await read(GLOBEX, "acme.notes")).toBeUndefined();
    const search = await as<{ items: { namespace: string[] }[] }>(GLOBEX, "POST", "/store/items/search", {});
    expect(search.body.items.map(({ namespace }) => namespace)).toEqual([["globex", "notes"]]);
    const list = await as(GLOBEX, "POST", "/store/namespaces", { prefix: ["notes"] });
    expect(list.body).toEqual({ namespaces: [["globex", "notes"]] });
    await as(GLOBEX, "DELETE", "/store/items", { namespace: ["notes"], key: "k" });
    expect(await read(ACME, "notes")).toEqual({ text: "acme's" });
    expect(await read(ADMIN, "acme.notes")).toEqual({ text: "acme's" });
  });

  it("may not do what concerns everybody", async () => {
    for (const [method, path] of [
      ["POST", "/runs/crons/stop"],
      ["POST", "/runs/crons/start"],
      ["GET", "/metrics"],
    ] as const) {
      expect([path, (await as(ACME, method, path, method === "POST" ? {} : undefined)).status]).toEqual([
        path,
        403,
      ]);
    }
  });

  it("are told that they may not stop all crons", async () => {
    const mayChange = async (key: string): Promise<unknown> =>
      (await as<{ may_change: boolean }>(key, "GET", "/runs/crons/switch")).body.may_change;
    expect([await mayChange(ACME), await mayChange(ADMIN)]).toEqual([false, true]);
  });

  it("are who their runs and crons are of, and no key is anywhere", async () => {
    const logged: unknown[] = [];
    for (const method of ["log", "warn", "error"] as const)
      vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => void logged.push(...parts));
    const { thread, cron } = await made(ACME);
    const run = { assistant_id: "seen", input: {} };
    const { body } = await as<{ seen: Seen }>(ACME, "POST", `/threads/${thread.thread_id}/runs/wait`, run);
    expect(body.seen.configurable).toMatchObject({
      langgraph_auth_user_id: "acme",
      langgraph_auth_permissions: [],
    });
    const { body: slot } = await as<Slot>(ADMIN, "POST", `/runs/crons/${cron.cron_id}/run`, {});
    expect(slot.requested_by).toBeNull();
    const { body: fired } = await as<{ seen: Seen }>(
      ACME,
      "GET",
      `/threads/${slot.thread_id}/runs/${slot.run_id}/join`,
    );
    expect(fired.seen.configurable).toMatchObject({ langgraph_auth_user_id: "acme" });
    await as(`${ACME}x`, "GET", "/info");
    const tables = ["threads", "runs", "crons", "assistants", "store_items"];
    const rows = await Promise.all(tables.map((table) => env.DB.prepare(`SELECT * FROM ${table}`).all()));
    const shown = [
      await as(ACME, "GET", `/threads/${thread.thread_id}`),
      await as(ACME, "GET", `/threads/${thread.thread_id}/history`),
      await as(ACME, "GET", `/runs/crons/${cron.cron_id}/slots`),
      await as(ACME, "GET", "/openapi.json"),
    ];
    expect(JSON.stringify([logged, rows.map(({ results }) => results), shown, body, fired])).not.toMatch(
      /(acme|globex|admin)(-next)?-key/,
    );
  });
});

describe("named keys", () => {
  beforeEach(() => vi.spyOn(console, "error").mockImplementation(() => undefined));

  it("may do everything without TENANTS, under their names", async () => {
    const call = <T>(key: string, method: string, path: string, body?: unknown) =>
      callWith<T>({ API_KEYS: KEYS }, key, method, path, body);
    const { body: thread } = await call<Thread>(ACME, "POST", "/threads", { metadata: { a: 1 } });
    expect(thread.metadata).toEqual({ a: 1 });
    expect((await call(GLOBEX, "GET", `/threads/${thread.thread_id}`)).status).toBe(200);
    const { body } = await call<Cron>(ACME, "POST", "/runs/crons", {
      assistant_id: "seen",
      schedule: "0 * * * *",
    });
    expect(body.user_id).toBe("acme");
  });

  it.each([
    [{ API_KEYS: "acme:short" }, /API_KEYS: expected keys of at least 16 characters/],
    [{ API_KEYS: `acme:${ACME},globex:${ACME}` }, /API_KEYS: expected each key under one name only/],
    [{ API_KEYS: KEYS, TENANTS: "shared" }, /TENANTS: /],
    [{ API_KEYS: KEYS, TENANTS: "isolated", AUTH: "open" }, /TENANTS: tenants are told apart by their keys/],
  ])("a setting that cannot be is refused, and shows no key: %#", async (settings, message) => {
    const { status, body } = await callWith<{ detail: string }>(
      settings,
      ACME,
      "POST",
      "/threads/search",
      {},
    );
    expect(status).toBe(503);
    expect(body.detail).toMatch(message);
    expect(body.detail).not.toContain(ACME);
  });

  it("a key with a colon that follows no name is a key as it is", async () => {
    for (const key of [":0123456789abcdef", "a b:c".replace(" ", "!") + "0123456789abcdef"]) {
      expect((await callWith({ API_KEYS: key }, key, "POST", "/threads/search", {})).status).toBe(200);
    }
  });
});
