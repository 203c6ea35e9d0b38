/** Crons as tools of MCP. */
import { beforeEach, describe, expect, it } from "vitest";
import { CRON_TOOLS } from "../../../src/tools/definitions";
import {
  cronCreate,
  cronPatch,
  cronSearch,
  noteBody,
  threadCronCreate,
  type Cron,
} from "../../../src/wire/crons/cron";
import { previewRequest } from "../../../src/wire/crons/preview";
import { runNow, slotList, type Slot } from "../../../src/wire/crons/slot";
import { owners, restoreAuthAfterEach, useAuth } from "../../support/auth";
import { atClock, ended, getCron, ringAt, setClock } from "../../support/crons";
import { callTool, mcpClient } from "../../support/mcp";

atClock("2040-02-01T12:00:00.000Z");
restoreAuthAfterEach();

describe("a person at a client of MCP", () => {
  it("looks at a schedule, makes a cron of it, has it run, reads what became of it, and deletes it", async () => {
    const client = await mcpClient();
    const preview = await callTool(client, "preview_schedule", {
      schedule: "30 9 * * 1-5",
      timezone: "America/New_York",
      count: 2,
    });
    expect(preview.text.split("\n")).toEqual([
      "At 09:30, Monday through Friday (America/New_York).",
      "Next times:",
      "- Wed 2040-02-01 09:30 America/New_York (2040-02-01T14:30:00.000Z)",
      "- Thu 2040-02-02 09:30 America/New_York (2040-02-02T14:30:00.000Z)",
      "It is now Wed 2040-02-01 07:00 America/New_York (2040-02-01T12:00:00.000Z).",
    ]);

    const made = await callTool<{ cron: Cron }>(client, "create_cron", {
      assistant_id: "echo",
      schedule: "30 9 * * 1-5",
      timezone: "America/New_York",
      input: { text: "good morning" },
      max_runs: 20,
      metadata: { purpose: "greeting" },
    });
    const { cron_id: cronId } = made.data.cron;
    expect(made.text.split("\n")).toEqual([
      "Created.",
      `Cron ${cronId} runs assistant echo on a new thread each time, which is deleted when the run has ended.`,
      "At 09:30, Monday through Friday (America/New_York).",
      "Next times:",
      "- Wed 2040-02-01 09:30 America/New_York (2040-02-01T14:30:00.000Z)",
      "- Thu 2040-02-02 09:30 America/New_York (2040-02-02T14:30:00.000Z)",
      "- Fri 2040-02-03 09:30 America/New_York (2040-02-03T14:30:00.000Z)",
      "It runs at most 20 times in all.",
      'Input: {"text":"good morning"}',
    ]);
    expect(
      (await callTool(client, "list_crons", { metadata: { purpose: "greeting" } })).text.split("\n"),
    ).toEqual([
      "1 of 1:",
      `- ${cronId}: At 09:30, Monday through Friday (America/New_York), assistant echo. ` +
        'Next: Wed 2040-02-01 09:30 America/New_York (2040-02-01T14:30:00.000Z). Metadata: {"purpose":"greeting"}',
    ]);

    const started = await callTool<{ slot: Slot }>(client, "run_cron_now", {
      cron_id: cronId,
      input: { text: "now" },
    });
    expect(started.text).toMatch(/^Run [0-9a-f-]{36} has begun on thread .* The schedule is as it was\.$/);
    await ended(cronId, 1);
    await ringAt("2040-02-01T14:30:00.000Z", cronId);
    await ended(cronId, 2);
    const history = await callTool<{ slots: Slot[] }>(client, "cron_history", { cron_id: cronId });
    expect(history.data.slots.map(({ origin, run }) => [origin, run?.status])).toEqual([
      ["schedule", "success"],
      ["manual", "success"],
    ]);
    expect(history.text).toMatch(
      /^Runs in all: 2; succeeded: 2, .*\n- Wed 2040-02-01 09:30 .*: run .* ended with success after \d+ ms\n- .* \(run by hand\): run /,
    );

    const paused = await callTool<{ cron: Cron }>(client, "pause_cron", {
      cron_id: cronId,
      note: "on holiday",
    });
    expect([paused.data.cron.enabled, paused.text]).toEqual([
      false,
      expect.stringContaining("Paused: on holiday."),
    ]);
    const changed = await callTool(client, "update_cron", {
      cron_id: cronId,
      schedule: "0 8 * * *",
      timezone: null,
    });
    expect(changed.text).toContain("At 08:00, every day (UTC). Paused: on holiday.");
    const resumed = await callTool<{ cron: Cron }>(client, "resume_cron", { cron_id: cronId });
    expect(resumed.data.cron.next_run_date).toBe("2040-02-02T08:00:00.000Z");
    expect((await callTool(client, "get_cron", { cron_id: cronId })).text).toContain(
      "- Thu 2040-02-02 08:00 UTC\n",
    );

    const deleted = await callTool(client, "delete_cron", { cron_id: cronId });
    expect(deleted).toMatchObject({ data: { cron_id: cronId, deleted: true }, isError: false });
    expect(await callTool(client, "get_cron", { cron_id: cronId })).toMatchObject({
      isError: true,
      text: "get_cron: no cron with this id",
      data: { code: "cron.not_found" },
    });
    expect((await callTool(client, "list_crons")).text).toBe("There are none.");
  });

  it("may have a client that sends all arguments as texts", async () => {
    const client = await mcpClient();
    const { data } = await callTool<{ cron: Cron }>(client, "create_cron", {
      assistant_id: "echo",
      schedule: "0 9 * * *",
      input: '{"text":"hello"}',
      max_runs: "3",
      enabled: "false",
      metadata: '{"purpose":"text"}',
    });
    const { cron_id: cronId } = data.cron;
    expect(data.cron).toMatchObject({ max_runs: 3, enabled: false, metadata: { purpose: "text" } });
    expect(data.cron.payload.input).toEqual({ text: "hello" });
    const cleared = await callTool<{ cron: Cron }>(client, "update_cron", {
      cron_id: cronId,
      max_runs: "null",
    });
    expect(cleared.data.cron.max_runs).toBeNull();
    expect(
      (await callTool(client, "list_crons", { metadata: '{"purpose":"text"}', limit: "1" })).text,
    ).toContain(cronId);
    await callTool(client, "delete_cron", { cron_id: cronId });
  });

  it("has a cron on a thread, and one for a single time", async () => {
    const client = await mcpClient();
    setClock("2040-02-01T12:00:00.000Z");
    const refused = await callTool(client, "create_cron", {
      assistant_id: "echo",
      schedule: "0 9 3 2 *",
      thread_id: crypto.randomUUID(),
    });
    expect(refused).toMatchObject({ isError: true, data: { code: "thread.not_found" } });
    const once = await callTool<{ cron: Cron }>(client, "create_cron", {
      assistant_id: "echo",
      schedule: "0 9 3 2 *",
      max_runs: 1,
    });
    expect(once.text.split("\n").slice(2)).toEqual([
      "At 09:00, on day 3 of the month, only in February (UTC).",
      "Next times:",
      "- Fri 2040-02-03 09:00 UTC",
      "It runs once in all.",
    ]);
    await ringAt("2040-02-03T09:00:00.000Z", once.data.cron.cron_id);
    await ended(once.data.cron.cron_id, 1);
    // Its owner made it, and reads what became of it.
    expect((await getCron(once.data.cron.cron_id)).max_runs).toBe(1);
  });
});

