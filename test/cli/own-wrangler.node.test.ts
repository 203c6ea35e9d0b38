/** A project's own file for wrangler, merged into the configuration of the server's Worker. */
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { projectAt, servedProject } from "../../cli/project";
import { projectVariables } from "../../cli/build/project-variables";
import { notesOnOwnWrangler, writeWranglerConfig } from "../../cli/wrangler-config";

const root = join(import.meta.dirname, "../..");
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "own-wrangler-"));
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
  await writeFile(join(dir, "langgraph.json"), `{ "graphs": { "agent": "./g.js:graph" } }`);
  await writeFile(join(dir, "g.js"), "export const graph = () => null;");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

interface Merged extends Record<string, unknown> {
  durable_objects: { bindings: { name: string }[] };
  d1_databases: { binding: string; migrations_dir: string }[];
  env: Record<string, Merged>;
}

async function merged(file: string, text: string): Promise<Merged> {
  await writeFile(join(dir, file), text);
  const project = projectAt(join(dir, "langgraph.json"));
  await writeWranglerConfig(project);
  return JSON.parse(await readFile(project.wranglerConfig, "utf8")) as Merged;
}

const notes = (): Promise<readonly string[]> => notesOnOwnWrangler(projectAt(join(dir, "langgraph.json")));

it("adds bindings, variables, routes and limits beside those of the server", async () => {
  const config = await merged(
    "wrangler.toml",
    `name = "my-agents"
account_id = "0123"
compatibility_flags = ["nodejs_compat", "experimental"]
routes = [{ pattern = "agents.example.com", custom_domain = true }]
limits = { cpu_ms = 300000 }
[vars]
MODEL = "m"
[ai]
binding = "AI"
[[kv_namespaces]]
binding = "CACHE"
id = "abc"
[[d1_databases]]
binding = "NOTES"
database_name = "notes"
database_id = "1"
migrations_dir = "./sql"
[[durable_objects.bindings]]
name = "ROOMS"
class_name = "Room"
script_name = "rooms"
`,
  );
  expect(config).toMatchObject({
    name: "my-agents",
    account_id: "0123",
    routes: [{ pattern: "agents.example.com", custom_domain: true }],
    limits: { cpu_ms: 300000 },
    vars: { MODEL: "m" },
    ai: { binding: "AI" },
    kv_namespaces: [{ binding: "CACHE", id: "abc" }],
    triggers: { crons: ["* * * * *"] },
  });
  expect(config["compatibility_flags"]).toEqual(
    expect.arrayContaining(["experimental", "enable_request_signal"]),
  );
  expect(config.durable_objects.bindings.map(({ name }) => name)).toEqual(["CRON", "THREAD", "ROOMS"]);
  expect(config.d1_databases.map(({ binding }) => binding)).toEqual(["DB", "NOTES"]);
  expect(config.d1_databases[1]?.migrations_dir).toBe("../sql");
  expect(await notes()).toEqual([]);
});

it("reads JSON with comments, and gives the server's bindings to each environment", async () => {
  const config = await merged(
    "wrangler.jsonc",
    `{
      // Where it is tried.
      "env": { "staging": { "vars": { "MODEL": "small" }, "kv_namespaces": [{ "binding": "CACHE", "id": "s" }] } },
    }`,
  );
  expect(config.env["staging"]).toMatchObject({ vars: { MODEL: "small" }, kv_namespaces: [{ id: "s" }] });
  expect(config.env["staging"]?.durable_objects.bindings).toHaveLength(2);
  expect(config.env["staging"]?.d1_databases).toHaveLength(1);
  expect(config.env["staging"]?.["define"]).toEqual(config["define"]);
});

it("gives a local server no address of the deployed one, since its requests would seem to be for that host", async () => {
  const own = {
    routes: [{ pattern: "agents.example.com", custom_domain: true }],
    dev: { host: "agents.example.com", local_protocol: "https" },
    limits: { cpu_ms: 300000 },
    env: { staging: { route: "staging.example.com/*", vars: { MODEL: "small" } } },
  };
  expect(await merged("wrangler.json", JSON.stringify(own))).toMatchObject({ routes: own.routes });
  const served = servedProject(projectAt(join(dir, "langgraph.json")));
  await writeWranglerConfig(served);
  const config = JSON.parse(await readFile(served.wranglerConfig, "utf8")) as Merged;
  expect(config).toMatchObject({ limits: { cpu_ms: 300000 }, dev: { local_protocol: "https" } });
  expect(config.env["staging"]).toMatchObject({ vars: { MODEL: "small" } });
  expect(JSON.stringify(config)).not.toContain("example.com");
});

it("notes what belongs to a Worker with code of its own, and leaves it out", async () => {
  const config = await merged(
    "wrangler.json",
    JSON.stringify({
      main: "./worker.ts",
      compatibility_date: "2024-01-01",
      triggers: { crons: ["0 0 * * *"] },
      durable_objects: { bindings: [{ name: "ROOM", class_name: "Room" }] },
      migrations: [{ tag: "v1", new_classes: ["Room"] }],
      queues: { producers: [{ binding: "OUT", queue: "q" }], consumers: [{ queue: "q" }] },
    }),
  );
  expect(config["main"]).toMatch(/src\/index\.ts$/);
  expect(config["compatibility_date"]).not.toBe("2024-01-01");
  expect(config["queues"]).toEqual({ producers: [{ binding: "OUT", queue: "q" }] });
  expect(config.durable_objects.bindings).toHaveLength(2);
  const said = (await notes()).map((note) => /^wrangler\.json: "(.*)" has no effect here: ./.exec(note)?.[1]);
  expect(said.sort()).toEqual([
    "compatibility_date",
    "durable_objects: ROOM",
    "main",
    "migrations",
    "queues.consumers",
    "triggers",
  ]);
});

it.each([
  ["a database", `[[d1_databases]]\nbinding = "DB"\n`, "DB"],
  ["a variable", `[vars]\nCRON = "x"\n`, "CRON"],
  ["a namespace", `[[kv_namespaces]]\nbinding = "THREAD"\nid = "x"\n`, "THREAD"],
])("refuses %s with the name of a binding of the server", async (_what, text, name) => {
  await expect(merged("wrangler.toml", text)).rejects.toThrow(
    new RegExp(`wrangler\\.toml: a binding is named "${name}".*give yours another name`),
  );
});

it.each([
  ["wrangler.toml", "name = ", /wrangler\.toml: not valid TOML/],
  ["wrangler.jsonc", `{\n "name": }`, /wrangler\.jsonc:2: not valid JSON/],
])("says where %s cannot be read", async (file, text, message) => {
  await expect(merged(file, text)).rejects.toThrow(message);
});

it("gives graphs the variables when they are loaded, unless .env has them", async () => {
  await writeFile(join(dir, "wrangler.toml"), `[vars]\nA = "from wrangler"\nB = "from wrangler"\nC = 1\n`);
  await writeFile(join(dir, ".env"), "B=from env\n");
  expect(projectVariables(join(dir, "langgraph.json"), ".env")).toEqual({
    A: "from wrangler",
    B: "from env",
  });
});
