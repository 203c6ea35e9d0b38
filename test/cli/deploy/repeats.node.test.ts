/** A deployment that fails midway, and what repeating it does then. The answers are those of wrangler 4.156. */
import { afterEach, expect, test, vi } from "vitest";
import { deploy, DEPLOYED, json, NO_WORKER, UUID } from "./tools";

afterEach(() => {
  vi.unstubAllGlobals();
});

const yes = { yes: true };

/** wrangler prints the table once more after each migration. */
const HALF_MIGRATED = {
  code: 1,
  output: [
    "┌─────────────────┐",
    "│ name            │",
    "├─────────────────┤",
    "│ 0001_first.sql  │",
    "│ 0002_second.sql │",
    "└─────────────────┘",
    "┌─────────────────┬────────┐",
    "│ name            │ status │",
    "├─────────────────┼────────┤",
    "│ 0001_first.sql  │ ✅     │",
    "├─────────────────┼────────┤",
    "│ 0002_second.sql │ 🕒️    │",
    "└─────────────────┴────────┘",
    `✘ [ERROR] A request to the Cloudflare API (/accounts/a1/d1/database/${UUID}/query) failed.`,
    '  near "x": syntax error: SQLITE_ERROR [code: 7500]',
  ].join("\n"),
  failure: {
    message: `A request to the Cloudflare API (/accounts/a1/d1/database/${UUID}/query) failed.`,
    code: 7500,
  },
};
const MIGRATED = {
  output: [
    "│ 0002_second.sql │",
    "│ 0002_second.sql │ 🕒️    │",
    "│ 0003_third.sql  │ 🕒️    │",
    "│ 0002_second.sql │ ✅     │",
    "│ 0003_third.sql  │ 🕒️    │",
    "│ 0002_second.sql │ ✅     │",
    "│ 0003_third.sql  │ ✅     │",
  ].join("\n"),
};
const UNSCHEDULED = [
  'Trigger configuration for "small" was only partially updated:',
  "  Cron schedules:",
  "    - A request to the Cloudflare API (/accounts/a1/workers/scripts/small/schedules) failed.",
  "      - This account has reached the Workers Free limit of 5 cron triggers per account. [code: 10072]",
  "  Successful trigger changes were not rolled back.",
].join("\n");

test("a migration that fails stops the deployment, and the repeat applies the others", async () => {
  const halfway = await deploy({ options: yes, account: { "d1 migrations": HALF_MIGRATED } });
  expect(halfway.done).toBe(false);
  expect(halfway.printed).toMatch(
    /Migrations: the migrations could not be applied\n.*rolled back[^]*SQLITE_ERROR/,
  );
  expect(halfway.commands).not.toContain("deploy");

  const account = { "d1 list": DEPLOYED["d1 list"], "d1 migrations": MIGRATED };
  const repeated = await deploy({ options: yes, account });
  expect(repeated.done).toBe(true);
  expect(repeated.printed).toContain("Migrations: 2 are applied, up to 0003_third.sql");
  expect(repeated.commands).not.toContain("d1 create small-edgecron");
});

test("a Worker that is uploaded without its schedule keeps its key, and the repeat makes nothing twice", async () => {
  const variables = { OPENAI_API_KEY: "sk-of-ada", AUTH: "open" };
  const deployFails = { code: 1, output: UNSCHEDULED, failure: { message: UNSCHEDULED } };
  let asked = 0;
  const secretList = {
    get code() {
      return asked++ === 0 ? 1 : 0;
    },
    get failure() {
      return asked === 1 ? NO_WORKER.failure : null;
    },
    ...json([{ name: "OPENAI_API_KEY" }, { name: "API_KEYS" }]),
  };
  const account = { deploy: deployFails, "secret list": secretList };
  const unscheduled = await deploy({ options: yes, account, target: { variables } });
  expect(unscheduled.done).toBe(false);
  expect(unscheduled.printed).toMatch(
    /The Worker is uploaded, with this API key[^]*Worker: [^]*no cron trigger left/,
  );
  expect(unscheduled.printed.match(/ek_[\w-]{43}/g)).toEqual([unscheduled.uploads?.API_KEYS]);
  expect(unscheduled.printed).not.toContain("sk-of-ada");

  const secrets = json([{ name: "OPENAI_API_KEY" }, { name: "API_KEYS" }]);
  const well = await deploy({ account: { ...DEPLOYED, "secret list": secrets }, target: { variables } });
  expect(well.uploads).toBeUndefined();
  expect(well.printed).toBe(
    [
      "Login: Ada (a1)",
      'Account: the Worker "small" is there, and gets a new version',
      "Secrets: OPENAI_API_KEY stays as it is; AUTH: left out (for this machine only; for the deployment, set it under vars in wrangler.toml)",
      `Database: the D1 database "small-edgecron" is there (${UUID})`,
      "Migrations: the database has all of them",
      'Worker: "small" is deployed to https://small.ada.workers.dev',
      "Answer: https://small.ada.workers.dev is up",
    ].join("\n"),
  );
});
