/** The project's own Hono app beside the server's routes: who comes first, who may call, and what becomes of errors. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createApp, type AppSettings } from "../../src/edge/app";
import type { JsonObject } from "../../src/platform/json";

const KEY = "a-key-of-the-deployment";

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: JsonObject;
}

/** Sends a request to a server with these sections of langgraph.json, deployed with a key. */
async function send(
  settings: AppSettings,
  path: string,
  init: RequestInit & { key?: string } = {},
): Promise<Answer> {
  const context = createExecutionContext();
  const headers = {
    ...(init.key === undefined ? {} : { "x-api-key": init.key }),
    ...(init.headers as object),
  };
  const bindings = { ...env, AUTH: "keys", API_KEYS: KEY, EDGECRON_DEV: undefined };
  const { app } = createApp(settings);
  const response = await app.fetch(
    new Request(`https://edge.example.com${path}`, { ...init, headers }),
    bindings,
    context,
  );
  const text = await response.text();
  await waitOnExecutionContext(context);
  const json = text.startsWith("{") ? (JSON.parse(text) as JsonObject) : {};
  return { status: response.status, headers: response.headers, text, json };
}

const custom = () =>
  new Hono<{ Bindings: { AUTH: string } }>()
    .use(async (c, next) => {
      await next();
      c.header("x-mine", "yes");
    })
    .get("/hello", (c) => c.json({ auth: c.env.AUTH }))
    .get("/throws", () => {
      throw new Error("the password is swordfish");
    })
    .get("/throws-text", () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw "the password is swordfish";
    })
    .get("/refuses", () => {
      throw new HTTPException(418, { message: "short and stout" });
    })
    .post("/assistants/search", (c) => c.json({ mine: true }))
    .get("/ok", (c) => c.json({ ok: "mine" }))
    .post("/upload", async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength }));

describe("a route of the project", () => {
  it("is served, and sees the bindings of the Worker", async () => {
    expect((await send({ app: custom() }, "/hello", { key: KEY })).json).toEqual({ auth: "keys" });
  });

  it("takes larger bodies than the server's routes", async () => {
    const body = "x".repeat(2_000_000);
    expect((await send({ app: custom() }, "/upload", { method: "POST", body, key: KEY })).json).toEqual({
      bytes: body.length,
    });
    expect((await send({ app: custom() }, "/threads", { method: "POST", body, key: KEY })).status).toBe(413);
  });

  it("replaces a route of the server with the same path, except that which says whether the server is up", async () => {
    const sent = { method: "POST", body: "{}", key: KEY };
    expect((await send({ app: custom() }, "/assistants/search", sent)).json).toEqual({ mine: true });
    expect((await send({ app: custom() }, "/ok")).json).toEqual({ ok: true });
  });

  it("is kept from callers without access, unless langgraph.json says otherwise", async () => {
    expect((await send({ app: custom() }, "/hello")).status).toBe(401);
    const http = { enable_custom_route_auth: false };
    expect((await send({ app: custom(), http }, "/hello")).status).toBe(200);
    expect((await send({ app: custom(), http }, "/info")).status).toBe(401);
    expect((await send({ app: custom(), http: { enable_custom_route_auth: true } }, "/hello")).status).toBe(
      401,
    );
  });

  it("has its preflights answered by the server, and its answers are readable as the server's are", async () => {
    const origin = { origin: "https://page.example.com" };
    const preflight = await send({ app: custom() }, "/hello", {
      method: "OPTIONS",
      headers: { ...origin, "access-control-request-method": "GET" },
    });
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    const answer = await send({ app: custom() }, "/hello", { key: KEY, headers: origin });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("a middleware of the project", () => {
  it("is called for the server's routes, too", async () => {
    const answer = await send({ app: custom() }, "/info", { key: KEY });
    expect(answer.json).toMatchObject({ metadata: { server: "edgecron" } });
    expect(answer.headers.get("x-mine")).toBe("yes");
  });

  it("that reads the body leaves it to the route", async () => {
    const reads = new Hono().use(async (c, next) => {
      await c.req.text();
      await next();
    });
    const sent = { method: "POST", body: JSON.stringify({ graph_id: "echo" }), key: KEY };
    expect((await send({ app: reads }, "/assistants", sent)).json).toMatchObject({ graph_id: "echo" });
    const large = { ...sent, body: JSON.stringify({ metadata: { text: "x".repeat(1_000_000) } }) };
    expect((await send({ app: reads }, "/threads", large)).status).toBe(413);
  });
});

describe("an error of the project's app", () => {
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    vi.spyOn(console, "error").mockImplementation((line: string) => lines.push(line));
  });

  it.each(["/throws", "/throws-text"])(
    "is answered with 500, tells nothing and is logged: %s",
    async (path) => {
      const { status, text, json } = await send({ app: custom() }, path, { key: KEY });
      expect(status).toBe(500);
      expect(json).toEqual({ detail: "internal error", code: "server.failed" });
      expect(text).not.toContain("swordfish");
      expect(lines.map((line) => JSON.parse(line) as JsonObject)).toMatchObject([
        { message: "request failed", error: "the password is swordfish", method: "GET", path },
      ]);
    },
  );

  it("of Hono's has the answer that it brings", async () => {
    const { status, text } = await send({ app: custom() }, "/refuses", { key: KEY });
    expect([status, text]).toEqual([418, "short and stout"]);
    expect(lines).toEqual([]);
  });

  it("is left to the error handler of the app, if it has one, and the server's errors are not", async () => {
    const app = custom().onError((_error, c) => c.text("mine", 502));
    expect(await send({ app }, "/throws", { key: KEY })).toMatchObject({ status: 502, text: "mine" });
    const sent = { method: "POST", body: "[]", key: KEY };
    expect((await send({ app }, "/assistants", sent)).json).toMatchObject({ code: "request.invalid" });
  });
});

describe("an app of another copy of Hono", () => {
  it("behaves in the same way", async () => {
    // A class of its own with a default error handler of its own is what another copy looks like from outside.
    class OtherHono extends Hono {
      constructor() {
        super();
        Object.assign(this, { errorHandler: OtherHono.answer });
      }
      static answer(): Response {
        return new Response("Internal Server Error", { status: 500 });
      }
    }
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const app = new OtherHono().get("/throws", () => {
      throw new Error("no");
    });
    expect((await send({ app }, "/throws", { key: KEY })).json).toMatchObject({ code: "server.failed" });
  });
});
