/** Who may call: access by key, what stays open, and what browsers are told. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app } from "../../src/edge/app";

interface Settings {
  EDGECRON_DEV?: string | undefined;
  AUTH?: string;
  API_KEYS?: string;
}

async function fetchWith(settings: Settings, path: string, init: RequestInit = {}): Promise<Response> {
  const context = createExecutionContext();
  // As deployed with these settings: what is not set is not there.
  const bindings = { ...env, AUTH: undefined, API_KEYS: undefined, ...settings };
  const response = await app.fetch(new Request(`http://edge${path}`, init), bindings, context);
  await waitOnExecutionContext(context);
  return response;
}

const withKey = (key: string): RequestInit => ({ headers: { "x-api-key": key } });
const search = (key: string): RequestInit => ({ method: "POST", body: "{}", ...withKey(key) });
const detailOf = async (response: Response): Promise<string> =>
  (await response.json<{ detail: string }>()).detail;

const ROUTES = [
  ["GET", "/info"],
  ["POST", "/assistants/search"],
  ["POST", "/threads"],
  ["POST", "/threads/search"],
  ["GET", `/threads/${crypto.randomUUID()}`],
  ["POST", "/runs"],
  ["POST", "/runs/wait"],
  ["POST", "/runs/search"],
  ["POST", "/runs/crons"],
  ["POST", "/runs/crons/search"],
  ["DELETE", `/runs/crons/${crypto.randomUUID()}`],
  ["GET", "/no-such-route"],
  ["PUT", "/threads"],
] as const;

describe.each(ROUTES)("%s %s", (method, path) => {
  it("is refused without a key and with a wrong one, before anything is read", async () => {
    const body = method === "GET" ? {} : { body: "{not even JSON" };
    const wrong: Record<string, string>[] = [
      {},
      { "x-api-key": "" },
      { "x-api-key": "wrong" },
      { authorization: "Bearer right" },
    ];
    for (const headers of wrong) {
      const response = await fetchWith({ API_KEYS: "right" }, path, { method, headers, ...body });
      expect(response.status).toBe(401);
      expect(await detailOf(response)).toBe("x-api-key: missing, or not a key of this deployment");
    }
  });

  it("is refused by a deployment without keys, which says what to set", async () => {
    for (const settings of [{}, { API_KEYS: "" }, { API_KEYS: " , " }, { AUTH: "keys" }]) {
      const response = await fetchWith(settings, path, { method, ...withKey("") });
      expect(response.status).toBe(401);
      expect(await detailOf(response)).toMatch(/wrangler secret put API_KEYS.*AUTH to "open"/);
    }
  });
});

describe("keys", () => {
  it("any of several opens, exactly as it is", async () => {
    const settings = { API_KEYS: "first, second\nthird,,lsv2_pt_ä" };
    for (const key of ["first", "second", "third"])
      expect((await fetchWith(settings, "/threads/search", search(key))).status).toBe(200);
    for (const key of ["First", "first,", "first second", "firs", "first1", ",", "third,"])
      expect((await fetchWith(settings, "/threads/search", search(key))).status).toBe(401);
  });

  it("very long and strange ones are compared without harm", async () => {
    const long = "k".repeat(50_000);
    expect((await fetchWith({ API_KEYS: long }, "/threads/search", search(long))).status).toBe(200);
    expect((await fetchWith({ API_KEYS: "a" }, "/threads/search", search(long))).status).toBe(401);
    expect(
      (await fetchWith({ API_KEYS: "__proto__" }, "/threads/search", search("constructor"))).status,
    ).toBe(401);
  });

  it("none is needed when the deployment says that it is open", async () => {
    for (const settings of [{ AUTH: "open" }, { AUTH: "open", API_KEYS: "right" }])
      expect((await fetchWith(settings, "/threads/search", { method: "POST", body: "{}" })).status).toBe(200);
  });

  it("a setting that is none opens nothing", async () => {
    const response = await fetchWith({ AUTH: "opne", API_KEYS: "right" }, "/threads/search", search("right"));
    expect(response.ok).toBe(false);
    expect(await detailOf(response)).toMatch(/^the server is misconfigured: AUTH: /);
  });
});

describe("without a key", () => {
  it("/ok answers, and nothing near it", async () => {
    for (const path of ["/ok", "/ok?check_db=1", "/ok?check_db=0"]) {
      const response = await fetchWith({ API_KEYS: "right" }, path);
      expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
    }
    expect((await fetchWith({}, "/ok")).status).toBe(200);
    for (const path of ["/ok/", "/ok/threads", "//ok", "/OK"])
      expect((await fetchWith({ API_KEYS: "right" }, path)).status).toBe(401);
  });

  it.each(["POST", "PATCH", "DELETE", "GET"])("a browser may ask whether it may %s", async (method) => {
    const response = await fetchWith({ API_KEYS: "right" }, "/runs/crons", {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example",
        "access-control-request-method": method,
        "access-control-request-headers": "content-type,x-api-key",
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-methods")).toContain(method);
    expect(response.headers.get("access-control-allow-headers")).toMatch(/content-type,\s*x-api-key/i);
  });
});

it.each([
  [200, "POST", "/threads/search", "right", "{}"],
  [401, "POST", "/threads/search", "wrong", "{}"],
  [404, "POST", "/no-such-route", "right", "{}"],
  [404, "GET", `/runs/crons/${crypto.randomUUID()}`, "right", undefined],
  [413, "POST", "/threads", "right", " ".repeat(1_000_001)],
  [422, "POST", "/threads", "right", "[]"],
])("a browser may read an answer %i, and the paging in it", async (status, method, path, key, body) => {
  const headers = { origin: "https://app.example", "x-api-key": key };
  const response = await fetchWith({ API_KEYS: "right" }, path, { method, headers, body });
  expect(response.status).toBe(status);
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(response.headers.get("access-control-expose-headers")).toMatch(/X-Pagination-Total/);
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
});
