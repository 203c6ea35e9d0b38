/** A server without keys: whom it answers, and how a deployment differs from the server of `npm run dev`. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { app } from "../../src/edge/app";
import { warnOfOpenAccess } from "../../src/edge/access";
import { corsSettingsOf } from "../../src/edge/cors";
import { owners, restoreAuthAfterEach, useAuth } from "../support/auth";
import { setClock } from "../support/crons";
import { until } from "../support/until";

const LOCAL = { AUTH: "open", EDGECRON_DEV: "loopback" } as const;
const ANY_NAME = { AUTH: "open", EDGECRON_DEV: "any" } as const;
const DEPLOYED = { AUTH: "open", EDGECRON_DEV: undefined } as const;

restoreAuthAfterEach();

async function ask(
  settings: object,
  {
    path = "/runs/crons/search",
    host = "localhost:8787",
    url = `http://${host}`,
    ...init
  }: RequestInit & { path?: string; host?: string; url?: string },
): Promise<Response> {
  const context = createExecutionContext();
  const headers = new Headers(init.headers);
  headers.set("host", host);
  const request = new Request(`${url}${path}`, { method: "POST", body: "{}", ...init, headers });
  const response = await app.fetch(request, { ...env, API_KEYS: undefined, ...settings }, context);
  await waitOnExecutionContext(context);
  return response;
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("the host of a request", () => {
  it.each([
    "localhost:8787",
    "127.0.0.1:8787",
    "127.1.2.3",
    "[::1]:8787",
    "localhost.",
    "a.localhost:1",
    "LOCALHOST",
  ])("%s is this machine", async (host) => {
    expect((await ask(LOCAL, { host })).status).toBe(200);
  });

  it.each(["evil.example", "localhost.evil.example:8787", "127.0.0.1.nip.io", "10.0.0.1", "[fe80::1]"])(
    "%s is refused by a local server, and taken where other names are meant",
    async (host) => {
      const response = await ask(LOCAL, { host });
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual({
        detail: expect.stringMatching(/^Host: /) as string,
        code: "request.forbidden",
      });
      expect((await ask(ANY_NAME, { host })).status).toBe(200);
      expect((await ask(DEPLOYED, { host })).status).toBe(200);
    },
  );
});

describe("a web page", () => {
  const from = (origin: string): RequestInit => ({ headers: { origin, "content-type": "text/plain" } });

  it.each([
    "https://evil.example",
    "null",
    "http://localhost.evil.example",
    "https://smith.langchain.com.evil.example",
    "https://evilsmith.langchain.com.example",
    "file://",
    "chrome-extension://abc",
    "http://192.168.1.5:3000",
    "",
  ])("of %j is refused, whatever it sends", async (origin) => {
    for (const settings of [LOCAL, ANY_NAME, DEPLOYED]) {
      for (const init of [
        from(origin),
        { ...from(origin), path: "/runs/crons", body: '{"assistant_id":"echo","schedule":"0 8 * * *"}' },
        { ...from(origin), method: "GET", path: "/info", body: undefined },
        { ...from(origin), method: "DELETE", path: `/runs/crons/${crypto.randomUUID()}` },
      ]) {
        const response = await ask(settings, init);
        expect(response.status).toBe(403);
        expect(response.headers.get("access-control-allow-origin")).toBeNull();
        expect(await response.json()).toEqual({
          detail: expect.stringMatching(/^Origin: /) as string,
          code: "request.forbidden",
        });
      }
    }
  });

  it.each([
    "http://localhost:3000",
    "https://localhost",
    "http://127.0.0.1:5173",
    "http://[::1]:3000",
    "https://smith.langchain.com",
    "https://eu.smith.langchain.com",
  ])("of %s is answered, and may read the answer", async (origin) => {
    for (const settings of [LOCAL, ANY_NAME, DEPLOYED]) {
      const response = await ask(settings, from(origin));
      expect(response.status).toBe(200);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    }
  });

  it("of a deployment itself is answered, and not one that made a name of its own point to a local server", async () => {
    const own = { host: "cron.example", url: "https://cron.example", ...from("https://cron.example") };
    expect((await ask(DEPLOYED, own)).status).toBe(200);
    expect((await ask(ANY_NAME, own)).status).toBe(403);
    // No certificate vouches for the name: it may point to a `wrangler dev` that was started by hand.
    expect((await ask(DEPLOYED, { host: "cron.example", ...from("http://cron.example") })).status).toBe(403);
  });

  it("of another site cannot embed what it may not fetch; following a link is harmless", async () => {
    const get = (mode: string): Promise<Response> =>
      ask(LOCAL, {
        path: "/info",
        method: "GET",
        body: undefined,
        headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": mode },
      });
    expect((await get("no-cors")).status).toBe(403);
    expect((await get("navigate")).status).toBe(200);
  });

  it("of another site cannot send a form, also when its browser names no origin", async () => {
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect((await ask(LOCAL, { headers })).status).toBe(403);
  });

  it("is told by a preflight whether it may", async () => {
    const preflight = (origin: string): Promise<Response> =>
      ask(LOCAL, {
        method: "OPTIONS",
        body: undefined,
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type",
        },
      });
    const allowed = await preflight("http://localhost:3000");
    expect(allowed.headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
    expect((await preflight("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("http.cors of langgraph.json", () => {
  it("names origins, by themselves or by a pattern for the whole of one", () => {
    const listed = corsSettingsOf({
      cors: { allow_origins: ["https://a.example"], allow_origin_regex: "https://.*\\.b\\.example" },
    });
    for (const [origin, allowed] of [
      ["https://a.example", true],
      ["https://x.b.example", true],
      ["https://x.b.example.evil.example", false],
      ["https://c.example", false],
    ] as const) {
      expect(listed.allows(origin), origin).toBe(allowed);
    }
    expect(corsSettingsOf({ cors: { allow_origins: ["*"] } }).allows("https://c.example")).toBe(true);
    expect(corsSettingsOf(undefined).allows("https://c.example")).toBe(false);
  });

  it("that lists headers leaves clients of MCP the header that the server gives them", () => {
    const { options } = corsSettingsOf({ cors: { allow_headers: ["x-api-key"] } });
    expect(options.allowHeaders).toEqual(["x-api-key", "Mcp-Session-Id"]);
    expect(corsSettingsOf({ cors: { allow_headers: ["*"] } }).options).not.toHaveProperty("allowHeaders");
  });

  it("that is not as it should be is refused by name", () => {
    expect(() => corsSettingsOf({ cors: { allow_origins: "https://a.example" } })).toThrow(
      /langgraph\.json: http: .*allow_origins/s,
    );
    expect(() => corsSettingsOf({ cors: { allow_origin_regex: "(" } })).toThrow(
      /langgraph\.json: http: .*allow_origin_regex/s,
    );
  });
});

describe("a deployment", () => {
  it("says in /info whether it needs a key", async () => {
    const info = async (settings: object, key = ""): Promise<unknown> => {
      const response = await ask(settings, {
        path: "/info",
        method: "GET",
        body: undefined,
        headers: { "x-api-key": key },
      });
      return (await response.json<{ auth: unknown }>()).auth;
    };
    expect(await info(DEPLOYED)).toBe("open");
    const key = "a-key-of-sixteen-characters";
    expect(await info({ API_KEYS: key, AUTH: undefined, EDGECRON_DEV: undefined }, key)).toBe("keys");
  });

  it("with open access warns when it starts", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
    warnOfOpenAccess({ ...env, ...DEPLOYED });
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/AUTH is open/)]]);
  });

  it("with keys or an Auth does not warn, nor does a local server", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
    warnOfOpenAccess({ ...env, ...DEPLOYED, AUTH: "keys" });
    warnOfOpenAccess({ ...env, ...LOCAL });
    useAuth(owners());
    warnOfOpenAccess({ ...env, ...DEPLOYED });
    expect(warn).not.toHaveBeenCalled();
  });

  it.each(["short", "a-key-of-sixteen-characters,short", "123456789012345"])(
    "with the keys %j is misconfigured, and a local server is not",
    async (keys) => {
      const [first = ""] = keys.split(",");
      const asked = { headers: { "x-api-key": first } };
      const response = await ask({ API_KEYS: keys, AUTH: undefined, EDGECRON_DEV: undefined }, asked);
      expect(response.status).toBe(503);
      const { detail } = await response.json<{ detail: string }>();
      expect(detail).toBe("the server is misconfigured: API_KEYS: expected keys of at least 16 characters");
      expect((await ask({ API_KEYS: keys, AUTH: "keys", EDGECRON_DEV: "loopback" }, asked)).status).toBe(200);
    },
  );
});

it("/ok?check_db=1 asks D1 at most once a second, however often it is asked", async () => {
  let asked = 0;
  const DB = { prepare: (text: string) => ((asked += 1), env.DB.prepare(text)) };
  const check = async (): Promise<number> =>
    (await ask({ ...LOCAL, DB }, { path: "/ok?check_db=1", method: "GET", body: undefined })).status;
  setClock("2040-01-01T00:00:00.000Z");
  expect(await Promise.all([check(), check(), check()])).toEqual([200, 200, 200]);
  expect(asked).toBe(1);
  setClock("2040-01-01T00:00:00.999Z");
  expect([await check(), asked]).toEqual([200, 1]);
  setClock("2040-01-01T00:00:01.000Z");
  expect([await check(), asked]).toEqual([200, 2]);
});

describe("/ok?check_db=1 while D1 does not answer", () => {
  const check = async (DB: object): Promise<number> =>
    (await ask({ ...LOCAL, DB }, { path: "/ok?check_db=1", method: "GET", body: undefined })).status;

  /** A D1 that answers nothing until it is told to fail; `asked` settles when it is asked for the nth time. */
  function silentD1(): { DB: object; asked: (times: number) => Promise<void>; fail: () => void } {
    const rejects: ((error: Error) => void)[] = [];
    const run = (): Promise<never> =>
      new Promise((_resolve, reject) => {
        rejects.push(reject);
      });
    return {
      DB: { prepare: () => ({ run }) },
      asked: (times) => until(() => rejects.length === times),
      fail: () => rejects.shift()?.(new Error("D1 is down")),
    };
  }

  it("says so to those, too, who ask before it is known", async () => {
    setClock("2041-01-01T00:00:00.000Z");
    const { DB, asked, fail } = silentD1();
    const answers = Promise.all([check(DB), check(DB), check(DB)]);
    await asked(1);
    fail();
    expect(await answers).toEqual([500, 500, 500]);
  });

  it("says so to who asked first, though others have asked since", async () => {
    setClock("2041-01-02T00:00:00.000Z");
    const { DB, asked, fail } = silentD1();
    const first = check(DB);
    await asked(1);
    setClock("2041-01-02T00:00:01.000Z");
    const second = check(DB);
    await asked(2);
    fail();
    expect(await first).toBe(500);
    fail();
    expect(await second).toBe(500);
  });
});
