/**
 * The whole matrix, from the router itself: the credentials of one tenant with the ids of another on every route, and nobody's
 * credentials on every route. What another tenant has is answered exactly as what does not exist.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { operations } from "../../src/edge/app";
import type { Assistant } from "../../src/wire/assistants";
import type { Cron } from "../../src/wire/crons/cron";
import type { Run } from "../../src/wire/runs/run";
import type { Thread } from "../../src/wire/threads/thread";
import { callAs, owners, restoreAuthAfterEach, useAuth } from "../support/auth";
import { call } from "../support/edge";

restoreAuthAfterEach();
beforeEach(() => {
  useAuth(owners());
});

/** What stands in every thing that alice makes, so that a leak is seen wherever it is. */
const MARK = "alices-own-words";

interface Things extends Record<string, string> {
  thread_id: string;
  assistant_id: string;
  cron_id: string;
  run_id: string;
  checkpoint_id: string;
}

/** Things of a tenant, of each kind. */
async function makeThings(tenant: string): Promise<Things> {
  const metadata = { mark: MARK };
  const made = async <T>(method: string, path: string, body: unknown): Promise<T> => {
    const { status, body: answer } = await callAs<T>(tenant, method, path, body);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const { thread_id } = await made<Thread>("POST", "/threads", { metadata });
  const { assistant_id } = await made<Assistant>("POST", "/assistants", { graph_id: "echo", metadata });
  const { cron_id } = await made<Cron>("POST", `/threads/${thread_id}/runs/crons`, {
    assistant_id,
    schedule: "0 0 1 1 *",
    input: { text: MARK },
    metadata,
  });
  const { run_id } = await made<Run>("POST", `/threads/${thread_id}/runs`, {
    assistant_id,
    input: { text: MARK },
    metadata,
  });
  await callAs(tenant, "GET", `/threads/${thread_id}/runs/${run_id}/join`);
  const { checkpoint } = await made<{ checkpoint: { checkpoint_id: string } }>(
    "GET",
    `/threads/${thread_id}/state`,
    undefined,
  );
  await callAs(tenant, "PUT", "/store/items", { namespace: ["notes"], key: "n", value: { text: MARK } });
  return { thread_id, assistant_id, cron_id, run_id, checkpoint_id: checkpoint.checkpoint_id };
}

const nothing = (): Things => ({
  thread_id: crypto.randomUUID(),
  assistant_id: crypto.randomUUID(),
  cron_id: crypto.randomUUID(),
  run_id: crypto.randomUUID(),
  checkpoint_id: crypto.randomUUID(),
});

/** The bodies of the routes that need one, with the ids of things. */
const BODIES: Record<string, (things: Things) => unknown> = {
  create_assistant: ({ assistant_id }) => ({ graph_id: "echo", assistant_id, if_exists: "do_nothing" }),
  set_latest_assistant_version: () => ({ version: 1 }),
  create_thread: ({ thread_id }) => ({ thread_id, if_exists: "do_nothing" }),
  prune_threads: ({ thread_id }) => ({ thread_ids: [thread_id] }),
  update_state: () => ({ values: { text: "changed" } }),
  read_state_at_checkpoint: ({ checkpoint_id }) => ({ checkpoint: { checkpoint_id } }),
  search_threads: ({ thread_id }) => ({ ids: [thread_id] }),
  create_run: () => ({ assistant_id: "echo", input: {} }),
  wait_run: () => ({ assistant_id: "echo", input: {} }),
  stream_run: () => ({ assistant_id: "echo", input: {} }),
  create_stateless_run: ({ assistant_id }) => ({ assistant_id, input: {} }),
  wait_stateless_run: ({ assistant_id }) => ({ assistant_id, input: {} }),
  stream_stateless_run: ({ assistant_id }) => ({ assistant_id, input: {} }),
  create_run_batch: ({ assistant_id }) => [{ assistant_id, input: {} }],
  cancel_runs: ({ run_id }) => ({ run_ids: [run_id] }),
  search_runs: ({ thread_id }) => ({ thread_id }),
  create_cron: ({ assistant_id }) => ({ assistant_id, schedule: "0 0 1 1 *" }),
  create_thread_cron: () => ({ assistant_id: "echo", schedule: "0 0 1 1 *" }),
  patch_cron: () => ({ metadata: { changed: true } }),
  search_crons: ({ thread_id }) => ({ thread_id }),
  count_crons: ({ thread_id }) => ({ thread_id }),
  preview_schedule: () => ({ schedule: "0 0 1 1 *" }),
  skip_slots: () => ({ count: 1 }),
  list_last_slots: ({ cron_id }) => ({ cron_ids: [cron_id] }),
  preview_backfill: () => ({ start: "2026-01-01T00:00:00Z", end: "2026-01-02T00:00:00Z" }),
  backfill_cron: () => ({ start: "2026-01-01T00:00:00Z", end: "2026-01-02T00:00:00Z" }),
  patch_thread: () => ({ metadata: { changed: true } }),
  patch_assistant: () => ({ name: "changed" }),
  put_item: () => ({ namespace: ["notes"], key: "other", value: {} }),
  post_a2a: ({ run_id }) => ({ jsonrpc: "2.0", id: 1, method: "tasks/get", params: { id: run_id } }),
  post_mcp: ({ cron_id }) => ({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "get_cron", arguments: { cron_id } },
  }),
  delete_item: () => ({ namespace: ["notes"], key: "n" }),
  send_command: () => ({ id: 1, method: "state.get", params: {} }),
  stream_events: () => ({ channels: ["values", "lifecycle"], since: 0 }),
};

