/** Which routes there are: `http.disable_*` and `http.mount_prefix` of langgraph.json. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { createApp } from "../../src/edge/app";
import { httpSettingsOf } from "../../src/edge/http-settings";
import { settings } from "../../src/graphs/registry";
import type { JsonObject } from "../../src/platform/json";
import { owners, restoreAuthAfterEach, useAuth } from "../support/auth";
import { createRun, createThread, getRun, joinRun } from "../support/threads";
import { receiver } from "../support/webhooks";

restoreAuthAfterEach();

async function send(
  http: object,
  method: string,
  path: string,
): Promise<{ status: number; body: JsonObject }> {
  const { app } = createApp({ http });
  const body = method === "POST" ? "{}" : undefined;
  const request = new Request(`http://localhost${path}`, { method, body });
  const response = await app.fetch(request, env, createExecutionContext());
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? (JSON.parse(text) as JsonObject) : {} };
}

describe("http.disable_…", () => {
  const ROUTES = {
    assistants: ["POST /assistants/search"],
    threads: ["POST /threads/search", "GET /threads/7e4b5ac0-0d1c-4d6c-9b0c-0f6a3f1f7d52/state"],
    runs: [
      "POST /runs/crons/search",
      "POST /runs/search",
      "GET /threads/7e4b5ac0-0d1c-4d6c-9b0c-0f6a3f1f7d52/runs",
    ],
    store: ["POST /store/items/search"],
    meta: ["GET /info", "GET /openapi.json", "GET /docs", "GET /metrics"],
  };
  const isRemoved = async (http: object, route: string): Promise<boolean> => {
    const [method = "", path = ""] = route.split(" ");
    return (await send(http, method, path)).body.code === "request.not_found";
  };

  it.each(Object.entries(ROUTES))("%s removes its routes, and no others", async (group, routes) => {
    const http = { [`disable_${group}`]: true };
    const all = Object.values(ROUTES).flat();
    const removed = await Promise.all(all.map((route) => isRemoved(http, route)));
    expect(all.filter((_route, index) => removed[index])).toEqual(routes);
    expect((await send(http, "GET", "/ok")).body).toEqual({ ok: true });
  });

  it("removes them from the OpenAPI document", async () => {
    const { paths } = (await send({ disable_store: true }, "GET", "/openapi.json")).body as { paths: object };
    expect(Object.keys(paths).filter((path) => path.startsWith("/store"))).toEqual([]);
    expect(paths).toHaveProperty("/threads");
  });

  it("false changes nothing, and what is no boolean is refused", async () => {
    expect(await isRemoved({ disable_store: false, disable_meta: null }, "GET /info")).toBe(false);
    expect(() => httpSettingsOf({ disable_store: "yes" })).toThrow(/langgraph\.json: http: .*boolean/s);
  });
});

describe("http.disable_webhooks", () => {
  afterEach(() => Object.assign(settings, { http: undefined }));

  it("executes runs, and calls no webhook", async () => {
    Object.assign(settings, { http: { disable_webhooks: true } });
    const hook = receiver(200);
    const { thread_id: id } = await createThread();
    const run = await createRun(id, { assistant_id: "echo", input: { text: "a" }, webhook: hook.url });
    expect(await joinRun(run)).toMatchObject({ reply: "You said: a" });
    expect(await getRun(run)).not.toHaveProperty("webhook");
    expect(hook.calls).toEqual([]);
  });
});

describe("http.mount_prefix", () => {
  it.each(["/api", "/api/", "api"])("%s is before all routes", async (prefix) => {
    const http = { mount_prefix: prefix };
    expect((await send(http, "GET", "/api/info")).body).toMatchObject({ metadata: { server: "edgecron" } });
    expect((await send(http, "POST", "/api/assistants/search")).status).toBe(200);
    expect((await send(http, "GET", "/info")).body).toMatchObject({
      code: "request.not_found",
      detail: "no route GET /info: the routes begin with /api",
    });
    expect((await send(http, "GET", "/ok")).body).toEqual({ ok: true });
    expect((await send(http, "GET", "/api/ok")).body).toEqual({ ok: true });
  });

  it("leaves GET /info open beside an Auth, and nothing else", async () => {
    useAuth(owners());
    const http = { mount_prefix: "/api" };
    expect((await send(http, "GET", "/api/info")).status).toBe(200);
    expect((await send(http, "GET", "/api/metrics")).status).toBe(401);
  });

  it.each(["", "/", null])("%j is none", async (prefix) => {
    expect((await send({ mount_prefix: prefix }, "GET", "/info")).status).toBe(200);
  });
});
