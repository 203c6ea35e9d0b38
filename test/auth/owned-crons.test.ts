/** Crons fire as who created them, are asked about at each firing, and runs carry their user. */
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { Auth, HTTPException } from "@langchain/langgraph-sdk/auth";
import { allowedRun } from "../../src/cron/owner";
import { AUTH_HANDLER_MS } from "../../src/platform/time-limits";
import type { Cron } from "../../src/wire/crons/cron";
import type { Slot } from "../../src/wire/crons/slot";
import type { Run } from "../../src/wire/runs/run";
import type { Thread } from "../../src/wire/threads/thread";
import { callAs, owners, restoreAuthAfterEach, useAuth } from "../support/auth";
import { alarmOf, atClock, cronStub, ringAt, setClock } from "../support/crons";
import type { Seen } from "../support/graphs/seen";
import { receiver } from "../support/webhooks";
import { until } from "../support/until";

atClock("2040-01-01T00:00:00.000Z");
restoreAuthAfterEach();

const ANN = {
  identity: "ann",
  permissions: ["reports"],
  display_name: "The ann",
  is_authenticated: true,
};
const KEYS = {
  langgraph_auth_user: ANN,
  langgraph_auth_user_id: "ann",
  langgraph_auth_permissions: ["reports"],
};
const TOKEN = "ann,reports";

