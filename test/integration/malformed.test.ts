/** Bodies that are no bodies: each is refused by name with a 4xx, none with a 5xx, and nothing is stored. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Run } from "../../src/wire/runs/run";
import type { Thread } from "../../src/wire/threads/thread";
import { createCron, setClock } from "../support/crons";
import { call } from "../support/edge";
import { storedCounts } from "../support/stored";

// By the real clock the cron would fire at 15:27, and its run be counted.
setClock("2040-01-01T00:00:00.000Z");
const { thread_id: THREAD } = (await call<Thread>("POST", "/threads", {})).body;
const { cron_id: CRON } = await createCron();
const run = (
  await call<Run>("POST", `/threads/${THREAD}/runs`, { assistant_id: "echo", input: { text: "a" } })
).body;
await call("GET", `/threads/${THREAD}/runs/${run.run_id}/join`);

/** Each route that takes a body, with the least that it accepts. */
const BODIES: Record<string, Record<string, unknown>> = {
  "POST /assistants": { graph_id: "echo" },
  "POST /threads": {},
  "POST /threads/search": {},
  "POST /threads/count": {},
  [`PATCH /threads/${THREAD}`]: {},
  [`POST /threads/${THREAD}/history`]: {},
  "POST /runs": { assistant_id: "echo" },
  "POST /runs/wait": { assistant_id: "echo" },
  "POST /runs/search": {},
  [`POST /threads/${THREAD}/runs`]: { assistant_id: "echo" },
  [`POST /threads/${THREAD}/runs/wait`]: { assistant_id: "echo" },
  "POST /runs/crons": { assistant_id: "echo", schedule: "27 15 * * *" },
  [`POST /threads/${THREAD}/runs/crons`]: { assistant_id: "echo", schedule: "27 15 * * *" },
  "POST /runs/crons/search": {},
  "POST /runs/crons/count": {},
  "POST /runs/crons/preview": { schedule: "27 15 * * *" },
  "POST /runs/crons/stop": {},
  "POST /runs/crons/start": {},
  [`POST /runs/crons/${CRON}/run`]: {},
  [`POST /runs/crons/${CRON}/skip`]: { count: 0 },
  [`POST /runs/crons/${CRON}/backfill/preview`]: {
    start: "2030-01-01T00:00:00Z",
    end: "2030-01-01T01:00:00Z",
  },
  [`POST /runs/crons/${CRON}/backfill`]: { start: "2030-01-01T00:00:00Z", end: "2030-01-01T01:00:00Z" },
  [`POST /runs/crons/${CRON}/pause`]: {},
  [`POST /runs/crons/${CRON}/resume`]: {},
  [`PATCH /runs/crons/${CRON}`]: {},
};
const ROUTES = Object.keys(BODIES);
const nameOf = (route: string): string => route.replace(THREAD, "{thread_id}").replace(CRON, "{cron_id}");

async function refused(route: string, body: unknown, detail: RegExp, status = 422): Promise<void> {
  const [method = "", path = ""] = route.split(" ");
  const answer = await call(method, path, body);
  const what = `${nameOf(route)} ${JSON.stringify(body).slice(0, 200)}`;
  expect(answer.body.detail, what).toMatch(detail);
  expect(answer.status, what).toBe(status);
}

const nested = (levels: number, open = '{"a":', close = "}"): string =>
  `${open.repeat(levels)}1${close.repeat(levels)}`;

let before: Record<string, number>;
beforeAll(async () => {
  before = await storedCounts();
});
afterAll(async () => {
  expect(await storedCounts()).toEqual(before);
  expect((await call("GET", `/runs/crons/${CRON}`)).body).toMatchObject({ metadata: {}, enabled: true });
  expect((await call("GET", `/threads/${THREAD}`)).body).toMatchObject({ status: "idle" });
});

