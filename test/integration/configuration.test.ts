/** Settings that make no sense: the operator's to mend, so no client is told that its request is wrong. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app } from "../../src/edge/app";
import { d1SizeLimit } from "../../src/platform/config";
import { threadStub } from "../support/crons";
import { rebind } from "../support/outage";
import { createRun, createThread, getRun, joinRun } from "../support/threads";

async function ask(settings: object, path: string, init?: RequestInit): Promise<Response> {
  const context = createExecutionContext();
  const response = await app.fetch(new Request(`http://edge${path}`, init), { ...env, ...settings }, context);
  await waitOnExecutionContext(context);
  return response;
}

const WRONG = [
  [{ RUN_TIMEOUT_SECONDS: "soon" }, "RUN_TIMEOUT_SECONDS"],
  [{ RUN_TIMEOUT_SECONDS: "0" }, "RUN_TIMEOUT_SECONDS"],
  [{ RUN_TIMEOUT_SECONDS: "" }, "RUN_TIMEOUT_SECONDS"],
  [{ RUN_TIMEOUT_SECONDS: "86401" }, "RUN_TIMEOUT_SECONDS"],
  [{ RUN_RECORD_DAYS: "a month" }, "RUN_RECORD_DAYS"],
  [{ RUN_RECORD_DAYS: "-30" }, "RUN_RECORD_DAYS"],
  [{ RUN_RECORD_DAYS: "1.5" }, "RUN_RECORD_DAYS"],
  [{ RUN_RECORD_DAYS: "" }, "RUN_RECORD_DAYS"],
  [{ RUN_RECORD_DAYS: "100000" }, "RUN_RECORD_DAYS"],
  [{ D1_SIZE_LIMIT: "large" }, "D1_SIZE_LIMIT"],
  [{ D1_SIZE_LIMIT: "" }, "D1_SIZE_LIMIT"],
  [{ D1_SIZE_LIMIT: "10 TB" }, "D1_SIZE_LIMIT"],
  [{ D1_SIZE_LIMIT: "10" }, "D1_SIZE_LIMIT"],
  [{ WEBHOOK_SECRET: "hunter2" }, "WEBHOOK_SECRET"],
  [{ AUTH: "opne" }, "AUTH"],
  [{ AUTH: "opne", API_KEYS: "right" }, "AUTH"],
] as const;

describe.each(WRONG)("with %j", (settings, name) => {
  it("every request is answered with 503 and the name of the setting, not its value", async () => {
    for (const [method, path] of [
      ["GET", "/ok"],
      ["GET", "/info"],
      ["POST", "/threads"],
      ["POST", "/runs/crons/search"],
      ["GET", "/no-such-route"],
    ] as const) {
      const response = await ask(settings, path, { method, headers: { "x-api-key": "right" } });
      const { detail } = await response.json<{ detail: string }>();
      expect([response.status, detail], path).toEqual([
        503,
        expect.stringMatching(new RegExp(`^the server is misconfigured: ${name}: `)),
      ]);
      for (const value of Object.values(settings).filter((text) => text.length > 1)) {
        expect(detail).not.toContain(value);
      }
    }
  });
});

it.each([
  [undefined, 10_000_000_000],
  ["3000000", 3_000_000],
  ["500 MB", 500_000_000],
  ["2GB", 2_000_000_000],
  ["2000 KB", 2_000_000],
  // wrangler.toml may have a number.
  [500_000_000, 500_000_000],
  // A wrong setting counts for nothing.
  ["10 TB", 10_000_000_000],
])("with the D1_SIZE_LIMIT %j D1 is full at %j bytes", (text, bytes) => {
  expect(d1SizeLimit({ ...env, D1_SIZE_LIMIT: text as string })).toBe(bytes);
});

it("a run, of a cron for example, goes on with the default time-out", async () => {
  const { thread_id: id } = await createThread();
  await rebind(threadStub(id), () => ({ RUN_TIMEOUT_SECONDS: "soon", AUTH: "opne" }));
  const run = await createRun(id, { assistant_id: "echo", input: { text: "a" } });
  expect(await joinRun(run)).toMatchObject({ reply: "You said: a" });
  expect((await getRun(run)).status).toBe("success");
});
