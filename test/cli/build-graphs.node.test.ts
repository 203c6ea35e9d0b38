/** What the author of a graph is told when langgraph.json, or a graph it names, is wrong. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { buildGraphs, GraphConfigError } from "../../cli/build/build-graphs";

/** In zod, which spares the build the TypeScript compiler. */
const GRAPH = `
  import { START, StateGraph } from "@langchain/langgraph";
  import { z } from "zod";
  const builder = new StateGraph(z.object({ a: z.string() })).addNode("n", () => ({})).addEdge(START, "n");
`;
// A build takes seconds on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, "../..");
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "build-graphs-"));
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
}

const build = () => buildGraphs({ config: join(dir, "langgraph.json"), out: join(dir, "out/graphs.ts") });

async function buildWith(graphs: Record<string, unknown>, files: Record<string, string> = {}, more = {}) {
  await write({ "langgraph.json": JSON.stringify({ graphs, ...more }), ...files });
  return build();
}

describe("buildGraphs", () => {
  it("accepts every kind of graph, and the other keys of the ecosystem's file", async () => {
    const result = await buildWith(
      {
        compiled: "./g.ts:compiled",
        uncompiled: "./g.ts:builder",
        "default.export": "./g.ts",
        factory: "g.ts:factory",
        promise: { path: "./sub/p.js:graph", description: "A promise" },
        wrapper: "./g.ts:wrapper",
      },
      {
        "g.ts": `${GRAPH} import { env, DurableObject } from "cloudflare:workers";
          export class Mine extends DurableObject {}
          if (env.FROM_DEV_VARS !== "yes" || process.env.FROM_DOT_ENV !== "too") throw new Error("no variables");
          export { builder }; export const compiled = builder.compile(); export default compiled;
          export const factory = async () => builder; export const wrapper = { graph: compiled };`,
        "sub/p.js": `import { compiled } from "../g.ts"; export const graph = Promise.resolve(compiled);`,
        ".dev.vars": "FROM_DEV_VARS=yes",
        ".env": "FROM_DOT_ENV=too\nFROM_DEV_VARS=no",
      },
      { node_version: "22", dependencies: ["."], env: ".env", store: { ttl: { default_ttl: 60 } } },
    );
    expect(result).toMatchObject({
      graphIds: ["compiled", "uncompiled", "default.export", "factory", "promise", "wrapper"],
      changed: true,
    });
    const source = await readFile(join(dir, "out/graphs.ts"), "utf8");
    expect(source).toContain('import { compiled as g0 } from "../g.ts";');
    expect(source).toContain('import { default as g2 } from "../g.ts";');
    expect(source).toContain('"promise": g4,');
    expect(source).toMatch(/export const settings = {\s*"store": {\s*"ttl": {\s*"default_ttl": 60/);
    expect(process.env).not.toHaveProperty("FROM_DEV_VARS");
  });

  it("leaves an unchanged file alone", async () => {
    await buildWith({ agent: "./g.ts:builder" }, { "g.ts": `${GRAPH} export { builder };` });
    const out = join(dir, "out/graphs.ts");
    await utimes(out, 1, 1);
    expect(await build()).toMatchObject({ graphIds: ["agent"], changed: false });
    expect((await stat(out)).mtimeMs).toBe(1000);
  });

  it.each([
    ["no file", undefined, /langgraph\.json: there is no such file/],
    ["no JSON", "{ graphs: ", /langgraph\.json: not valid JSON/],
    ["an array", "[]", /langgraph\.json: expected an object/],
    ["no graphs", "{}", /"graphs" names no graph/],
    ["empty graphs", '{ "graphs": {} }', /"graphs" names no graph/],
    ["a wrong http", '{ "graphs": { "a": "./a.ts" }, "http": [] }', /"http" must be an object/],
    ["a wrong store", '{ "graphs": { "a": "./a.ts" }, "store": 1 }', /"store" must be an object/],
  ])("tells of %s", async (_, text, message) => {
    if (text !== undefined) await write({ "langgraph.json": text });
    const building = build();
    await expect(building).rejects.toThrow(message);
    await expect(building).rejects.toBeInstanceOf(GraphConfigError);
  });

  it.each([
    ["a graph id with a slash", "a/b", "./g.ts:x", "a graph id is 1 to 64 letters"],
    ["a graph id that is a UUID", "eb6db400-e3c8-5d06-a834-015cb89efe69", "./g.ts:x", "is no UUID"],
    ["an unsafe graph id", "__proto__", "./g.ts:x", "a graph id is 1 to 64 letters"],
    ["a Python graph", "a", "./agent.py:graph", "./agent.py is Python"],
    ["a path that is no string", "a", 7, 'expected "./path/to/file.ts:export"'],
    ["an object without a path", "a", { description: "?" }, 'expected "./path/to/file.ts:export"'],
    ["a path without an extension", "a", "./agent:graph", "expected a file ending in .ts"],
    ["a path that leads nowhere", "a", "./missing.ts:graph", "there is no file"],
    [
      "a missing export",
      "a",
      "./g.ts:agnet",
      'no export "agnet"; it exports: builder, nothing, number, rejected',
    ],
    ["a missing default export", "a", "./g.ts", 'no export "default"'],
    ["an export that is null", "a", "./g.ts:nothing", "is null; expected a LangGraph graph"],
    ["an export that is no graph", "a", "./g.ts:number", "is a number; expected a LangGraph graph"],
    ["a rejected promise", "a", "./g.ts:rejected", "rejected: Error: too late"],
    ["a graph that does not compile", "a", "./loose.ts:graph", "it does not compile"],
    ["a module that throws", "a", "./throws.ts:graph", "threw while it was loaded: TypeError: no key"],
    ["a syntax error", "a", "./syntax.ts:graph", "could not be bundled"],
    [
      "an import that leads nowhere",
      "a",
      "./import.ts:graph",
      'could not be bundled: ./import.ts:1 imports "./gone", and there is no such file',
    ],
  ])("tells of %s", async (_, id, target, message) => {
    const graphs = JSON.stringify({ graphs: { [id]: target } });
    await write({
      "langgraph.json": graphs,
      "g.ts": `${GRAPH} export { builder }; export const nothing = null, number = 1;
        export const rejected = Promise.reject(new Error("too late")); rejected.catch(() => {});`,
      "loose.ts": `${GRAPH} builder.addNode("unreachable", () => ({})); export { builder as graph };`,
      "throws.ts": `throw new TypeError("no key"); export const graph = 1;`,
      "syntax.ts": `export const graph = ;`,
      "import.ts": `export * from "./gone";`,
    });
    const building = build();
    await expect(building).rejects.toThrow(message);
    await expect(building).rejects.toThrow(`langgraph.json: graph "${id}": `);
  });

  it("tells of every graph that is wrong, and with keepGoing serves the others", async () => {
    const graphs = { good: "./g.ts:builder", bad: "./t.ts", absent: "./gone.ts" };
    const files = { "g.ts": `${GRAPH} export { builder };`, "t.ts": `throw new TypeError("no luck");` };
    const building = buildWith(graphs, files);
    await expect(building).rejects.toThrow(/graph "bad": .*no luck[^]*graph "absent": there is no file/);
    const result = await buildGraphs({
      config: join(dir, "langgraph.json"),
      out: join(dir, "out/graphs.ts"),
      keepGoing: true,
    });
    expect(result.graphIds).toEqual(["good", "bad", "absent"]);
    expect(result.errors).toEqual([
      expect.stringMatching(/graph "bad": .*no luck/),
      expect.stringMatching(/graph "absent": there is no file/),
    ]);
    const source = await readFile(join(dir, "out/graphs.ts"), "utf8");
    expect(source).toContain('"good": g0,');
    expect(source).toContain('import { builder as g0 } from "../g.ts";');
    expect(source).toMatch(/"bad": \(\) => \{ throw new Error\(".*no luck/);
    expect(source).not.toContain(`from "../t.ts"`);
  });

  it.each([
    ["a Python path", { path: "./agent.py:graph" }, /graph "bad": \.\/agent\.py is Python/, true],
    ["a wrong extension", "./agent:graph", /graph "bad": "\.\/agent:graph": expected a file ending in/, true],
    ["a wrong kind", 7, /graph "bad": expected "\.\/path\/to\/file\.ts:export"/, true],
    [
      "a wrong description",
      { path: "./g.ts", description: 1 },
      /graph "bad": "description" must be a text/,
      true,
    ],
    ["a wrong id", "./g.ts:builder", /graph "__proto__": a graph id is 1 to 64 letters/, false],
  ])("serves the others when an entry has %s", async (_, entry, message, standsForError) => {
    const id = standsForError ? "bad" : "__proto__";
    const good = JSON.stringify("./g.ts:builder");
    await write({
      "langgraph.json": `{ "graphs": { "${id}": ${JSON.stringify(entry)}, "good": ${good}, "absent": "./gone.ts" } }`,
      "g.ts": `${GRAPH} export { builder };`,
    });
    const building = build();
    await expect(building).rejects.toThrow(message);
    await expect(building).rejects.toThrow(/graph "absent": there is no file/);
    const out = join(dir, "out/graphs.ts");
    const result = await buildGraphs({ config: join(dir, "langgraph.json"), out, keepGoing: true });
    expect(result.graphIds).toEqual([...(standsForError ? ["bad"] : []), "good", "absent"]);
    expect(result.errors).toEqual([
      expect.stringMatching(message),
      expect.stringMatching(/graph "absent": there is no file/),
    ]);
    const source = await readFile(out, "utf8");
    expect(source).toContain('"good": g');
    expect(source.includes(`"${id}": () => { throw new Error(`)).toBe(standsForError);
  });

  it("fails when no graph is left that could be asked for", async () => {
    await write({ "langgraph.json": `{ "graphs": { "a/b": "./g.ts" } }` });
    const options = { config: join(dir, "langgraph.json"), out: join(dir, "out/graphs.ts"), keepGoing: true };
    await expect(buildGraphs(options)).rejects.toThrow(/graph "a\/b": a graph id is/);
  });

  it("knows a Python module by its name", async () => {
    const building = buildWith({ a: "agent.graphs.agent:graph" });
    await expect(building).rejects.toThrow(/agent\.graphs\.agent is Python; graphs here run in JavaScript/);
  });

  it("knows a graph of a LangGraph that is too old", async () => {
    const old = `class CompiledStateGraph { invoke() {} } export const graph = new CompiledStateGraph();`;
    await expect(buildWith({ a: "./old.ts:graph" }, { "old.ts": old })).rejects.toThrow(
      /"graph" of \.\/old\.ts was made by a LangGraph that is too old to run here: @langchain\/langgraph [\d.]+ or later is needed/,
    );
  });

  it.each([
    ["has a compile of its own", "class Ajv { compile(schema: object) { return schema; } }"],
    ["has a compile that throws", "class Ajv { compile() { throw new Error('expected a schema'); } }"],
    ["is called Compiled", "class CompiledTemplate {}"],
  ])("does not take for a graph what %s", async (_, text) => {
    const [, name = ""] = /class (\w+)/.exec(text) ?? [];
    await expect(
      buildWith({ a: "./x.ts:x" }, { "x.ts": `${text} export const x = new ${name}();` }),
    ).rejects.toThrow(`the export "x" of ./x.ts is an object of class ${name}; expected a LangGraph graph`);
  });

  it("knows a builder of a LangGraph that is too old", async () => {
    const old = `class StateGraph { addNode() {} compile() { return {}; } } export const graph = new StateGraph();`;
    await expect(buildWith({ a: "./old.ts:graph" }, { "old.ts": old })).rejects.toThrow(
      /too old to run here: @langchain\/langgraph 0\.2\.0 or later is needed/,
    );
  });

  it.each([
    'Error("OPENAI_API_KEY is missing")',
    'Error("Missing credentials. Please pass an `apiKey`, or set the `OPENAI_API_KEY` environment variable.")',
    'Error("Anthropic API key not found")',
    'Error("No Tavily API key found")',
    'Error("Please set an API key for Google GenerativeAI in the environment variable GOOGLE_API_KEY")',
    'Error("Invalid environment variables: DATABASE_URL: Required")',
    'Error("Could not load the default credentials.")',
  ])("points to .dev.vars when a module throws for want of a variable: %s", async (thrown) => {
    const building = buildWith({ a: "./t.ts" }, { "t.ts": `throw new ${thrown};` });
    await expect(building).rejects.toThrow(/\n(?:.*\n)*.*\.dev\.vars.*inside a node/);
  });

  it.each([
    'JSON.parse("abc")',
    'process.env["NO_SUCH"]?.x(); (process as unknown as { MY_TOOL: () => void }).MY_TOOL()',
    "MAX_TOKENS",
    'throw new Error("Logger not available in this environment")',
    'throw new Error("no luck")',
    'throw new Error("Unexpected token: the environment is not ready")',
    'throw new Error("snake_case is not set in the state")',
    'throw new Error("The tool CHECK_WEATHER is registered twice")',
  ])("says nothing of variables when none is missing: %s", async (statement) => {
    const building = buildWith({ a: "./t.ts" }, { "t.ts": `${statement};` });
    await expect(building).rejects.toThrow(/threw while it was loaded/);
    await expect(building).rejects.not.toThrow(/dev\.vars/);
  });
});

describe("the command", () => {
  function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const script = join(root, "dist/build/graphs-program.js");
    return new Promise((resolve) => {
      execFile(process.execPath, [script, ...args], { cwd: dir }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  it("writes .edgecron/graphs.ts from langgraph.json, though a graph keeps a timer", async () => {
    const graph = `${GRAPH} setInterval(() => {}, 1000); export { builder };`;
    await write({ "langgraph.json": `{ "graphs": { "agent": "./g.ts:builder" } }`, "g.ts": graph });
    expect(await run()).toEqual({ code: 0, stdout: "Graphs: agent\n", stderr: "" });
    expect(await readFile(join(dir, ".edgecron/graphs.ts"), "utf8")).toContain('"agent": g0');
  });

  it("ends with one message and code 1 on an error", async () => {
    const { code, stdout, stderr } = await run("--config", "other.json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^.*other\.json: there is no such file; create it with .*\n$/);
  });

  it("says where a module threw, in its own file, and says nothing of variables when none is missing", async () => {
    await write({
      "langgraph.json": `{ "graphs": { "a": "./t.ts" } }`,
      "t.ts": `import { fail } from "./lib/fail";\nfail();`,
      "lib/fail.ts": "\n\nexport const fail = () => { throw new Error('no luck'); };",
    });
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/graph "a": .*no luck\n\s+at fail \(.*lib\/fail\.ts:3:/);
    expect(stderr).toMatch(/at .*[/]t\.ts:2:/);
    expect(stderr).not.toMatch(/dev\.vars/);
  });

  it.each([
    ["ends the process", "process.exit(3);", /calls process\.exit while it is loaded/],
    [
      "ends the process by the module's name for it",
      'import { exit } from "node:process"; exit(3);',
      /calls process\.exit/,
    ],
    [
      "never has been loaded",
      "await new Promise(() => {});",
      /waits while it is loaded for something that never comes/,
    ],
  ])("names a graph whose module %s", async (_, text, message) => {
    await write({ "langgraph.json": `{ "graphs": { "a": "./t.ts" } }`, "t.ts": text });
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/graph "a": \.\/t\.ts /);
    expect(stderr).toMatch(message);
  });

  it("notes what a module began and failed when it was loaded", async () => {
    const text = `${GRAPH} void Promise.reject(new Error("no database")); export { builder };`;
    await write({ "langgraph.json": `{ "graphs": { "agent": "./g.ts:builder" } }`, "g.ts": text });
    const { code, stderr } = await run();
    expect(code).toBe(0);
    expect(stderr).toMatch(/Note: something that a graph's module began .* has failed: Error: no database/);
  });

  it("names an option that it does not know", async () => {
    expect(await run("--confg", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--confg") as unknown,
    });
  });
});