it.each([
  ["create_cron", { schedule: "0 9 * * *" }, /assistant_id: expected/],
  ["create_cron", { assistant_id: "echo", schedule: "at nine" }, /such as "0 9 \* \* 1-5" for 09:00/],
  [
    "create_cron",
    { assistant_id: "echo", schedule: "0 9 * * *", timezone: "Berlin" },
    /did you mean "Europe\/Berlin"/,
  ],
  ["create_cron", { assistant_id: "nobody", schedule: "0 9 * * *" }, /No assistant found/],
  ["create_cron", { assistant_id: "echo", schedule: "0 9 * * *", end: "soon" }, /end: unknown field/],
  [
    "create_cron",
    { assistant_id: "echo", schedule: "0 9 * * *", thread_id: "here" },
    /thread_id: expected a UUID/,
  ],
  ["preview_schedule", {}, /schedule: expected a cron expression/],
  ["list_crons", { limit: 0 }, /limit: .*>=1/],
  ["get_cron", {}, /cron_id: expected a UUID/],
  ["get_cron", { cron_id: "../search" }, /cron_id: expected a UUID/],
  ["delete_cron", { cron_id: crypto.randomUUID(), all: true }, /all: unknown field/],
  ["update_cron", { cron_id: crypto.randomUUID(), max_runs: "two" }, /max_runs: expected number/],
  ["update_cron", { cron_id: crypto.randomUUID(), schedule: null }, /schedule: expected string, not null/],
  ["update_cron", { cron_id: crypto.randomUUID(), timezone: null }, /no cron with this id/],
  ["run_cron_now", { cron_id: crypto.randomUUID() }, /no cron with this id/],
  ["cron_history", { cron_id: crypto.randomUUID(), limit: 0 }, /limit: .*>=1|no cron with this id/],
  ["cron_history", { cron_id: crypto.randomUUID(), limit: "" }, /limit: expected number, received string/],
  ["pause_cron", { cron_id: crypto.randomUUID(), note: "" }, /note: expected a text that is not empty/],
  ["pause_cron", { cron_id: crypto.randomUUID(), note: "n".repeat(1001) }, /note: expected at most 1000/],
])("%s says what is wrong with %j", async (name, args, message) => {
  const { text, isError } = await callTool(await mcpClient(), name, args);
  expect([isError, text]).toEqual([true, expect.stringMatching(message)]);
});

