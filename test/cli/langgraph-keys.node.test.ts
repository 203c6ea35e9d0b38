/** What of langgraph.json has an effect, and how the rest is named. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BuiltGraphs } from "../../cli/build/build-graphs";
import { readConfig } from "../../cli/build/graphs-config";
import { projectVariables, writeEnvFile } from "../../cli/build/project-variables";
import { GRAPH, makeProject, type Project } from "../support/graph-project";

let project: Project;

beforeEach(async () => {
  project = await makeProject();
});
afterEach(() => project.remove());

const CONFIG = { graphs: { agent: "./g.ts:graph" } };
const build = (config: object, files: Record<string, string> = {}): Promise<BuiltGraphs> =>
  project.buildConfig({ ...CONFIG, ...config }, { "g.ts": GRAPH, ...files });

/** What is noted of a langgraph.json, without a build. */
async function notesOn(config: object): Promise<readonly string[]> {
  await project.write({ "langgraph.json": JSON.stringify({ ...CONFIG, ...config }) });
  return (await readConfig(project.config)).notes;
}

describe("a key", () => {
  it.each([[{ encryption: { path: "./e.ts:e" } }]])(
    "that would protect something stops the build: %j",
    async (config) => {
      const [key = ""] = Object.keys(config);
      await expect(build(config)).rejects.toThrow(
        new RegExp(`langgraph\\.json: "${key}" is not supported, and without it nothing would`),
      );
    },
  );

  it("that does nothing is named, each in a note of its own", async () => {
    const notes = await notesOn({
      http: { logging_headers: {}, middleware_order: "auth_first", cosr: {}, cors: { allow_origin: ["*"] } },
      ui: { card: "./ui.tsx" },
      store: { index: { dims: 1536 } },
      checkpointer: { type: "mongo" },
      grahps: {},
      something_else: 1,
    });
    const expected = [
      /^langgraph\.json: "http\.logging_headers" has no effect here: headers are not logged/,
      /^langgraph\.json: "http\.middleware_order" has no effect here: access is checked before your app/,
      /^langgraph\.json: "http\.cors\.allow_origin" is not a key .*; did you mean "http\.cors\.allow_origins"\?/,
      /^langgraph\.json: "http\.cosr" is not a key of langgraph\.json; did you mean "http\.cors"\?/,
      /^langgraph\.json: "ui" has no effect/,
      /^langgraph\.json: "store\.index" has no effect here: items are found by/,
      /^langgraph\.json: "checkpointer\.type" has no effect/,
      /^langgraph\.json: "grahps" is not a key of langgraph\.json; did you mean "graphs"\?/,
      /^langgraph\.json: "something_else" is not a key of langgraph\.json$/,
    ];
    for (const note of expected) expect(notes).toContainEqual(expect.stringMatching(note));
    expect(notes).toHaveLength(expected.length);
  });

  it("that is of other servers, or is done, is not", async () => {
    const { notes } = await build({
      graphs: { agent: { path: "./g.ts:graph", description: "Greets people." } },
      node_version: "22",
      dependencies: ["."],
      dockerfile_lines: [],
      python_version: "3.12",
      http: {
        cors: { allow_origins: ["https://a.example"] },
        configurable_headers: { includes: [] },
        disable_mcp: true,
        disable_store: true,
        disable_webhooks: true,
        enable_custom_route_auth: false,
        mount_prefix: "/api",
      },
      ui: null,
      auth: null,
      store: { ttl: { default_ttl: 60, sweep_interval_minutes: 5 } },
      checkpointer: { ttl: { default_ttl: 60, sweep_interval_minutes: 5, sweep_limit: 10 } },
    });
    expect(notes).toEqual([]);
    expect(await project.built()).toMatch(/"descriptions": \{\s*"agent": "Greets people\."/);
  });
});

describe("variables", () => {
  const needs = (name: string, value: string): Record<string, string> => ({
    "g.ts": `${GRAPH} if (process.env.${name} !== ${JSON.stringify(value)}) throw new Error("got " + process.env.${name});`,
  });

  it("are there when a graph is loaded, and no longer afterwards", async () => {
    await build({ env: { MINE: "a" } }, needs("MINE", "a"));
    expect(process.env).not.toHaveProperty("MINE");
  });

  it.each([
    ["of an object", { env: { MINE: "a", NUMBER: 1 } }, {}, { MINE: "a", NUMBER: "1" }],
    ["of a file that env names", { env: "config/dev.env" }, { "config/dev.env": "MINE=a" }, { MINE: "a" }],
    ["of a list, with its value", { env: ["MINE=a", "NOT_THERE"] }, {}, { MINE: "a" }],
    ["of .env", {}, { ".env": "MINE=a" }, { MINE: "a" }],
    ["of .dev.vars", {}, { ".dev.vars": "MINE=a" }, { MINE: "a" }],
    ["of .dev.vars over .env", {}, { ".env": "MINE=b", ".dev.vars": "MINE=a" }, { MINE: "a" }],
    ["of .env beside .dev.vars", {}, { ".env": "MINE=a", ".dev.vars": "B=1" }, { MINE: "a", B: "1" }],
  ])("%s are read", async (_where, { env }: { env?: unknown }, files, variables) => {
    await project.write(files);
    expect(projectVariables(project.config, env)).toEqual(variables);
  });

  it("of a file are what LangGraph's own command reads there", async () => {
    const lines = [
      "export A=1 # a comment",
      "B='it is # none'",
      'C="two',
      'lines"',
      'D="{\\"a\\": 1}"',
      'E={"a": 1}',
      "F: colon",
      "G=$A",
      "H=a=b=",
    ];
    await project.write({ ".env": `\uFEFF${lines.join("\r\n")}` });
    expect(projectVariables(project.config, ".env")).toEqual({
      A: "1",
      B: "it is # none",
      C: "two\nlines",
      D: '{\\"a\\": 1}',
      E: '{"a": 1}',
      F: "colon",
      G: "$A",
      H: "a=b=",
    });
  });

  it("of the shell are not, since the server has none of them", async () => {
    process.env.FROM_THE_SHELL = "a";
    try {
      await expect(build({}, needs("FROM_THE_SHELL", "a"))).rejects.toThrow("got undefined");
      expect(process.env.FROM_THE_SHELL).toBe("a");
    } finally {
      delete process.env.FROM_THE_SHELL;
    }
  });

  it("of the shell are, when a list names them", () => {
    vi.stubEnv("FROM_THE_SHELL", "a");
    const variables = projectVariables(project.config, ["FROM_THE_SHELL"]);
    expect(variables).toEqual({ FROM_THE_SHELL: "a" });
    vi.unstubAllEnvs();
  });

  it.each([
    [{ env: "gone.env" }, /env: there is no file/],
    [{ env: 7 }, /env: expected a file, an object, or a list of names/],
    [{ env: ["A", 7] }, /env: expected names such as "OPENAI_API_KEY", got 7/],
    [{ env: { A: {} } }, /env: "A": expected a text/],
    [{ env: { LANGGRAPH_CONFIG: "{" } }, /LANGGRAPH_CONFIG is not valid/],
  ])("that are wrong are told of: %j", async (config, message) => {
    await expect(build(config)).rejects.toThrow(message);
  });

  it("that langgraph.json expects in .env are noted to be missing when there is no such file", async () => {
    expect(await notesOn({ env: ".env" })).toEqual([
      'langgraph.json: "env" names .env, and there is no such file: its variables are missing',
    ]);
  });

  it("reach the server as they are", async () => {
    const variables = {
      A: "1",
      B: "it's",
      C: 'a "b"',
      D: "x y # z",
      E: "two\nlines",
      F: "",
      G: '{\\"a\\": 1}',
    };
    const file = join(project.dir, "dev.env");
    writeEnvFile(file, variables);
    expect(parseEnv(await readFile(file, "utf8"))).toEqual(variables);
  });
});

describe("what a Worker has not", () => {
  it("is named, with the file and the line", async () => {
    const { notes } = await build(
      {},
      {
        "g.ts": `${GRAPH} import "./tools";`,
        "tools.ts": [
          `import { exec } from "node:child_process";`,
          `import { readFileSync } from "fs";`,
          `export const tools = { exec, read: () => readFileSync(new URL("./a.txt", import.meta.url)) };`,
          `export const run = (text: string) => eval(text);`,
        ].join("\n"),
      },
    );
    expect(notes).toEqual([
      './tools.ts imports "node:child_process", whose functions throw: a Worker starts no processes',
      expect.stringMatching(/^\.\/tools\.ts:4 has `eval\(`: a Worker runs no code/),
      expect.stringMatching(
        /^\.\/tools\.ts:3 has `import\.meta\.url`: a Worker has no files beside its code/,
      ),
      expect.stringMatching(/^\.\/tools\.ts:2 has `"fs"`: a Worker has no files of the project/),
    ]);
  });

  it("is named, when a package loads a native addon by another", async () => {
    // Beside node_modules, which is this repository's.
    const hash = "lib/node_modules/hash";
    const { notes } = await build(
      {},
      {
        "g.ts": `${GRAPH} export const hash = async () => import("./lib/use");`,
        "lib/use.ts": `export { default } from "hash";`,
        [`${hash}/package.json`]: `{ "name": "hash", "main": "hash.js" }`,
        [`${hash}/hash.js`]: `module.exports = require("node-gyp-build")(__dirname);`,
        [`${hash}/node_modules/node-gyp-build/package.json`]: `{ "name": "node-gyp-build", "main": "index.js" }`,
        [`${hash}/node_modules/node-gyp-build/index.js`]: `module.exports = () => ({});`,
      },
    );
    expect(notes).toEqual([
      "the package hash (lib/node_modules/hash/hash.js) loads a native addon by node-gyp-build, and a Worker loads none: use a package in JavaScript or WebAssembly in its place",
    ]);
  });

  it("is an error when it cannot be bundled: a native addon", async () => {
    const building = build(
      {},
      { "g.ts": `${GRAPH} import addon from "./addon.node"; export { addon };`, "addon.node": "" },
    );
    await expect(building).rejects.toThrow(/graph "agent": /);
  });
});
