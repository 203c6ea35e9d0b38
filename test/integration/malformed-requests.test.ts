/** Ids, query strings, paths and methods that are none: 4xx with a detail, never a 5xx, and nothing stored. */
import { exports } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Run } from "../../src/wire/runs/run";
import type { Thread } from "../../src/wire/threads/thread";
import { atClock, createCron, cronStub, rowsOf, setClock, threadStub } from "../support/crons";
import { call } from "../support/edge";
import { storedCounts } from "../support/stored";

// By the real clock the cron would fire at 15:27, and its run be counted.
setClock("2040-01-01T00:00:00.000Z");
const THREAD = (await call<Thread>("POST", "/threads", {})).body.thread_id;
const CRON = (await createCron()).cron_id;
const RUN = (await call<Run>("POST", `/threads/${THREAD}/runs`, { assistant_id: "echo" })).body.run_id;
await call("GET", `/threads/${THREAD}/runs/${RUN}/join`);

/** Every route with an id, its least body behind it; `:t`, `:r` and `:c` stand for a thread's, a run's and a cron's. */
const ROUTES: [method: string, route: string, body: object | undefined][] = [
  ["GET", "/threads/:t", undefined],
  ["PATCH", "/threads/:t", {}],
  ["DELETE", "/threads/:t", undefined],
  ["GET", "/threads/:t/state", undefined],
  ["GET", "/threads/:t/history", undefined],
  ["POST", "/threads/:t/history", {}],
  ["GET", "/threads/:t/runs", undefined],
  ["POST", "/threads/:t/runs", { assistant_id: "echo" }],
  ["POST", "/threads/:t/runs/wait", { assistant_id: "echo" }],
  ["POST", "/threads/:t/runs/crons", { assistant_id: "echo", schedule: "27 15 * * *" }],
  ["GET", "/threads/:t/runs/:r", undefined],
  ["DELETE", "/threads/:t/runs/:r", undefined],
  ["GET", "/threads/:t/runs/:r/join", undefined],
  ["POST", "/threads/:t/runs/:r/cancel", undefined],
  ["GET", "/runs/:r", undefined],
  ["GET", "/runs/crons/:c", undefined],
  ["PATCH", "/runs/crons/:c", {}],
  ["DELETE", "/runs/crons/:c", undefined],
  ["GET", "/runs/crons/:c/slots", undefined],
  ["GET", "/runs/crons/:c/runs", undefined],
];

const path = (route: string, ids: { t?: string; r?: string; c?: string }): string =>
  route
    .replace(":t", ids.t ?? THREAD)
    .replace(":r", ids.r ?? RUN)
    .replace(":c", ids.c ?? CRON);

let before: Record<string, number>;
beforeAll(async () => {
  before = await storedCounts();
});
atClock("2040-01-01T00:00:00.000Z");
afterAll(async () => {
  expect(await storedCounts()).toEqual(before);
});

describe.each(ROUTES)("%s %s", (method, route, body) => {
  const names = [...route.matchAll(/:([trc])/g)].map((match) => match[1] ?? "");

  it("refuses what is no UUID", async () => {
    const junk = [
      "1",
      "null",
      "agent",
      "%00",
      "%E0%A4%A",
      "%ff%fe",
      "%2e%2e%2f",
      "'%20OR%201=1--",
      "%F0%9F%92%A9",
      "{id}",
      "00000000-0000-0000-0000-00000000000",
      "00000000-0000-0000-0000-0000000000000",
      "0".repeat(5000),
      "%25".repeat(1000),
    ];
    for (const name of names) {
      for (const id of junk) {
        const answer = await call(method, path(route, { [name]: id }), body);
        const field = { t: "thread_id", r: "run_id", c: "cron_id" }[name] ?? "";
        expect(answer.status, id).toBe(422);
        expect(answer.body.detail, id).toMatch(new RegExp(`^${field}: expected a UUID`));
      }
    }
  });

  it("answers 404 to ids that nothing has, and stores nothing for them", async () => {
    for (const name of names) {
      const ids = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
      for (const id of [
        ...ids,
        crypto.randomUUID(),
        `12345678-1234-8234-8${crypto.randomUUID().slice(20)}`,
      ]) {
        const answer = await call(method, path(route, { [name]: id }), body);
        expect(answer.status, id).toBe(404);
        expect(answer.body.detail, id).toMatch(/^no (thread|run|cron)/);
        if (name === "t") expect(await rowsOf(threadStub(id))).toEqual({});
        if (name === "c") expect(await rowsOf(cronStub(id))).toEqual({});
      }
    }
  });
});

it("an id in upper case is the same id", async () => {
  const [t, r, c] = [THREAD, RUN, CRON].map((id) => id.toUpperCase());
  for (const [method, route, body] of ROUTES) {
    if (method === "DELETE" || (method === "POST" && !/history|cancel/.test(route))) continue;
    expect((await call(method, path(route, { t, r, c }), body)).status, `${method} ${route}`).toBeLessThan(
      300,
    );
  }
  expect((await call<Thread[]>("POST", "/threads/search", { ids: [t] })).body).toHaveLength(1);
  expect((await call("POST", "/threads", { thread_id: t })).status).toBe(409);
  expect((await call<Run[]>("POST", "/runs/search", { thread_id: t })).body).toHaveLength(1);
  expect((await call<number>("POST", "/runs/crons/count", { thread_id: t })).body).toBe(0);
});

