/** `edgecron deploy` and `edgecron destroy` step by step, with the real wrangler: what fails, and what repeating does then. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Deployment, type DeployOptions } from "../../../cli/deploy/deployment";
import { Destruction } from "../../../cli/deploy/destruction";
import { runSteps } from "../../../cli/deploy/steps";
import type { Target } from "../../../cli/deploy/target";
import { CloudflareApi } from "../../support/cloudflare-api";
import { makeTools, smallTarget, type TestTools } from "./tools";

const TIME_LIMIT_MS = 180_000;
const patience = { limitMs: 20_000, everyMs: 10 };

let api: CloudflareApi;
let tools: TestTools;
beforeAll(async () => {
  api = await CloudflareApi.start();
  tools = makeTools(api);
});
afterAll(async () => {
  tools.remove();
  await api.stop();
});

/** @returns whether all steps were done, and what was printed */
async function deploy(
  options: Partial<DeployOptions> = {},
  changes: Partial<Target> = {},
): Promise<{ done: boolean; printed: string }> {
  tools.lines.length = 0;
  api.calls = [];
  const url = api.addressOf("small");
  const target = smallTarget(tools.dir, {
    variables: { OPENAI_API_KEY: "sk-of-ada", AUTH: "open" },
    ...changes,
  });
  const deployment = new Deployment(target, tools, { yes: true, secrets: true, url, patience, ...options });
  const done = await runSteps(deployment.steps(), tools.report);
  return { done, printed: tools.lines.join("\n") };
}

async function destroy(): Promise<{ losses: string[]; printed: string }> {
  tools.lines.length = 0;
  const destruction = new Destruction(smallTarget(tools.dir), tools, { yes: true });
  expect(await runSteps(destruction.search(), tools.report)).toBe(true);
  const { losses } = destruction;
  await destruction.confirm();
  expect(await runSteps(destruction.steps(), tools.report)).toBe(true);
  return { losses, printed: tools.lines.join("\n") };
}

const fail = (call: RegExp, status: number, code: number, message: string): void => {
  api.failures = [{ call, failure: { status, code, message } }];
};
const newKeys = (printed: string): string[] => printed.match(/ek_[\w-]{43}/g) ?? [];

test("each step may fail, and repeating goes on from there", { timeout: TIME_LIMIT_MS }, async () => {
  // The second migration fails; the first stays.
  let statements = 0;
  api.onCall = (call) => {
    if (call.endsWith("/query") && ++statements === 3)
      fail(/\/query$/, 400, 7500, 'near "x": syntax error: SQLITE_ERROR');
  };
  const halfway = await deploy();
  expect(halfway.printed).toMatch(
    /Migrations: the migrations could not be applied\n.*rolled back[^]*SQLITE_ERROR/,
  );
  expect(api.workers.size).toBe(0);
  api.onCall = () => undefined;

  // The Worker is uploaded, with its key, and then its schedule is refused. The key must not be lost.
  fail(
    /^PUT .*\/schedules$/,
    400,
    10072,
    "This account has reached the Workers Free limit of 5 cron triggers per account.",
  );
  const unscheduled = await deploy();
  expect(unscheduled.printed).toContain("Migrations: 1 is applied, up to 0002_second.sql");
  expect(unscheduled.done).toBe(false);
  expect(unscheduled.printed).toMatch(
    /The Worker is uploaded, with this API key[^]*Worker: [^]*no cron trigger left/,
  );
  const [key] = newKeys(unscheduled.printed);
  expect(newKeys(unscheduled.printed)).toEqual([key]);
  expect(api.workers.get("small")?.secrets).toEqual(
    new Map([
      ["OPENAI_API_KEY", "sk-of-ada"],
      ["API_KEYS", key],
    ]),
  );
  api.failures = [];

  // Now all is well, and nothing is made twice.
  const well = await deploy({ yes: false });
  expect(well.printed).toBe(
    [
      "Login: Ada's account (a1)",
      'Account: the Worker "small" is there, and gets a new version',
      "Secrets: OPENAI_API_KEY stays as it is; AUTH: left out (for this machine only; for the deployment, set it under vars in wrangler.toml)",
      `Database: the D1 database "small-edgecron" is there (${[...api.databases.keys()].join()})`,
      "Migrations: the database has all of them",
      `Worker: "small" is deployed to ${api.addressOf("small")}`,
      `Answer: ${api.addressOf("small")} is up`,
    ].join("\n"),
  );
  expect(api.databases.size).toBe(1);
  expect(api.workers.get("small")).toMatchObject({ uploads: 2, schedules: ["* * * * *"] });
  expect(api.workers.get("small")?.secrets.get("API_KEYS")).toBe(key);
  expect(well.printed + unscheduled.printed).not.toContain("sk-of-ada");

  const destroyed = await destroy();
  expect(destroyed.losses.join("\n")).toMatch(
    /Worker "small"[^]*crons[^]*threads[^]*OPENAI_API_KEY, API_KEYS[^]*D1 database "small-edgecron"/,
  );
  expect(destroyed.printed).toMatch(/Worker: "small" is deleted\nDatabase: "small-edgecron" is deleted$/);
  expect(api.workers.size + api.databases.size).toBe(0);
});