async function createCron(fields: Record<string, unknown> = {}, token = TOKEN): Promise<Cron> {
  const { status, body } = await callAs<Cron>(token, "POST", "/runs/crons", {
    assistant_id: "seen",
    schedule: "0 * * * *",
    input: {},
    on_run_completed: "keep",
    ...fields,
  });
  if (status !== 200) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

const slotsOf = async (cronId: string, token = TOKEN): Promise<Slot[]> =>
  (await callAs<Slot[]>(token, "GET", `/runs/crons/${cronId}/slots`)).body;

const cronOf = async (cronId: string, token = TOKEN): Promise<Cron> =>
  (await callAs<Cron>(token, "GET", `/runs/crons/${cronId}`)).body;

/** What the graph saw in the run of a slot, when it has ended. */
async function seenBy({ thread_id, run_id }: Slot, token = TOKEN): Promise<Seen> {
  const { body } = await callAs<{ seen: Seen }>(token, "GET", `/threads/${thread_id}/runs/${run_id}/join`);
  return body.seen;
}

describe("the runs of a cron", () => {
  it("carry its owner: on schedule, by hand, backfilled; and nothing of the owner's secrets", async () => {
    useAuth(owners());
    const cron = await createCron();
    expect(cron.user_id).toBe("ann");
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    const byHand = await callAs<Slot>("boss,admin", "POST", `/runs/crons/${cron.cron_id}/run`, {
      config: { configurable: { langgraph_auth_user_id: "boss", langgraph_auth_user: { identity: "boss" } } },
    });
    expect(byHand.body).toMatchObject({ status: "fired", requested_by: "boss" });
    await callAs("boss,admin", "POST", `/runs/crons/${cron.cron_id}/pause`);
    setClock("2040-01-01T03:30:00.000Z");
    const period = { start: "2040-01-01T02:00:00.000Z", end: "2040-01-01T03:30:00.000Z" };
    await callAs("boss,admin", "POST", `/runs/crons/${cron.cron_id}/backfill`, period);
    await ringAt("2040-01-01T04:30:00.000Z", cron.cron_id);
    const slots = await slotsOf(cron.cron_id);
    const seen = await Promise.all(
      slots.filter(({ status }) => status === "fired").map((slot) => seenBy(slot)),
    );
    expect(seen.length).toBeGreaterThanOrEqual(3);
    for (const { configurable } of seen) expect(configurable).toMatchObject(KEYS);
    expect(new Set(slots.map(({ origin, requested_by: by }) => `${origin} ${by}`))).toEqual(
      new Set(["schedule null", "manual boss", "backfill null"]),
    );
    const { body: runs } = await callAs<Run[]>(TOKEN, "GET", `/runs/crons/${cron.cron_id}/runs`);
    expect(runs.every(({ metadata }) => metadata.owner === "ann")).toBe(true);
    expect(JSON.stringify([seen, runs, slots, await cronOf(cron.cron_id)])).not.toContain("secret-of");
  });

  it("of a retried run, too", async () => {
    useAuth(owners());
    const cron = await createCron({ assistant_id: "seen", max_attempts: 2 });
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    expect((await seenBy(slot as Slot)).configurable).toMatchObject(KEYS);
  });
});

describe("a firing", () => {
  it("that is refused is skipped with the reason, and pauses the cron, which says so and tells its webhook", async () => {
    const hook = receiver(200);
    let refused = false;
    useAuth(
      owners().on("threads:create_run", ({ user }) => {
        if (refused && user.permissions.includes("reports")) {
          throw new HTTPException(403, { message: "no more reports" });
        }
      }),
    );
    const cron = await createCron({ alert_webhook: hook.url });
    refused = true;
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    const reason = 'the cron\'s owner "ann" may not create runs: no more reports';
    expect(await slotsOf(cron.cron_id)).toMatchObject([{ status: "skipped", reason, run_id: null }]);
    expect(await cronOf(cron.cron_id)).toMatchObject({ enabled: false, note: reason, next_run_date: null });
    await until(() => hook.calls.length > 0);
    expect(hook.calls.map(({ body }) => [body.type, (body.data as { reason: string }).reason])).toEqual([
      ["cron.paused", reason],
    ]);
    const byHand = await callAs(TOKEN, "POST", `/runs/crons/${cron.cron_id}/run`);
    expect([byHand.status, byHand.body.detail]).toEqual([409, reason]);
  });

  it("is refused by false, and by a filter that its thread does not pass any more", async () => {
    useAuth(owners());
    const { body: thread } = await callAs<Thread>(TOKEN, "POST", "/threads", {});
    const { body: cron } = await callAs<Cron>(TOKEN, "POST", `/threads/${thread.thread_id}/runs/crons`, {
      assistant_id: "seen",
      schedule: "0 * * * *",
    });
    await callAs("boss,admin", "PATCH", `/threads/${thread.thread_id}`, { metadata: {} });
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toMatchObject([
      { status: "skipped", reason: `no thread with the id ${thread.thread_id}` },
    ]);
    expect(await cronOf(cron.cron_id)).toMatchObject({ enabled: false });

    const other = await createCron();
    useAuth(owners().on("threads:create_run", () => false));
    await ringAt("2040-01-01T02:00:00.000Z", other.cron_id);
    expect(await slotsOf(other.cron_id)).toMatchObject([{ status: "skipped" }]);
    expect(await cronOf(other.cron_id)).toMatchObject({ enabled: false });
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("the directory is down");
      },
    ],
    [
      "says that it cannot tell now",
      () => {
        throw new HTTPException(503, { message: "later" });
      },
    ],
    ["answers something unknown", () => ({ owner: undefined })],
  ])("whose handler %s is delivered again, and never fires unauthorized", async (_name, fail) => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    let fails = true;
    useAuth(owners().on("threads:create_run", (() => (fails ? fail() : true)) as never));
    const cron = await createCron();
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    expect(await slotsOf(cron.cron_id)).toMatchObject([{ status: "pending", run_id: null }]);
    expect(await cronOf(cron.cron_id)).toMatchObject({ enabled: true });
    fails = false;
    await ringAt((await alarmOf(cronStub(cron.cron_id))) ?? "", cron.cron_id);
    const slots = await slotsOf(cron.cron_id);
    expect(slots).toMatchObject([{ status: "fired" }]);
    expect((await seenBy(slots[0] as Slot)).configurable).toMatchObject(KEYS);
  });

  it("whose handler hangs fails when its time is over", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
    useAuth(owners().on("threads:create_run", () => new Promise<boolean>(() => undefined)));
    const ids = { threadId: "t", assistantId: "a", runId: "r" };
    const asked = expect(allowedRun(env, ANN, { assistant_id: "seen" }, ids)).rejects.toThrow(
      "the auth handler did not answer",
    );
    await vi.advanceTimersByTimeAsync(AUTH_HANDLER_MS);
    await asked;
  });

  it("of a cron that was made before anybody was known is not asked about", async () => {
    const cron = await createCron();
    expect(cron.user_id).toBeNull();
    useAuth(owners().on("threads:create_run", () => false));
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    const slots = await slotsOf(cron.cron_id, "boss,admin");
    expect(slots).toMatchObject([{ status: "fired" }]);
  });

  it("stores what the handler has changed, and leaves the cron as it was", async () => {
    useAuth(
      owners().on("threads:create_run", ({ value }) => {
        value.metadata = { ...value.metadata, owner: "ann", cron_id: "forged", stamped: true };
      }),
    );
    const cron = await createCron({ metadata: { own: 1 } });
    await ringAt("2040-01-01T01:00:00.000Z", cron.cron_id);
    // What the handler has changed is in the record in D1, which comes with the end of the run.
    for (const slot of await slotsOf(cron.cron_id)) await seenBy(slot);
    const { body: runs } = await callAs<Run[]>(TOKEN, "GET", `/runs/crons/${cron.cron_id}/runs`);
    expect(runs.map(({ metadata }) => metadata)).toEqual([
      {
        own: 1,
        owner: "ann",
        stamped: true,
        cron_id: cron.cron_id,
        scheduled_for: "2040-01-01T01:00:00.000Z",
      },
    ]);
    expect((await cronOf(cron.cron_id)).metadata).toEqual({ own: 1, owner: "ann" });
  });
});