/** What stands in the query of the routes that need one. */
const QUERIES: Record<string, string> = { get_item: "?namespace=notes&key=n" };

/** What is about everything that the deployment has, and refused to those who see a part of it. */
const FOR_ALL = ["stop_crons", "start_crons", "get_metrics"];
/** What may create a thing, and answers that the id is taken. Whoever asks knows the id already. */
const TAKEN = ["create_assistant", "create_thread"];
/** As in LangGraph's own server. */
const COPY = "copy_thread";
/** A stream whose one event says 404. */
const STREAMS = ["join_run_stream", "join_stateless_run_stream"];
/** A stream that may be opened before there is a thread, and that says nothing of a thread which the caller may not see. */
const QUIET = "stream_events";
/** Is opened by an upgrade, and refused without one; test/auth/protocol.test.ts has what it says. */
const SOCKET = "connect_thread";

interface Answered {
  status: number;
  text: string;
}

async function ask(token: string, id: string, things: Things): Promise<Answered> {
  const operation = operations.find((one) => one.id === id);
  if (operation === undefined) throw new Error(`no route ${id}`);
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => things[name] ?? "inner");
  const hasBody = operation.body !== undefined;
  const { exports } = await import("cloudflare:workers");
  const response = await exports.default.fetch(
    new Request(`http://edge${path}${QUERIES[id] ?? ""}`, {
      method: operation.method.toUpperCase(),
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...(token !== "" && { authorization: `Bearer ${token}` }),
      },
      ...(hasBody && { body: JSON.stringify(BODIES[id]?.(things) ?? {}) }),
    }),
  );
  return {
    status: response.status,
    text: id === QUIET && response.ok ? await begin(response) : await response.text(),
  };
}

