/** The semantics of an `Auth`: who is let in, which handler decides, and what its answer means. */
import { Auth, HTTPException } from "@langchain/langgraph-sdk/auth";
import { describe, expect, it, vi } from "vitest";
import type { Run } from "../../src/wire/runs/run";
import type { Thread } from "../../src/wire/threads/thread";
import { callAs, owners, restoreAuthAfterEach, useAuth } from "../support/auth";
import { call } from "../support/edge";

restoreAuthAfterEach();

/** An `Auth` that lets everybody in as their token says, and has no handler. */
const anybody = (): Auth =>
  new Auth().authenticate(
    (request) => request.headers.get("authorization")?.slice("Bearer ".length) ?? "nobody",
  );

describe("authenticate", () => {
  it("passes on status, headers and message of an HTTPException", async () => {
    useAuth(owners());
    const { status, headers, body } = await call("POST", "/threads/search", {});
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toBe("Bearer");
    expect(body).toMatchObject({ detail: "who are you?" });
  });

  it("knows the exception of another copy of the package by its fields", async () => {
    class OtherException extends Error {
      status = 418;
      headers = [["x-teapot", "short"]];
    }
    useAuth(
      new Auth().authenticate(() => {
        throw new OtherException("stout");
      }),
    );
    const { status, headers, body } = await call("GET", `/threads/${crypto.randomUUID()}`);
    expect([status, headers.get("x-teapot"), body.detail]).toEqual([418, "short", "stout"]);
  });

  it.each([
    [
      "an error",
      () => {
        throw new Error("the password is swordfish");
      },
    ],
    [
      "an error with a status",
      () => {
        throw Object.assign(new Error("the password is swordfish"), {
          status: 200,
          headers: {},
          response: 1,
        });
      },
    ],
    [
      "an exception that says that all is well",
      () => {
        throw new HTTPException(200, { message: "the password is swordfish" });
      },
    ],
    [
      "a text",
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw "the password is swordfish";
      },
    ],
    ["nothing", () => undefined],
    ["an object without an identity", () => ({ permissions: [] })],
    ["an empty identity", () => ""],
    ["permissions that are none", () => ({ identity: "a", permissions: "all" })],
  ])("%s is a 500 that leaks nothing", async (_name, authenticate) => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    useAuth(new Auth().authenticate(authenticate as never));
    const { status, body } = await call("POST", "/threads/search", {});
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("swordfish");
    expect(log).toHaveBeenCalledTimes(1);
  });

  it.each([{}, new Map(), "auth", { authenticate: () => "me" }, new Auth()])(
    "what is no Auth, or knows nobody, opens nothing: %o",
    async (auth) => {
      vi.spyOn(console, "error").mockImplementation(() => undefined);
      useAuth(auth);
      expect((await call("POST", "/threads/search", {})).status).toBe(500);
    },
  );

  it("is not asked by /ok, /info and preflights; the header of LangSmith's studio opens nothing", async () => {
    useAuth(owners());
    expect((await call("GET", "/ok")).status).toBe(200);
    expect((await call("GET", "/info")).body).toMatchObject({ auth: "custom" });
    const asked = { origin: "https://app.example", "access-control-request-method": "POST" };
    expect((await call("OPTIONS", "/threads", undefined, asked)).status).toBe(204);
    const studio = { "x-auth-scheme": "langsmith" };
    for (const path of ["/openapi.json", "/docs", "/metrics", "/nowhere", "/threads"]) {
      expect([path, (await call("GET", path, undefined, studio)).status]).toEqual([path, 401]);
    }
  });

  it("may read the body, and the route still does", async () => {
    const seen: unknown[] = [];
    useAuth(
      new Auth().authenticate(async (request) => {
        seen.push(await request.json());
        return "me";
      }),
    );
    const { body } = await call<Thread>("POST", "/threads", { metadata: { a: 1 } });
    expect(body.metadata).toEqual({ a: 1 });
    expect(seen).toEqual([{ metadata: { a: 1 } }]);
  });

  it("a browser may read a refusal", async () => {
    useAuth(owners());
    const { status, headers } = await call("POST", "/threads", {}, { origin: "https://app.example" });
    expect([status, headers.get("access-control-allow-origin")]).toEqual([401, "*"]);
  });
});