describe.each(ROUTES.map((route) => [nameOf(route), route] as const))("%s refuses", (_, route) => {
  it.each([
    ["a list", "[]", /^body: expected object/],
    ["null", "null", /^body: expected object/],
    ["a number", "7", /^body: expected object/],
    ["1e400", "1e400", /^body: /],
    ["a string", '"text"', /^body: expected object/],
    ["a boolean", "true", /^body: expected object/],
    ["half an object", '{"a": 1', /^body: expected JSON$/],
    ["form data", "schedule=1&assistant_id=echo", /^body: expected JSON$/],
    ["a comment", '{/* none */"a":1}', /^body: expected JSON$/],
    ["NaN", '{"limit":NaN}', /^body: expected JSON$/],
    ["NUL", "\u0000", /^body: expected JSON$/],
    ["NUL after JSON", "{}\u0000", /^body: expected JSON$/],
    ["two objects", "{}{}", /^body: expected JSON$/],
    ["an unknown field", '{"no_such_field":1}', /no_such_field: unknown field/],
    ["an unknown field with NUL", '{"a\\u0000b":1}', /a\0b: unknown field/],
    ["a lone surrogate as field", '{"\\ud800":1}', /: unknown field/],
    ["an empty field name", '{"":1}', /"": unknown field/],
    ["an endless field name", `{"${"x".repeat(100_000)}":1}`, /^.{0,300}unknown field$/],
    [
      "a thousand unknown fields",
      `{${Array.from({ length: 1000 }, (_x, n) => `"x${n}":1`).join(",")}}`,
      /^.{0,300}$/s,
    ],
    ["__proto__", '{"__proto__":{"assistant_id":"echo","schedule":"* * * * *"}}', /__proto__: unknown field/],
    ["constructor", '{"constructor":{"prototype":{"a":1}}}', /constructor: unknown field/],
    ["objects 101 deep", `{"metadata":${nested(101)}}`, /^body: nests deeper than 100 levels/],
    ["lists 5,000 deep", nested(5000, "[", "]"), /^body: nests deeper than 100 levels/],
    ["objects 5,000 deep", nested(5000), /^body: nests deeper than 100 levels/],
    ["objects 100,000 deep", nested(100_000), /^body: nests deeper than 100 levels/],
  ])("%s", async (_what, body, detail) => {
    await refused(route, body, detail);
  });

  it("2 MB", async () => {
    await refused(route, { metadata: { text: "x".repeat(2_000_000) } }, /^body: at most 1000000 bytes$/, 413);
  });
});

const NO_TEXT = [1, true, {}, [], ["a"]];
const NO_BOOLEAN = [1, 0, "true", {}, []];
const NO_OBJECT = [1, true, "text", [], [{}]];
const NO_NUMBER = ["1", true, {}, [], 1.5, -1, 1e300, 9007199254740993];
const NO_CHOICE = ["", "no-such", "__proto__", "constructor", ...NO_TEXT];
const NO_UUID = ["", "echo", "\u0000", "123e4567-e89b-12d3-a456-42661417400", "x".repeat(10_000), ...NO_TEXT];
const NO_NODES = ["", "node", 1, {}, [1], [null], [["a"]]];
const NO_INSTANT = ["", "tomorrow", "2027-02-30T00:00:00Z", "2027-01-01T25:00:00Z", "0", "2027", ...NO_TEXT];
const NO_MODE = ["", "no-such", 1, {}, [1], ["values", "no-such"]];
const NO_URL = [
  "http://127.0.0.1/x",
  "http://localhost",
  "https://[::1]/",
  "",
  "not a url",
  "/relative",
  "ftp://example.com",
  "javascript:alert(1)",
  "file:///etc",
  1,
  {},
];
const NO_CONFIG = [
  ...NO_OBJECT,
  { tags: "a" },
  { tags: [1] },
  { recursion_limit: "5" },
  { recursion_limit: 0 },
  { recursion_limit: 1e300 },
  { configurable: [] },
  { configurable: "x" },
  { max_concurrency: 0 },
  { max_concurrency: "x" },
  { run_name: {} },
  { metadata: "text" },
];
const NO_TTL = [
  "1",
  true,
  [],
  0,
  -1,
  1e12,
  {},
  { ttl: 0 },
  { ttl: "1" },
  { ttl: 1, strategy: "keep" },
  { a: 1 },
];
const NO_COMMAND = [
  ...NO_OBJECT,
  { no_such: 1 },
  { goto: 1 },
  { goto: [1] },
  { goto: { node: 1 } },
  { goto: { input: 1 } },
  { update: 1 },
  { update: ["a"] },
  { update: [["a"]] },
];
const NO_CHECKPOINT = [
  ...NO_OBJECT,
  { checkpoint_id: 1 },
  { checkpoint_ns: 1 },
  { checkpoint_map: [] },
  { a: 1 },
];
const NO_SCHEDULE = ["", " ", "x".repeat(201), ...NO_TEXT];
const NO_ZONE = ["", "Mars/Phobos", "x".repeat(101), "+02:00", "Europe/Berlin\u0000", "../etc", ...NO_TEXT];
const PAGE = { limit: [0, 1001, ...NO_NUMBER], offset: NO_NUMBER };

