/** `edgecron deploy` and `edgecron destroy` as a user starts them, in a project of its own, against the stand-in for Cloudflare. */
import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CloudflareApi } from "../../support/cloudflare-api";

const TIME_LIMIT_MS = 240_000;
const root = join(import.meta.dirname, "../../..");
const SECRET = "sk-that-is-shown-nowhere";

let api: CloudflareApi;
const dir = mkdtempSync(join(tmpdir(), "edgecron-project-"));
/** The same project once more, so that two commands can build it at once. */
const copy = join(dir, "copy");
const temporary = join(dir, "tmp");
const home = join(dir, "home");
beforeAll(async () => {
  api = await CloudflareApi.start();
  mkdirSync(temporary);
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const files = {
    "package.json": JSON.stringify({ name: "@ada/greeter", type: "module" }),
    "langgraph.json": JSON.stringify({ graphs: { greeter: "./greeter.js:greeter" }, env: ".env" }),
    ".env": `GREETING=${SECRET}\nAUTH=open\n`,
    ".dev.vars": "ONLY_ON_THIS_MACHINE=1\n",
    "greeter.js": `
      import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
      export { initChatModel } from "./langchain/chat_models/universal.js";
      export const greeter = new StateGraph(Annotation.Root({ name: Annotation() }))
        .addNode("greet", () => ({ name: process.env.GREETING }))
        .addEdge(START, "greet").addEdge("greet", END).compile();`,
    // As LangChain has it: so the bundle has a module for each provider beside it.
    "langchain/chat_models/universal.js": "export const initChatModel = (provider) => import(provider);",
  };
  for (const folder of [dir, copy]) {
    mkdirSync(join(folder, "langchain/chat_models"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  }
});
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  await api.stop();
});

interface Ended {
  code: number;
  printed: string;
}

function edgecron(args: string[], environment: Record<string, string> = {}, cwd = dir): Promise<Ended> {
  // The login of who runs the tests does not matter.
  const nobody = { CLOUDFLARE_API_TOKEN: undefined, CLOUDFLARE_ACCOUNT_ID: undefined, XDG_CONFIG_HOME: home };
  // Some twenty processes load wrangler; compiled once, each of them starts sooner.
  const cache = { NODE_COMPILE_CACHE: join(dir, "compiled") };
  const env = { ...process.env, ...nobody, ...cache, TMPDIR: temporary, ...environment };
  return new Promise((resolve) => {
    const program = join(root, "dist/main.js");
    execFile(process.execPath, [program, ...args], { cwd, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), printed: stdout + stderr });
    });
  });
}

/** All that the command and wrangler have left in files, beside the project's own. */
function written(): string {
  return [home, temporary, join(dir, ".edgecron")]
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8")),
    )
    .join("\n");
}