describe("handlers", () => {
  it("the most specific one decides alone", async () => {
    const order: string[] = [];
    const note =
      (name: string) =>
      ({ event, resource, action }: { event: string; resource: string; action: string }) => {
        order.push(`${name} ${event} ${resource} ${action}`);
      };
    const auth = anybody();
    for (const event of ["*", "*:read", "threads", "threads:read"] as const) {
      useAuth(auth.on(event, note(event)));
      await callAs("me", "GET", `/threads/${crypto.randomUUID()}`);
    }
    expect(order).toEqual(
      ["*", "*:read", "threads", "threads:read"].map((name) => `${name} threads:read threads read`),
    );
  });

  it("get who calls and what is to be done", async () => {
    const asked: unknown[] = [];
    useAuth(
      (
        new Auth().authenticate(() => ({
          identity: "ann",
          permissions: ["p"],
          team: "blue",
        })) as unknown as Auth
      ).on("threads:create", ({ user, permissions, value }) => {
        asked.push({ user, permissions, value: structuredClone(value) });
      }),
    );
    const threadId = crypto.randomUUID();
    await call("POST", "/threads", { thread_id: threadId, metadata: { a: 1 } });
    expect(asked).toEqual([
      {
        user: {
          identity: "ann",
          permissions: ["p"],
          team: "blue",
          display_name: "ann",
          is_authenticated: true,
        },
        permissions: ["p"],
        value: { thread_id: threadId, metadata: { a: 1 } },
      },
    ]);
  });

  it.each([
    [undefined, 200],
    [null, 200],
    [true, 200],
    [{}, 200],
    [false, 403],
  ])("%o is %i", async (answer, status) => {
    useAuth(anybody().on("threads:create", () => answer as never));
    expect((await callAs("me", "POST", "/threads", {})).status).toBe(status);
  });

  it.each<[unknown]>([
    ...[
      1,
      0,
      "",
      "yes",
      [],
      [true],
      () => true,
      new Map([["owner", "me"]]),
      new Date(),
      { owner: undefined },
      { owner: null },
      { owner: ["me"] },
      { owner: {} },
      { owner: { $in: ["me"] } },
      { owner: { $eq: undefined } },
      { owner: { $eq: null } },
      { owner: { $eq: ["me"] } },
      { owner: { $contains: undefined } },
      { owner: { $contains: [undefined] } },
      { owner: { $eq: "me", $ne: "you" } },
      { owner: Number.NaN },
      { $or: [{ owner: "me" }] },
    ].map((answer): [unknown] => [answer]),
  ])("anything else is a 500 that names the event, and no open door: %o", async (answer) => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    useAuth(anybody());
    const { body: thread } = await callAs<Thread>("me", "POST", "/threads", {});
    useAuth(anybody().on("threads", () => answer as never));
    for (const [method, path, sent] of [
      ["GET", `/threads/${thread.thread_id}`],
      ["POST", "/threads/search", {}],
      ["DELETE", `/threads/${thread.thread_id}`],
    ] as const) {
      const { status, body } = await callAs("me", method, path, sent);
      expect(status).toBe(500);
      expect(body.detail).toMatch(/the handler of "threads:(read|search|delete)" returned/);
    }
    expect(log).toHaveBeenCalledTimes(3);
  });

  it("what a handler throws is a refusal, or a 500 that leaks nothing", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    useAuth(
      anybody().on("threads:create", () => {
        throw new HTTPException(402, { message: "pay first" });
      }),
    );
    const refused = await callAs("me", "POST", "/threads", {});
    expect([refused.status, refused.body.detail]).toEqual([402, "pay first"]);
    useAuth(
      anybody().on("threads:create", () => {
        throw new Error("swordfish");
      }),
    );
    const failed = await callAs("me", "POST", "/threads", {});
    expect([failed.status, failed.body.detail]).toEqual([500, "internal error"]);
  });

  it.each([
    [{ owner: "me" }, { owner: "me" }, true],
    [{ owner: "me" }, { owner: "you" }, false],
    [{ owner: "me" }, {}, false],
    [{ owner: { $eq: "me" } }, { owner: "me" }, true],
    [{ owner: { $eq: "" } }, { owner: "me" }, false],
    [{ level: 3 }, { level: 3 }, true],
    [{ level: 3 }, { level: "3" }, false],
    [{ hot: true }, { hot: true }, true],
    [{ hot: false }, { hot: true }, false],
    [{ teams: { $contains: "a" } }, { teams: ["a", "b"] }, true],
    [{ teams: { $contains: "c" } }, { teams: ["a", "b"] }, false],
    [{ teams: { $contains: "a" } }, { teams: "a" }, false],
    [{ teams: { $contains: ["a", "b"] } }, { teams: ["c", "b", "a"] }, true],
    [{ teams: { $contains: ["a", "b"] } }, { teams: ["a"] }, false],
    [{ teams: { $contains: "a", $eq: "a" } }, { teams: ["a"] }, false],
    [{ owner: "me", teams: { $contains: "a" } }, { owner: "me", teams: ["a"] }, true],
    [{ owner: "me", teams: { $contains: "a" } }, { owner: "you", teams: ["a"] }, false],
    [{ "a'b\"c": "x" }, { "a'b\"c": "x" }, true],
    [{ toString: "x" }, {}, false],
  ])("the filter %o lets %o pass: %s", async (filter, metadata, passes) => {
    useAuth(anybody());
    const { body: thread } = await callAs<Thread>("me", "POST", "/threads", { metadata });
    const { body: assistant } = await callAs<{ assistant_id: string }>("me", "POST", "/assistants", {
      graph_id: "echo",
      metadata,
    });
    const { body: cron } = await callAs<{ cron_id: string }>("me", "POST", "/runs/crons", {
      assistant_id: "echo",
      schedule: "0 0 1 1 *",
      input: {},
      metadata,
    });
    useAuth(anybody().on("*", () => filter as never));
    const found = async (path: string, key: string, id: string): Promise<boolean> => {
      const { body } = await callAs<Record<string, string>[]>("me", "POST", path, { limit: 1000 });
      return body.some((one) => one[key] === id);
    };
    const read = async (path: string): Promise<boolean> => (await callAs("me", "GET", path)).status === 200;
    expect([
      await read(`/threads/${thread.thread_id}`),
      await read(`/assistants/${assistant.assistant_id}`),
      await read(`/runs/crons/${cron.cron_id}`),
      await found("/threads/search", "thread_id", thread.thread_id),
      await found("/assistants/search", "assistant_id", assistant.assistant_id),
      await found("/runs/crons/search", "cron_id", cron.cron_id),
    ]).toEqual(Array.from({ length: 6 }, () => passes));
  });

  it("what a handler has changed is what happens, and what it has spoilt is a 500", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    useAuth(
      anybody()
        .on("assistants:create", ({ value }) => {
          value.name = "renamed";
          value.config = { configurable: { model: "small" } };
        })
        .on("threads:search", ({ value }) => {
          value.metadata = { shown: true };
          value.limit = 1;
        })
        .on("threads:create_run", ({ value }) => {
          value.kwargs.input = { text: "rewritten" };
          value.metadata = { stamped: true };
        })
        .on("threads:update", ({ value }) => {
          (value as { metadata: unknown }).metadata = "spoilt";
        }),
    );
    expect((await callAs("me", "POST", "/assistants", { graph_id: "echo" })).body).toMatchObject({
      name: "renamed",
      config: { configurable: { model: "small" } },
    });
    for (const shown of [true, true, false]) await callAs("me", "POST", "/threads", { metadata: { shown } });
    const { body: found } = await callAs<Thread[]>("me", "POST", "/threads/search", { limit: 100 });
    expect(found.map(({ metadata }) => metadata.shown)).toEqual([true]);
    const [thread] = found;
    const { body: run } = await callAs<Run>("me", "POST", `/threads/${thread?.thread_id}/runs`, {
      assistant_id: "echo",
      input: { text: "mine" },
    });
    expect([run.metadata, run.kwargs.input]).toEqual([{ stamped: true }, { text: "rewritten" }]);
    const { status, body } = await callAs("me", "PATCH", `/threads/${thread?.thread_id}`, { metadata: {} });
    expect([status, body.detail]).toEqual([500, expect.stringContaining('"threads:update" left a value')]);
  });

  it("a create that would answer with another's thing is a conflict, also when only reading is filtered", async () => {
    const stamp = ({ value, user }: { value: object; user: { identity: string } }): void => {
      (value as { metadata: unknown }).metadata = { owner: user.identity };
    };
    const own = ({ user }: { user: { identity: string } }): Record<string, string> => ({
      owner: user.identity,
    });
    useAuth(anybody().on("*:create", stamp).on(["*:read", "*:update"], own));
    const ids = {
      thread_id: crypto.randomUUID(),
      assistant_id: crypto.randomUUID(),
      cron_id: crypto.randomUUID(),
    };
    const cron = { schedule: "0 0 1 1 *", assistant_id: "echo" };
    const creates = [
      ["/threads", { thread_id: ids.thread_id, if_exists: "do_nothing" }],
      ["/assistants", { assistant_id: ids.assistant_id, graph_id: "echo", if_exists: "do_nothing" }],
      ["/runs/crons", { ...cron, cron_id: ids.cron_id, if_exists: "do_nothing" }],
      ["/runs/crons", { ...cron, cron_id: ids.cron_id, if_exists: "update", input: { text: "bob's" } }],
      [`/threads/${ids.thread_id}/runs/crons`, { ...cron, if_not_exists: "create" }],
    ] as const;
    const statuses = async (token: string): Promise<number[]> => {
      const found: number[] = [];
      for (const [path, body] of creates) found.push((await callAs(token, "POST", path, body)).status);
      return found;
    };
    expect(await statuses("alice")).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses("bob")).toEqual([409, 409, 409, 409, 409]);
    expect(await statuses("alice")).toEqual([200, 200, 200, 200, 200]);
  });
});