const payload = {
  config: NO_CONFIG,
  context: NO_OBJECT,
  metadata: NO_OBJECT,
  webhook: NO_URL,
  interrupt_before: NO_NODES,
  interrupt_after: NO_NODES,
  stream_mode: NO_MODE,
  stream_subgraphs: NO_BOOLEAN,
  stream_resumable: NO_BOOLEAN,
  durability: NO_CHOICE,
  checkpoint_during: NO_BOOLEAN,
};
const runFields = {
  ...payload,
  assistant_id: [null, "", "x".repeat(201), ...NO_TEXT],
  command: NO_COMMAND,
  multitask_strategy: NO_CHOICE,
  if_not_exists: NO_CHOICE,
  on_completion: NO_CHOICE,
  on_disconnect: NO_CHOICE,
  after_seconds: ["1", true, {}, [], -1, 1e300],
  checkpoint: NO_CHECKPOINT,
  checkpoint_id: NO_TEXT,
  feedback_keys: ["a", 1, {}, [1]],
};
const NO_COUNT = ["1", true, {}, [], -1, 0.5, 1e300];
const cronFields = {
  ...payload,
  catchup: NO_CHOICE,
  catchup_window_seconds: NO_COUNT,
  jitter_seconds: NO_COUNT,
  max_attempts: [...NO_COUNT, 0, 11],
  retry_delay_seconds: [...NO_COUNT, 0],
  run_timeout_seconds: [...NO_COUNT, 0],
  pause_after_failures: [...NO_COUNT, 0],
  alert_webhook: ["", 1, "ftp://example.com/", "http://localhost/", "http://10.0.0.1/"],
  max_runs: [...NO_COUNT, 0],
  max_tokens_per_day: [...NO_COUNT, 0],
  max_tokens_per_month: [...NO_COUNT, 0],
  keep_threads: [...NO_COUNT, 0],
  thread_ttl: NO_TTL,
  history_limit: [...NO_COUNT, 9],
  input: [1, true, "text"],
  schedule: NO_SCHEDULE,
  timezone: NO_ZONE,
  end_time: NO_INSTANT,
  enabled: NO_BOOLEAN,
};
const cronCreate = {
  ...cronFields,
  assistant_id: [null, "", "x".repeat(201), ...NO_TEXT],
  multitask_strategy: NO_CHOICE,
};
const WRONG: Record<string, Record<string, unknown[]>> = {
  "POST /runs/crons/preview": {
    schedule: NO_SCHEDULE,
    timezone: NO_ZONE,
    end_time: NO_INSTANT,
    count: [...NO_COUNT, 0, 101],
  },
  [`POST /runs/crons/${CRON}/run`]: { ...payload, input: [1, true, "text"], metadata: NO_OBJECT },
  [`POST /runs/crons/${CRON}/skip`]: { count: [...NO_COUNT, 1001], note: [1, "", {}] },
  [`POST /runs/crons/${CRON}/backfill/preview`]: { start: NO_INSTANT, end: NO_INSTANT },
  [`POST /runs/crons/${CRON}/backfill`]: { start: NO_INSTANT, end: NO_INSTANT },
  [`POST /runs/crons/${CRON}/pause`]: { note: [1, "", {}] },
  [`POST /runs/crons/${CRON}/resume`]: { note: [1, "", {}] },
  "POST /runs/crons/stop": { note: [1, "", {}] },
  "POST /runs/crons/start": { note: [1, "", {}] },
  "POST /threads": { thread_id: NO_UUID, metadata: NO_OBJECT, if_exists: NO_CHOICE, ttl: NO_TTL },
  "POST /threads/search": {
    ...PAGE,
    metadata: NO_OBJECT,
    values: NO_OBJECT,
    status: NO_CHOICE,
    ids: ["", 1, {}, [1], ["junk"], [null]],
    used_by_crons: ["true", 1, {}],
    sort_by: ["metadata", "created_at; DROP TABLE threads", ...NO_CHOICE],
    sort_order: ["DESC", "desc, 1", ...NO_CHOICE],
    select: ["values", 1, {}, [1], ["no_such"], ["*"], ["values, metadata"]],
  },
  "POST /threads/count": { metadata: NO_OBJECT, values: NO_OBJECT, status: NO_CHOICE },
  [`PATCH /threads/${THREAD}`]: { metadata: NO_OBJECT, ttl: NO_TTL, status: ["idle"] },
  [`POST /threads/${THREAD}/history`]: {
    limit: PAGE.limit,
    before: [1, true, []],
    metadata: NO_OBJECT,
    checkpoint: [...NO_OBJECT, { checkpoint_id: 1 }],
  },
  "POST /runs": { ...runFields, checkpoint_id: ["a", ...NO_TEXT] },
  [`POST /threads/${THREAD}/runs`]: runFields,
  [`POST /threads/${THREAD}/runs/wait`]: { assistant_id: NO_TEXT, command: NO_COMMAND },
  "POST /runs/search": {
    ...PAGE,
    metadata: NO_OBJECT,
    status: NO_CHOICE,
    thread_id: NO_UUID,
    assistant_id: NO_TEXT,
    agent_id: NO_TEXT,
    created_after: NO_INSTANT,
    created_before: NO_INSTANT,
    sort_order: NO_CHOICE,
    select: ["run_id", 1, {}, [1], ["no_such"], ["__proto__"]],
  },
  "POST /runs/crons": { ...cronCreate, on_run_completed: NO_CHOICE },
  [`POST /threads/${THREAD}/runs/crons`]: { ...cronCreate, on_run_completed: ["delete", ...NO_CHOICE] },
  [`PATCH /runs/crons/${CRON}`]: {
    ...cronFields,
    on_run_completed: NO_CHOICE,
    assistant_id: ["echo"],
    thread_id: [THREAD],
    multitask_strategy: NO_CHOICE,
  },
  "POST /runs/crons/search": {
    ...PAGE,
    assistant_id: NO_TEXT,
    thread_id: NO_UUID,
    enabled: NO_BOOLEAN,
    metadata: NO_OBJECT,
    sort_by: ["schedule", "1; DROP TABLE crons", ...NO_CHOICE],
    sort_order: NO_CHOICE,
    select: ["cron_id", 1, {}, [1], ["no_such"], ["cron_id", "revision"]],
  },
  "POST /runs/crons/count": {
    assistant_id: NO_TEXT,
    thread_id: NO_UUID,
    enabled: NO_BOOLEAN,
    metadata: NO_OBJECT,
  },
};
const CASES = Object.entries(WRONG).flatMap(([route, fields]) =>
  Object.entries(fields).map(([field, values]) => [nameOf(route), field, route, values] as const),
);

it.each(CASES)("%s names %s when its value is wrong", async (_, field, route, values) => {
  for (const value of values)
    await refused(route, { ...BODIES[route], [field]: value }, new RegExp(`^${field}(\\.|:)`));
});

it.each([
  ["POST /runs/crons", { assistant_id: "echo" }, /^schedule: expected a cron expression/],
  ["POST /runs/crons", { schedule: "27 15 * * *" }, /^assistant_id: expected an assistant id/],
  [`POST /threads/${THREAD}/runs/crons`, {}, /^assistant_id: .*schedule: /],
  ["POST /runs", {}, /^assistant_id: expected an assistant id/],
  [`POST /threads/${THREAD}/runs`, { input: {} }, /^assistant_id: expected an assistant id/],
])("%s %j names what is missing", async (route, body, detail) => {
  await refused(route, body, detail);
});

it("the last of a duplicate key counts, and is checked", async () => {
  await refused("POST /threads/search", '{"limit":1,"limit":"two"}', /^limit: /);
  expect((await call("POST", "/threads/search", '{"limit":"two","limit":1}')).status).toBe(200);
});
