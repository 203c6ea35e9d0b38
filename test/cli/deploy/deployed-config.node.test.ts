/** What the generated configuration of wrangler says of where the Worker is deployed to. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { GeneratedConfig } from "../../../cli/deploy/deployed-config";
import type { Project } from "../../../cli/project";

const outDir = mkdtempSync(join(tmpdir(), "edgecron-config-"));
const project: Project = {
  configPath: join(outDir, "langgraph.json"),
  dir: outDir,
  outDir,
  graphsModule: join(outDir, "graphs.ts"),
  wranglerConfig: join(outDir, "wrangler.json"),
  isServed: false,
};
afterAll(() => {
  rmSync(outDir, { recursive: true });
});

const NONE = "00000000-0000-0000-0000-000000000000";
const ID = "0b1c2d3e-0000-4000-8000-000000000001";
const database = (id: string) => ({ binding: "DB", database_name: "edgecron", database_id: id });

function generated(config: object, env?: string): GeneratedConfig {
  writeFileSync(project.wranglerConfig, JSON.stringify(config));
  return new GeneratedConfig(project, { env });
}

test("what is not given is told from what is", () => {
  const without = generated({ name: "edgecron", d1_databases: [database(NONE)] });
  expect(without).toMatchObject({
    name: undefined,
    database: undefined,
    accountId: undefined,
    isOpen: false,
  });
  const given = generated({
    name: "mine",
    account_id: "a1",
    vars: { AUTH: "open" },
    d1_databases: [database(ID)],
  });
  expect(given).toMatchObject({
    name: "mine",
    accountId: "a1",
    isOpen: true,
    database: { name: "edgecron", id: ID },
  });
});

test("every kind of binding takes its name from secrets", () => {
  const { bindings } = generated({
    vars: { MODEL: "m" },
    ai: { binding: "AI" },
    kv_namespaces: [{ binding: "CACHE", id: "k" }],
    durable_objects: { bindings: [{ name: "CRON", class_name: "CronDO" }] },
    d1_databases: [database(NONE)],
    env: { staging: { vars: { ELSEWHERE: "1" } } },
  });
  expect([...bindings].sort()).toEqual(["AI", "CACHE", "CRON", "DB", "MODEL"]);
});

test("the deployed configuration has the names and ids, and bundles nothing again", () => {
  const config = generated({
    name: "edgecron",
    build: { command: "x" },
    minify: true,
    d1_databases: [database(NONE)],
  });
  const path = config.writeDeployed({ name: "ada", database: { name: "ada-edgecron" } }, "a1", ID);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
    name: "ada",
    account_id: "a1",
    main: "deployed/index.js",
    no_bundle: true,
    base_dir: "deployed",
    vars: {},
    env: {},
    d1_databases: [{ binding: "DB", database_name: "ada-edgecron", database_id: ID }],
  });
});

test("an environment has a name, variables and a database of its own", () => {
  const config = {
    name: "mine",
    account_id: "a1",
    vars: { AUTH: "open" },
    d1_databases: [database(ID)],
    env: {
      staging: { vars: { MODEL: "m" }, minify: true, alias: { a: "b" }, d1_databases: [database(NONE)] },
      live: { name: "other", account_id: "a2" },
    },
  };
  const staging = generated(config, "staging");
  expect(staging).toMatchObject({
    name: "mine-staging",
    accountId: "a1",
    isOpen: false,
    database: undefined,
  });
  expect(staging.bindings).toEqual(new Set(["MODEL", "DB"]));
  const path = staging.writeDeployed(
    { name: "mine-staging", database: { name: "mine-staging-edgecron" } },
    "a1",
    ID,
  );
  const deployed = JSON.parse(readFileSync(path, "utf8")) as { env: Record<string, unknown> };
  expect(deployed).toMatchObject({ name: "mine", no_bundle: true });
  expect(deployed.env).toEqual({
    staging: {
      name: "mine-staging",
      account_id: "a1",
      vars: { MODEL: "m" },
      d1_databases: [{ binding: "DB", database_name: "mine-staging-edgecron", database_id: ID }],
    },
  });
  expect(generated(config, "live")).toMatchObject({ name: "other", accountId: "a2" });
  expect(() => generated(config, "stagin")).toThrow('no environment "stagin"');
});