describe("two tenants", () => {
  beforeEach(() => {
    useAuth(owners());
  });

  it("have their own crons and assistants", async () => {
    const alice = await mcpClient({ authorization: "Bearer alice" });
    const bob = await mcpClient({ authorization: "Bearer bob" });
    const made = await callTool<{ cron: Cron }>(alice, "create_cron", {
      assistant_id: "echo",
      schedule: "0 9 * * *",
    });
    const { cron_id: cronId, user_id: owner, metadata } = made.data.cron;
    expect([owner, metadata]).toEqual(["alice", { owner: "alice" }]);
    expect((await callTool(bob, "list_crons")).text).toBe("There are none.");
    expect((await callTool(alice, "list_crons")).text).toContain(cronId);
    for (const name of [
      "get_cron",
      "update_cron",
      "pause_cron",
      "resume_cron",
      "run_cron_now",
      "delete_cron",
      "cron_history",
    ]) {
      expect(await callTool(bob, name, { cron_id: cronId })).toMatchObject({
        isError: true,
        text: `${name}: no cron with this id`,
      });
    }
    expect((await callTool<{ cron: Cron }>(alice, "get_cron", { cron_id: cronId })).data.cron).toEqual(
      made.data.cron,
    );
    // The default assistants are everybody's to run.
    expect((await callTool(bob, "echo", { text: "hi" })).data).toMatchObject({ reply: "You said: hi" });
  });

  it("need to say who they are", async () => {
    await expect(mcpClient()).rejects.toThrow(/401|who are you|Unauthorized/i);
  });
});

describe("the definitions", () => {
  const FIELDS: Record<(typeof CRON_TOOLS)[number]["name"], readonly string[]> = {
    create_cron: ["thread_id", ...Object.keys(cronCreate.shape), ...Object.keys(threadCronCreate.shape)],
    list_crons: Object.keys(cronSearch.shape),
    get_cron: ["cron_id"],
    preview_schedule: Object.keys(previewRequest.shape),
    update_cron: ["cron_id", ...Object.keys(cronPatch.shape)],
    pause_cron: ["cron_id", ...Object.keys(noteBody.shape)],
    resume_cron: ["cron_id", ...Object.keys(noteBody.shape)],
    run_cron_now: ["cron_id", ...Object.keys(runNow.shape)],
    delete_cron: ["cron_id"],
    cron_history: ["cron_id", ...Object.keys(slotList.shape)],
  };

  it.each(CRON_TOOLS)("$name has the arguments of the API, each described", ({ name, inputSchema }) => {
    const { properties } = inputSchema;
    expect(Object.keys(properties).filter((field) => !FIELDS[name].includes(field))).toEqual([]);
    expect(
      Object.entries(properties).filter(([, { description }]) => typeof description !== "string"),
    ).toEqual([]);
  });

  it("say which tools write, and which destroy", () => {
    const named = (hint: "readOnlyHint" | "destructiveHint"): string[] =>
      CRON_TOOLS.filter(({ annotations }) => annotations[hint]).map(({ name }) => name);
    expect(named("readOnlyHint")).toEqual(["list_crons", "get_cron", "preview_schedule", "cron_history"]);
    expect(named("destructiveHint")).toEqual(["update_cron", "delete_cron"]);
  });
});
