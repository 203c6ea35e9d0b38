/** Steps of `edgecron deploy` and `edgecron destroy` against the stand-in for Cloudflare, with the real wrangler and a small Worker. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Asking } from "../../../cli/deploy/asking";
import type { Report } from "../../../cli/deploy/report";
import { wranglerIn } from "../../../cli/deploy/run-wrangler";
import { StepFailure, type Tools } from "../../../cli/deploy/steps";
import type { Target } from "../../../cli/deploy/target";
import type { CloudflareApi } from "../../support/cloudflare-api";

export interface TestTools extends Tools {
  /** What was printed. */
  lines: string[];
  dir: string;
  remove: () => void;
}

export function makeTools(api: CloudflareApi): TestTools {
  const dir = mkdtempSync(join(tmpdir(), "edgecron-deploy-test-"));
  const lines: string[] = [];
  return {
    dir,
    lines,
    remove: () => {
      rmSync(dir, { recursive: true, force: true });
    },
    report: reportTo(lines),
    asking: answering([]),
    wrangler: wranglerIn(dir, {
      CLOUDFLARE_API_BASE_URL: api.url,
      CLOUDFLARE_API_TOKEN: "token-of-ada",
      // The login of who runs the tests does not matter.
      XDG_CONFIG_HOME: dir,
    }),
  };
}

export function reportTo(lines: string[]): Report {
  return {
    start: () => undefined,
    pause: () => undefined,
    done: (title, what) => lines.push(`${title}: ${what}`),
    failed: (title, { message, advice, original }) =>
      lines.push(`${title}: ${message}\n${advice}\n${original}`),
    planned: (_number, title, what) => lines.push(`${title}: ${what.join(" ")}`),
    line: (text = "") => lines.push(text),
  };
}

/** @param answers to questions, in order; without any there is no terminal */
export function answering(answers: (boolean | string)[]): Asking {
  const next = (question: string, instead: string): Promise<never> => {
    const answer = answers.shift();
    if (answer === undefined)
      return Promise.reject(new StepFailure(`There is no terminal to ask: ${question}`, instead));
    return Promise.resolve(answer as never);
  };
  return {
    isTerminal: answers.length > 0,
    confirm: next,
    choose: (question, _options, instead) => next(question, instead),
    type: next,
    typeSecretly: next,
  };
}

/** A Worker with a database and two migrations. */
export function smallTarget(dir: string, changes: Partial<Target> = {}): Target {
  writeFileSync(join(dir, "worker.js"), "export default { fetch: () => new Response('ok') };");
  const migrations = join(dir, "migrations");
  mkdirSync(migrations, { recursive: true });
  writeFileSync(join(migrations, "0001_first.sql"), "CREATE TABLE first (id INTEGER PRIMARY KEY);");
  writeFileSync(join(migrations, "0002_second.sql"), "CREATE TABLE second (id INTEGER PRIMARY KEY);");
  return {
    name: "small",
    database: { name: "small-edgecron" },
    accountId: undefined,
    variables: {},
    variablesFrom: ".env",
    bindings: new Set(["DB"]),
    needsKey: true,
    declarations: { project: "small", crons: [], notes: [] },
    environment: {},
    writeConfig(accountId, databaseId) {
      const config = {
        name: "small",
        account_id: accountId,
        main: "worker.js",
        compatibility_date: "2026-11-01",
        triggers: { crons: ["* * * * *"] },
        d1_databases: [
          {
            binding: "DB",
            database_name: "small-edgecron",
            database_id: databaseId,
            migrations_dir: "migrations",
          },
        ],
      };
      const path = join(dir, "wrangler.deploy.json");
      writeFileSync(path, JSON.stringify(config));
      return path;
    },
    ...changes,
  };
}