/** What a stream that does not end says at once. */
async function begin({ body }: Response): Promise<string> {
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

/** The text without the ids that the request itself had. */
const withoutIds = (text: string, things: Things): string =>
  Object.entries(things).reduce((left, [name, id]) => left.replaceAll(id, name), text);

const routes = operations.filter(({ allow }) => allow !== "everyone");

describe("the ids of another tenant", () => {
  it.each(routes.map(({ id, method, path }) => [id, method, path]))("%s: %s %s", async (id) => {
    const alices = await makeThings("alice");
    const none = nothing();
    const foreign = await ask("bob", id, alices);
    const missing = await ask("bob", id, none);
    expect(foreign.text).not.toContain(MARK);
    if (FOR_ALL.includes(id)) expect(foreign.status).toBe(403);
    else if (TAKEN.includes(id)) expect(foreign.status).toBe(409);
    else {
      // Nothing tells what another has from what nobody has.
      expect([foreign.status, withoutIds(foreign.text, alices)]).toEqual([
        missing.status,
        withoutIds(missing.text, none),
      ]);
      const namesThing = routes.find((one) => one.id === id)?.path.includes("{") === true;
      if (STREAMS.includes(id)) expect(foreign.text).toMatch(/^event: error\ndata: .*404: /);
      else if (id === QUIET) expect(foreign).toEqual({ status: 200, text: ": open\n\n" });
      else if (id === SOCKET) expect(foreign.status).toBe(422);
      else if (namesThing) expect(foreign.status).toBe(id === COPY ? 409 : 404);
    }
    // Alice still has what she had, unchanged.
    const { body: thread } = await callAs<Thread>("alice", "GET", `/threads/${alices.thread_id}`);
    const { body: cron } = await callAs<Cron>("alice", "GET", `/runs/crons/${alices.cron_id}`);
    const { body: assistant } = await callAs<Assistant>("alice", "GET", `/assistants/${alices.assistant_id}`);
    const { body: run } = await callAs<Run>(
      "alice",
      "GET",
      `/threads/${alices.thread_id}/runs/${alices.run_id}`,
    );
    const { body: item } = await callAs<object>("alice", "GET", "/store/items?namespace=notes&key=n");
    expect({ thread, cron, assistant, run, item }).toMatchObject({
      thread: { metadata: { mark: MARK, owner: "alice" }, status: "idle" },
      cron: { metadata: { mark: MARK, owner: "alice" }, enabled: true, user_id: "alice" },
      assistant: { metadata: { mark: MARK, owner: "alice" }, version: 1 },
      run: { metadata: { mark: MARK, owner: "alice" }, status: "success" },
      item: { value: { text: MARK } },
    });
    expect(thread.metadata.changed).toBeUndefined();
  });

  it("are absent from every search and count", async () => {
    await makeThings("alice");
    const token = `tenant-${crypto.randomUUID()}`;
    const counts = ["/threads/count", "/assistants/count", "/runs/crons/count"];
    const searches = ["/threads/search", "/assistants/search", "/runs/crons/search", "/runs/search"];
    const found: unknown[] = [];
    for (const path of [...counts, ...searches]) found.push((await callAs(token, "POST", path, {})).body);
    for (const path of searches) {
      const { headers } = await callAs(token, "POST", path, { metadata: { owner: "alice" } });
      found.push(headers.get("x-pagination-total"));
    }
    expect(found).toEqual([0, 0, 0, [], [], [], [], "0", "0", "0", "0"]);
    expect((await callAs(token, "POST", "/store/items/search", {})).body).toEqual({ items: [] });
    expect((await callAs(token, "POST", "/store/namespaces", {})).body).toEqual({ namespaces: [] });
  });
});

describe("nobody", () => {
  it.each(routes.map(({ id, method, path }) => [id, method, path]))("may use %s: %s %s", async (id) => {
    const { status, text } = await ask("", id, nothing());
    expect([status, text.includes("who are you?")]).toEqual(id === "get_info" ? [200, false] : [401, true]);
  });

  it("learns which routes there are not", async () => {
    for (const [method, path] of [
      ["GET", "/nowhere"],
      ["PUT", "/threads"],
      ["POST", "/ok"],
      ["GET", "/runs/crons"],
    ] as const) {
      expect([method, path, (await call(method, path)).status]).toEqual([method, path, 401]);
    }
  });
});

it("every route has a body in this test if it takes one", () => {
  const optional = [
    "count_threads",
    "count_assistants",
    "search_assistants",
    "list_assistant_versions",
    "search_history",
  ];
  const withNote = [
    "stop_crons",
    "start_crons",
    "pause_cron",
    "resume_cron",
    "run_cron",
    "search_items",
    "list_namespaces",
  ];
  const missing = routes.filter(({ id, body }) => body !== undefined && BODIES[id] === undefined);
  expect(missing.map(({ id }) => id).toSorted()).toEqual([...optional, ...withNote].toSorted());
});