describe("query strings", () => {
  type Case = [route: string, query: string, detail: RegExp];
  const pages = ["/threads/:t/runs", "/runs/crons/:c/runs"].flatMap((route): Case[] => {
    const limits = [
      "0",
      "-1",
      "1e9",
      "1001",
      "abc",
      "",
      "1.5",
      "NaN",
      "Infinity",
      "%00",
      "10,20",
      "1&limit=2",
    ];
    const offsets = ["-1", "1e300", "abc", "", "0.1"];
    return [
      ...limits.map((value): Case => [route, `limit=${value}`, /^limit: /]),
      ...offsets.map((value): Case => [route, `offset=${value}`, /^offset: /]),
      [route, "status=no-such", /^status: /],
      [route, "status=success&status=error", /^status: /],
      [route, "select=no_such", /^select\.0: /],
      [route, "select=run_id,*", /^select\.1: /],
      [route, "select=", /^select\.0: /],
      [route, "no_such=1", /^no_such: unknown field$/],
      [route, "__proto__=1", /^__proto__: unknown field$/],
    ];
  });

  it.each<Case>([
    ...pages,
    ["/threads/:t/history", "limit=0", /^limit: /],
    ["/threads/:t/history", "limit=abc", /^limit: /],
    ["/threads/:t/history", "before=a&before=b", /^before: /],
    ["/threads/:t/history", "offset=1", /^offset: unknown field$/],
    ["/threads/:t/state", "subgraphs=2", /^subgraphs: /],
    ["/threads/:t/state", "subgraphs=", /^subgraphs: /],
    ["/threads/:t/state", "subgraphs=true&subgraphs=false", /^subgraphs: /],
    ["/threads/:t/state", "checkpoint=1", /^checkpoint: unknown field$/],
    ["/threads/:t/runs/:r/join", "cancel_on_disconnect=perhaps", /^cancel_on_disconnect: /],
    ["/runs/crons/:c/slots", "limit=0", /^limit: /],
    ["/runs/crons/:c/slots", "limit=-1", /^limit: /],
    ["/runs/crons/:c/slots", "before=junk", /^before: expected an ISO 8601 date-time/],
    ["/runs/crons/:c/slots", "before=", /^before: /],
    ["/runs/crons/:c/slots", "before=1e400", /^before: /],
    ["/runs/crons/:c/slots", "status=success", /^status: /],
    ["/ok", "check_db=maybe", /^check_db: /],
  ])("GET %s?%s", async (route, query, detail) => {
    const answer = await call("GET", `${path(route, {})}?${query}`);
    expect(answer.body.detail).toMatch(detail);
    expect(answer.status).toBe(422);
  });

  it.each(["wait=perhaps", "action=stop", "action=", "wait=1&wait=0", "no_such=1"])(
    "cancel?%s",
    async (query) => {
      const answer = await call("POST", `/threads/${THREAD}/runs/${RUN}/cancel?${query}`);
      expect(answer.status).toBe(422);
      expect(answer.body.detail).toMatch(new RegExp(`^${query.split("=")[0]}: `));
    },
  );

  it.each([
    "limit=1000&offset=9007199254740991",
    "limit=1&status=success&select=run_id,status",
    "select=run_id&select=status",
  ])("GET /threads/{id}/runs?%s is fine", async (query) => {
    expect((await call("GET", `/threads/${THREAD}/runs?${query}`)).status).toBe(200);
  });
});

describe("paths and methods that do not exist", () => {
  it.each([
    ["GET", "/"],
    ["GET", "/no-such"],
    ["GET", "/runs"],
    ["PUT", "/runs/search"],
    ["PUT", "/threads"],
    ["DELETE", "/threads"],
    ["PUT", `/threads/${THREAD}`],
    ["PATCH", `/threads/${THREAD}/runs/${RUN}`],
    ["DELETE", "/runs/crons"],
    ["PUT", `/runs/crons/${CRON}`],
    ["POST", `/runs/crons/${CRON}`],
    ["POST", `/runs/crons/${CRON}/slots`],
    ["GET", `/threads/${THREAD}/`],
    ["GET", `/threads/${THREAD}/runs/${RUN}/no-such`],
    ["GET", "//threads"],
    ["GET", "/threads/../../etc/passwd"],
    ["GET", "/%2e%2e/%2e%2e"],
    ["GET", "/%00"],
    ["GET", "/%E0%A4%A"],
    ["PROPFIND", "/threads"],
    ["GET", `/${"a/".repeat(2000)}`],
  ])("%s %s", async (method, route) => {
    const answer = await call(method, route);
    expect(answer.body.detail).toMatch(/^no route /);
    expect(answer.status).toBe(404);
  });
});

it("bytes that are no text, in a body without a length, are refused", async () => {
  const stream = (chunk: Uint8Array, times: number): ReadableStream => {
    let sent = 0;
    return new ReadableStream({
      pull(controller) {
        if (sent++ < times) controller.enqueue(chunk);
        else controller.close();
      },
    });
  };
  const post = (body: BodyInit): Promise<Response> =>
    exports.default.fetch(new Request("http://edge/threads", { method: "POST", body }));
  expect((await post(new Uint8Array([0xff, 0xfe, 0x00, 0x80]))).status).toBe(422);
  expect((await post(stream(new Uint8Array([0xc3, 0x28]), 3))).status).toBe(422);
  const tooLarge = await post(stream(new Uint8Array(100_000).fill(0x20), 20));
  expect([tooLarge.status, await tooLarge.json()]).toEqual([
    413,
    { detail: "body: at most 1000000 bytes", code: "request.too_large" },
  ]);
});