describe("a client", () => {
  const FORGED = {
    langgraph_auth_user: { identity: "boss" },
    langgraph_auth_user_id: "boss",
    langgraph_auth_permissions: ["admin"],
  };

  it.each([
    ["an Auth", TOKEN],
    ["none", undefined],
  ])("with %s sets and overrides nothing of the user", async (_name, token) => {
    useAuth(token === undefined ? undefined : owners());
    const as = token ?? "nobody";
    const { body: assistant } = await callAs<{ assistant_id: string }>(as, "POST", "/assistants", {
      graph_id: "seen",
      config: { configurable: FORGED },
      context: FORGED,
    });
    const { body: thread } = await callAs<Thread>(as, "POST", "/threads", {});
    const { body } = await callAs<{ seen: Seen }>(
      as,
      "POST",
      `/threads/${thread.thread_id}/runs/wait`,
      { assistant_id: assistant.assistant_id, input: {}, config: { configurable: FORGED }, context: FORGED },
      { langgraph_auth_user_id: "boss", "x-langgraph-auth-user": "boss" },
    );
    const user = Object.entries(body.seen.configurable).filter(([key]) => key.startsWith("langgraph_auth_"));
    const known = { ...KEYS, langgraph_auth_user: { ...ANN, secret: "secret-of-ann" } };
    expect(Object.fromEntries(user)).toEqual(token === undefined ? {} : known);
    expect(JSON.stringify(body.seen.context)).not.toContain("langgraph_auth");
    const shown = [
      await callAs(as, "GET", `/threads/${thread.thread_id}`),
      await callAs(as, "GET", `/threads/${thread.thread_id}/runs`),
      await callAs(as, "POST", "/runs/search", {}),
    ];
    const records = JSON.stringify(shown.map((answer) => answer.body));
    expect(records.replace(JSON.stringify(body.seen), "")).not.toMatch(/secret-of|"boss"/);
  });
});

it("an Auth without handlers knows its callers, and lets them do everything", async () => {
  useAuth(new Auth().authenticate(() => "ann"));
  const { body: cron } = await callAs<Cron>("any", "POST", "/runs/crons", {
    assistant_id: "seen",
    schedule: "0 * * * *",
  });
  expect(cron.user_id).toBe("ann");
  const { body: found } = await callAs<Cron[]>("any", "POST", "/runs/crons/search", {});
  expect(found.map(({ user_id: id }) => id)).toContain("ann");
});
