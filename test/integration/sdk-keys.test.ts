/**
 * Every key that a released SDK sends is taken. The lists were read off the SDKs themselves: of JavaScript from 0.0.112 to 1.15.0
 * and 2.0.0 by calling each method with all of its options, of Python from 0.1.23 to 0.4.3 from the bodies that its methods
 * build. A key is listed with the first version that sends it where that is not the oldest one looked at.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { call, edgeFetch } from "../support/edge";
import { createRun, createThread, joinRun } from "../support/threads";

const RUN = `after_seconds assistant_id checkpoint checkpoint_during checkpoint_id command config context durability
  feedback_keys if_not_exists input interrupt_after interrupt_before langsmith_tracer metadata multitask_strategy
  on_completion stream_mode stream_resumable stream_subgraphs strict_resume webhook`;
const CRON = `assistant_id checkpoint_during config context durability enabled end_time if_not_exists input interrupt_after
  interrupt_before metadata multitask_strategy schedule stream_mode stream_resumable stream_subgraphs timezone webhook`;

/** Bodies: what has to be there besides, and the keys. */
const BODIES: [method: string, path: string, needed: object, keys: string][] = [
  ["POST", "/threads/:id/runs", { assistant_id: "echo" }, RUN],
  ["POST", "/runs", { assistant_id: "echo" }, RUN],
  ["POST", "/threads/:id/runs/stream", { assistant_id: "echo" }, `${RUN} on_disconnect`],
  ["POST", "/runs/stream", { assistant_id: "echo" }, `${RUN} on_disconnect`],
  // raise_error: Python 0.2.3, of the synchronous client alone since 0.2.9.
  ["POST", "/threads/:id/runs/wait", { assistant_id: "echo" }, `${RUN} on_disconnect raise_error`],
  ["POST", "/runs/wait", { assistant_id: "echo" }, `${RUN} on_disconnect raise_error`],
  ["POST", "/runs/cancel", { status: "all" }, "run_ids status thread_id"],
  ["POST", "/runs/crons", { assistant_id: "echo", schedule: "0 8 * * *" }, `${CRON} on_run_completed`],
  [
    "POST",
    "/threads/:id/runs/crons",
    { assistant_id: "echo", schedule: "0 8 * * *" },
    `${CRON} on_run_completed`,
  ],
  [
    "PATCH",
    "/runs/crons/:cron",
    {},
    `config context durability enabled end_time input interrupt_after interrupt_before metadata on_run_completed schedule
     stream_mode stream_resumable stream_subgraphs timezone webhook`,
  ],
  [
    "POST",
    "/runs/crons/search",
    {},
    "assistant_id enabled limit metadata offset select sort_by sort_order thread_id",
  ],
  ["POST", "/runs/crons/count", {}, "assistant_id metadata thread_id"],
  ["POST", "/threads", {}, "if_exists metadata supersteps thread_id ttl"],
  ["PATCH", "/threads/:id", {}, "metadata ttl"],
  // PATCH /threads/:id/state is sent by both, and no server has that route any more.
  [
    "POST",
    "/threads/:id/state",
    { values: null, as_node: "echo" },
    "as_node checkpoint checkpoint_id values",
  ],
  ["POST", "/threads/:id/state/checkpoint", { checkpoint: {} }, "checkpoint subgraphs"],
  ["POST", "/threads/:id/history", {}, "before checkpoint limit metadata select"],
  [
    "POST",
    "/threads/search",
    {},
    "extract ids limit metadata offset select sort_by sort_order status values",
  ],
  ["POST", "/threads/count", {}, "metadata status values"],
  ["POST", "/threads/prune", { thread_ids: [] }, "strategy thread_ids"],
  [
    "POST",
    "/assistants",
    { graph_id: "echo" },
    "assistant_id config context description graph_id if_exists metadata name",
  ],
  ["PATCH", "/assistants/:assistant", {}, "config context description graph_id metadata name"],
  ["POST", "/assistants/search", {}, "graph_id limit metadata name offset select sort_by sort_order"],
  ["POST", "/assistants/count", {}, "graph_id metadata name"],
  ["POST", "/assistants/:assistant/versions", {}, "limit metadata offset"],
  ["POST", "/assistants/:assistant/latest", { version: 1 }, "version"],
  ["PUT", "/store/items", { namespace: ["a"], key: "k", value: {} }, "index key namespace ttl value"],
  ["DELETE", "/store/items", { namespace: ["a"], key: "k" }, "key namespace"],
  ["POST", "/store/items/search", {}, "filter limit namespace_prefix offset query refresh_ttl"],
  ["POST", "/store/namespaces", {}, "limit max_depth offset prefix suffix"],
];