test("from an empty account to a server that answers, and back", { timeout: TIME_LIMIT_MS }, async () => {
  const account = { CLOUDFLARE_API_BASE_URL: api.url, CLOUDFLARE_API_TOKEN: "token-of-ada" };
  const url = api.addressOf("ada-greeter");
  // The Worker is uploaded, with its key, and then its schedule is refused. The key must not be lost.
  const message = "This account has reached the Workers Free limit of 5 cron triggers per account.";
  api.failures = [{ call: /^PUT .*\/schedules$/, failure: { status: 400, code: 10_072, message } }];
  const [dry, unscheduled] = await Promise.all([
    // Without a login, and where nothing answers.
    edgecron(["deploy", "--dry-run"], { CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:9" }, copy),
    edgecron(["deploy", "--yes", "--url", url], account),
  ]);
  expect(dry.code).toBe(0);
  expect(dry.printed).toMatch(/Project: greeter; the bundle has [\d.]+ KiB compressed[^]*Nothing is done/);
  expect(dry.printed).toMatch(
    /Worker "ada-greeter"[^]*GREETING[^]*AUTH: for this machine only[^]*D1 database "ada-greeter-edgecron"/,
  );
  expect(dry.printed).not.toContain("ONLY_ON_THIS_MACHINE");
  expect(dry.printed).not.toContain(SECRET);

  expect(unscheduled.code).toBe(1);
  expect(unscheduled.printed).toMatch(
    /Database: [^]* is created [^]*Migrations: \d+ are applied, up to \d{4}_\w+\.sql\n[^]*with this API key[^]*Worker: [^]*no cron trigger left/,
  );
  const key = api.workers.get("ada-greeter")?.secrets.get("API_KEYS") ?? "none";
  // It is shown once.
  expect(unscheduled.printed.split(key)).toHaveLength(2);
  expect(api.workers.get("ada-greeter")?.schedules).toEqual([]);

  // The repeat goes on from there, and makes nothing a second time.
  api.failures = [];
  const deployed = await edgecron(["deploy", "--yes", "--url", url], account);
  expect(deployed.printed).toMatch(
    /Worker "ada-greeter" is there[^]*GREETING stays as it is[^]*Database: [^]* is there [^]*Migrations: the database has all of them/,
  );
  expect(deployed.printed).toContain(`${url} is up`);
  expect(deployed.printed).not.toMatch(/ek_/);
  expect(deployed.code).toBe(0);
  const worker = api.workers.get("ada-greeter");
  expect(api.databases.size).toBe(1);
  expect(worker?.uploads).toBe(2);
  expect(worker?.secrets).toEqual(
    new Map([
      ["GREETING", SECRET],
      ["API_KEYS", key],
    ]),
  );
  const [[databaseId, database] = []] = [...api.databases];
  expect(worker?.metadata.bindings).toEqual(
    expect.arrayContaining([
      { name: "DB", type: "d1", id: databaseId },
      expect.objectContaining({ name: "CRON", class_name: "CronDO" }),
      expect.objectContaining({ name: "THREAD", class_name: "ThreadDO" }),
    ]),
  );
  expect(worker).toMatchObject({ migrationTag: "v1", schedules: ["* * * * *"] });
  const tables = database?.sqlite.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  expect(tables).toEqual(
    expect.arrayContaining([{ name: "crons" }, { name: "runs" }, { name: "d1_migrations" }]),
  );

  // What was checked is uploaded, and not bundled a second time.
  const bundle = join(dir, ".edgecron/deployed");
  for (const module of ["index.js", "@langchain/openai"])
    expect(worker?.modules.get(module)).toBe(readFileSync(join(bundle, module), "utf8"));

  // The dashboard goes with it, and no path but its own is taken from the Worker.
  expect(api.assets.get("ada-greeter")).toEqual(
    expect.arrayContaining(["/index.html", expect.stringMatching(/^\/dashboard\/assets\/index-\S+\.js$/)]),
  );
  expect(worker?.metadata.assets?.config).toMatchObject({
    not_found_handling: "single-page-application",
    run_worker_first: ["/*", "!/dashboard", "!/dashboard/*"],
    _headers: expect.stringContaining("Content-Security-Policy: default-src 'none'") as string,
  });

  // What is secret is in no file, and is not printed.
  expect(unscheduled.printed + deployed.printed + written()).not.toContain(SECRET);
  expect(written()).not.toContain(key);
  expect(readdirSync(temporary).filter((name) => name.startsWith("edgecron-"))).toEqual([]);

  const [foretold, destroyed] = await Promise.all([
    edgecron(["destroy", "--dry-run"], { CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:9" }, copy),
    edgecron(["destroy", "--yes"], account),
  ]);
  expect(foretold).toMatchObject({
    code: 0,
    printed: expect.stringMatching(
      /Nothing is done[^]*Delete the Worker "ada-greeter"[^]*Delete the D1 database "ada-greeter-edgecron"/,
    ) as string,
  });
  expect(destroyed.code).toBe(0);
  expect(destroyed.printed).toMatch(
    /This will be lost[^]*Worker "ada-greeter"[^]*crons[^]*threads[^]*GREETING, API_KEYS[^]*D1 database "ada-greeter-edgecron"/,
  );
  expect(destroyed.printed).toMatch(
    /Worker: [^]*"ada-greeter" is deleted\n.*Database: "ada-greeter-edgecron" is deleted/,
  );
  expect(api.workers.size + api.databases.size).toBe(0);
});