/** Query strings, in the spellings of both languages. */
const QUERIES: [method: string, path: string][] = [
  ["GET", "/threads/:id?include=ttl"],
  ["GET", "/threads/:id/runs?limit=1&offset=0&status=success&select=run_id"],
  ["GET", "/threads/:id/runs?select=run_id&select=status"],
  ["GET", "/threads/:id/runs/:run/join?cancel_on_disconnect=0"],
  [
    "GET",
    "/threads/:id/runs/:run/stream?cancel_on_disconnect=false&stream_mode=values&checkpoint_id=1&namespace=a",
  ],
  ["GET", "/runs/:run/stream?cancel_on_disconnect=1&stream_mode=values,updates"],
  ["POST", "/threads/:id/runs/:run/cancel?wait=0&action=interrupt&reason=why"],
  ["POST", "/threads/:id/runs/:run/cancel?wait=1&action=rollback"],
  ["GET", "/threads/:id/state?subgraphs=False&select=values"],
  ["GET", "/assistants/echo/graph?xray=true"],
  ["GET", "/assistants/echo/graph?xray=2"],
  ["GET", "/assistants/echo/subgraphs?recurse=true"],
  ["GET", "/store/items?namespace=a.b&key=k&refresh_ttl=true"],
  ["DELETE", "/assistants/:assistant?delete_threads=false"],
];

/** Keys that mean something else with others, or stop a run that the test would have to wait for. */
const VALUES: Record<string, unknown> = {
  after_seconds: 0,
  as_node: "echo",
  assistant_id: null,
  before: null,
  checkpoint: null,
  checkpoint_during: true,
  checkpoint_id: null,
  command: null,
  config: { tags: ["a"], configurable: {} },
  context: {},
  description: "a",
  durability: "async",
  enabled: true,
  end_time: "2099-01-01T00:00:00Z",
  extract: { a: "metadata.a" },
  feedback_keys: ["a"],
  filter: {},
  graph_id: "echo",
  ids: [],
  if_exists: "do_nothing",
  if_not_exists: "create",
  index: false,
  input: { text: "a" },
  interrupt_after: [],
  interrupt_before: [],
  key: "k",
  langsmith_tracer: { project_name: "p", example_id: "e" },
  limit: 1,
  max_depth: 1,
  metadata: { a: 1 },
  multitask_strategy: "enqueue",
  name: "a",
  namespace: ["a"],
  namespace_prefix: ["a"],
  offset: 0,
  on_completion: "keep",
  on_disconnect: "cancel",
  on_run_completed: "keep",
  prefix: ["a"],
  query: "a",
  raise_error: true,
  refresh_ttl: true,
  run_ids: null,
  schedule: "0 9 * * *",
  select: ["metadata"],
  sort_by: "created_at",
  sort_order: "asc",
  status: null,
  strategy: "keep_latest",
  stream_mode: ["values"],
  stream_resumable: false,
  stream_subgraphs: false,
  strict_resume: false,
  subgraphs: true,
  suffix: ["a"],
  supersteps: [],
  thread_id: null,
  thread_ids: [],
  timezone: "Europe/Berlin",
  ttl: 60,
  value: { a: 1 },
  values: null,
  version: 1,
  webhook: "https://hooks.example.com/hook",
};

async function pathOf(path: string): Promise<string> {
  let filled = path;
  if (path.includes(":id") || path.includes(":run")) {
    const { thread_id: id } = await createThread({ metadata: { graph_id: "echo" } });
    filled = filled.replace(":id", id);
    if (path.includes(":run")) {
      const run = await createRun(id, { assistant_id: "echo", input: { text: "a" } });
      await joinRun(run);
      filled = filled.replace(":run", run.run_id);
    }
  }
  if (path.includes(":cron")) {
    const { body } = await call<{ cron_id: string }>("POST", "/runs/crons", {
      assistant_id: "echo",
      schedule: "0 8 * * *",
    });
    filled = filled.replace(":cron", body.cron_id);
  }
  if (path.includes(":assistant")) {
    const { body } = await call<{ assistant_id: string }>("POST", "/assistants", { graph_id: "echo" });
    filled = filled.replace(":assistant", body.assistant_id);
  }
  return filled;
}

beforeEach(() => {
  // No call leaves the machine.
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response());
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a key that an SDK sends", () => {
  it.each(BODIES)("%s %s takes with %j", async (method, path, needed, keys) => {
    for (const key of keys.trim().split(/\s+/)) {
      expect(VALUES, key).toHaveProperty(key);
      const { status, body } = await callRaw(method, await pathOf(path), { [key]: VALUES[key], ...needed });
      expect(`${key}: ${status} ${status < 300 ? "" : body}`).toMatch(/: 20\d $/);
    }
  });

  it.each(QUERIES)("%s %s", async (method, path) => {
    const { status, body } = await callRaw(method, await pathOf(path), undefined);
    // No such item, which is what was asked for.
    expect(`${status} ${status < 300 || path.startsWith("/store") ? "" : body}`).toMatch(/^(?:20\d|404) $/);
  });

  it("that is none is refused", async () => {
    for (const [method, path, needed] of BODIES) {
      const { status, body } = await callRaw(method, await pathOf(path), { ...needed, end_tiem: 1 });
      expect(`${method} ${path} ${status} ${body}`).toContain('422 {"detail":"end_tiem: unknown field');
    }
  });
});

/** Streams are not JSON. */
async function callRaw(
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: string }> {
  const init = {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
  const response = await edgeFetch(`http://edge${path}`, init);
  return { status: response.status, body: await response.text() };
}
