/** What the author of a graph is told when langgraph.json, or a graph it names, is wrong. */
import { execFile } from "node:child_process";
import { readFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GraphConfigError } from "../../cli/build/build-graphs";
import { GRAPH, makeProject, type Project } from "../support/graph-project";

const root = join(import.meta.dirname, "../..");
let project: Project;

beforeEach(async () => {
  project = await makeProject();
});
afterEach(() => project.remove());

type Named<T> = Record<string, T>;

describe("buildGraphs", () => {
  it("accepts every kind of graph, and writes the module only when it is another", async () => {
    const result = await project.buildConfig(
      {
        graphs: {
          compiled: "./g.ts:compiled",
          uncompiled: "./g.ts:graph",
          "default.export": "./g.ts",
          factory: "g.ts:factory",
          promise: { path: "./sub/p.js:graph", description: "A promise" },
          wrapper: "./g.ts:wrapper",
        },
        node_version: "22",
        dependencies: ["."],
        env: ".env",
        store: { ttl: { default_ttl: 60 } },
      },
      {
        "g.ts": `${GRAPH} import { env, DurableObject } from "cloudflare:workers";
          export class Mine extends DurableObject {}
          if (env.FROM_DEV_VARS !== "yes" || process.env.FROM_DOT_ENV !== "too") throw new Error("no variables");
          export const compiled = graph.compile(); export default compiled;
          export const factory = async () => graph; export const wrapper = { graph: compiled };`,
        "sub/p.js": `import { compiled } from "../g.ts"; export const graph = Promise.resolve(compiled);`,
        ".dev.vars": "FROM_DEV_VARS=yes",
        ".env": "FROM_DOT_ENV=too\nFROM_DEV_VARS=no",
      },
    );
    expect(result).toMatchObject({
      graphIds: ["compiled", "uncompiled", "default.export", "factory", "promise", "wrapper"],
      changed: true,
    });
    const source = await project.built();
    expect(source).toContain('import { compiled as g0 } from "../g.ts";');
    expect(source).toContain('import { default as g2 } from "../g.ts";');
    expect(source).toContain('"promise": g4,');
    expect(source).toMatch(/export const settings = {\s*"store": {\s*"ttl": {\s*"default_ttl": 60/);
    expect(process.env).not.toHaveProperty("FROM_DEV_VARS");

    const out = join(project.dir, "out/graphs.ts");
    await utimes(out, 1, 1);
    expect(await project.rebuild()).toMatchObject({ changed: false });
    expect((await stat(out)).mtimeMs).toBe(1000);
  });

  it.each([
    ["no file", undefined, /langgraph\.json: there is no such file/],
    ["no JSON", "{ graphs: ", /langgraph\.json: not valid JSON/],
    ["an array", "[]", /langgraph\.json: expected an object/],
    ["no graphs", "{}", /"graphs" names no graph/],
    ["empty graphs", '{ "graphs": {} }', /"graphs" names no graph/],
    ["a wrong http", '{ "graphs": { "a": "./a.ts" }, "http": [] }', /"http" must be an object/],
    [
      "a wrong value in http",
      '{ "graphs": { "a": "./a.ts" }, "http": { "mount_prefix": 7 } }',
      /langgraph\.json: http: [^]*expected a path such as \/api[^]*mount_prefix/,
    ],
    ["a wrong store", '{ "graphs": { "a": "./a.ts" }, "store": 1 }', /"store" must be an object/],
  ])("tells of %s", async (_, text, message) => {
    if (text !== undefined) await project.write({ "langgraph.json": text });
    const building = project.rebuild();
    await expect(building).rejects.toThrow(message);
    await expect(building).rejects.toBeInstanceOf(GraphConfigError);
  });

  it("tells of every graph that is wrong, and with keepGoing serves the others", async () => {
    const good = "./g.ts:graph";
    const graphs = {
      good,
      throws: "./t.ts",
      "of-Python": { path: "./agent.py:graph" },
      "without-extension": "./agent:graph",
      number: 7,
      described: { path: "./g.ts", description: 1 },
      "a/b": good,
      ["__proto__"]: good,
      absent: "./gone.ts",
    };
    const files = { "g.ts": GRAPH, "t.ts": `throw new TypeError("no luck");` };
    const faults = [
      /graph "throws": .*no luck/,
      /graph "of-Python": \.\/agent\.py is Python/,
      /graph "without-extension": "\.\/agent:graph": expected a file ending in/,
      /graph "number": expected "\.\/path\/to\/file\.ts:export"/,
      /graph "described": "description" must be a text/,
      /graph "a\/b": a graph id is 1 to 64 letters/,
      /graph "__proto__": a graph id is 1 to 64 letters/,
      /graph "absent": there is no file/,
    ];
    const building = project.buildConfig({ graphs }, files);
    for (const fault of faults) await expect(building).rejects.toThrow(fault);

    const result = await project.rebuild({ keepGoing: true });
    expect(result.errors).toEqual(faults.map((fault) => expect.stringMatching(fault) as string));
    const served = Object.keys(graphs).filter((id) => id !== "a/b" && id !== "__proto__");
    expect(result.graphIds).toEqual(served);
    const source = await project.built();
    expect(source).toContain('"good": g0,');
    expect(source).toContain('import { graph as g0 } from "../g.ts";');
    expect(source).toMatch(/"throws": \(\) => \{ throw new Error\(".*no luck/);
    expect(source).toContain('"number": () => { throw new Error(');
    expect(source).not.toContain(`from "../t.ts"`);
    expect(source).not.toContain("__proto__");
  });

  it("needs to write nothing into node_modules", async () => {
    await project.write({
      // In place of the folder that is made otherwise.
      "app/node_modules/.cache": "",
      "app/langgraph.json": JSON.stringify({ graphs: { agent: "./g.ts:graph" } }),
      "app/g.ts": GRAPH,
    });
    const { graphIds } = await project.rebuild({ config: join(project.dir, "app/langgraph.json") });
    expect(graphIds).toEqual(["agent"]);
  });

  it("fails when no graph is left that could be asked for", async () => {
    const building = project.buildConfig({ graphs: { "a/b": "./g.ts" } }, {}, { keepGoing: true });
    await expect(building).rejects.toThrow(/graph "a\/b": a graph id is/);
  });
});

/** Graphs that are wrong, which one build tells of. @returns reads what it says of a graph */
function builtOnce(graphs: Named<unknown>, files: Named<string>): (id: string) => string {
  let errors: readonly string[] = [];
  beforeAll(async () => {
    const own = await makeProject();
    // One that is right, since something has to be served.
    const all = { graphs: { ...graphs, right: "./right.ts:graph" } };
    ({ errors } = await own.buildConfig(all, { ...files, "right.ts": GRAPH }, { keepGoing: true }));
    await own.remove();
  });
  return (id) => errors.find((text) => text.includes(`langgraph.json: graph "${id}": `)) ?? "";
}

describe("a graph that is wrong", () => {
  const classes = {
    own: "class Ajv { compile(schema: object) { return schema; } }",
    throwing: "class Ajv { compile() { throw new Error('expected a schema'); } }",
    template: "class CompiledTemplate {}",
  };
  const noGraph = (name: string, file: string): string =>
    `the export "x" of ./${file}.ts is an object of class ${name}; expected a LangGraph graph`;
  const tooOld = "was made by a LangGraph that is too old to run here: @langchain/langgraph 0.2.0 or later";
  const cases: [id: string, graph: unknown, message: string][] = [
    ["with/slash", "./g.ts:x", "a graph id is 1 to 64 letters"],
    ["eb6db400-e3c8-5d06-a834-015cb89efe69", "./g.ts:x", "is no UUID"],
    ["Python", "./agent.py:graph", "./agent.py is Python"],
    ["module-of-Python", "agent.graphs.agent:graph", "agent.graphs.agent is Python; graphs here run in"],
    ["no-text", 7, 'expected "./path/to/file.ts:export"'],
    ["no-path", { description: "?" }, 'expected "./path/to/file.ts:export"'],
    ["no-extension", "./agent:graph", "expected a file ending in .ts"],
    ["nowhere", "./missing.ts:graph", "there is no file"],
    ["no-export", "./g.ts:agnet", 'no export "agnet"; it exports: graph, nothing, number, rejected'],
    ["no-default", "./g.ts", 'no export "default"'],
    ["null", "./g.ts:nothing", "is null; expected a LangGraph graph"],
    ["number", "./g.ts:number", "is a number; expected a LangGraph graph"],
    ["rejected", "./g.ts:rejected", "rejected: Error: too late"],
    ["loose", "./loose.ts:graph", "it does not compile"],
    ["throws", "./throws.ts:graph", "threw while it was loaded: TypeError: no key"],
    ["syntax", "./syntax.ts:graph", "could not be bundled"],
    ["import", "./import.ts:graph", './import.ts:1 imports "./gone", and there is no such file'],
    ["compile-of-its-own", "./own.ts:x", noGraph("Ajv", "own")],
    ["compile-that-throws", "./throwing.ts:x", noGraph("Ajv", "throwing")],
    ["called-compiled", "./template.ts:x", noGraph("CompiledTemplate", "template")],
    ["too-old", "./old.ts:graph", `"graph" of ./old.ts ${tooOld}`],
    ["builder-too-old", "./old.ts:builder", `"builder" of ./old.ts ${tooOld}`],
  ];
  const made = Object.entries(classes).map(([file, text]) => {
    const [, name = ""] = /class (\w+)/.exec(text) ?? [];
    return [`${file}.ts`, `${text} export const x = new ${name}();`] as const;
  });
  const said = builtOnce(Object.fromEntries(cases.map(([id, graph]) => [id, graph])), {
    ...Object.fromEntries(made),
    "g.ts": `${GRAPH} export const nothing = null, number = 1;
      export const rejected = Promise.reject(new Error("too late")); rejected.catch(() => {});`,
    "loose.ts": `${GRAPH} graph.addNode("unreachable", () => ({}));`,
    "throws.ts": `throw new TypeError("no key"); export const graph = 1;`,
    "syntax.ts": `export const graph = ;`,
    "import.ts": `export * from "./gone";`,
    "old.ts": `class CompiledStateGraph { invoke() {} } export const graph = new CompiledStateGraph();
      class StateGraph { addNode() {} compile() { return {}; } } export const builder = new StateGraph();`,
  });

  it.each(cases)("is told of: %s", (id, _graph, message) => {
    expect(said(id)).toContain(message);
  });
});

describe("a module that throws", () => {
  const missing = [
    'throw new Error("OPENAI_API_KEY is missing")',
    'throw new Error("Missing credentials. Please pass an `apiKey`, or set the `OPENAI_API_KEY` environment variable.")',
    'throw new Error("Anthropic API key not found")',
    'throw new Error("No Tavily API key found")',
    'throw new Error("Please set an API key for Google GenerativeAI in the environment variable GOOGLE_API_KEY")',
    'throw new Error("Invalid environment variables: DATABASE_URL: Required")',
    'throw new Error("Could not load the default credentials.")',
  ];
  const others = [
    'JSON.parse("abc")',
    'process.env["NO_SUCH"]?.x(); (process as unknown as { MY_TOOL: () => void }).MY_TOOL()',
    "MAX_TOKENS",
    'throw new Error("Logger not available in this environment")',
    'throw new Error("no luck")',
    'throw new Error("Unexpected token: the environment is not ready")',
    'throw new Error("snake_case is not set in the state")',
    'throw new Error("The tool CHECK_WEATHER is registered twice")',
  ];
  const all = [...missing, ...others];
  const idOf = (statement: string): string => `graph-${all.indexOf(statement)}`;
  const said = builtOnce(
    Object.fromEntries(all.map((statement) => [idOf(statement), `./${idOf(statement)}.ts`])),
    Object.fromEntries(all.map((statement) => [`${idOf(statement)}.ts`, `${statement};`])),
  );

  it.each(missing)("for want of a variable points to .dev.vars: %s", (statement) => {
    expect(said(idOf(statement))).toMatch(/\n(?:.*\n)*.*\.dev\.vars.*inside a node/);
  });

  it.each(others)("for another reason is told without a word on variables: %s", (statement) => {
    expect(said(idOf(statement))).toMatch(/threw while it was loaded/);
    expect(said(idOf(statement))).not.toMatch(/dev\.vars/);
  });
});

describe("the command", () => {
  function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const script = join(root, "dist/build/graphs-program.js");
    return new Promise((resolve) => {
      execFile(process.execPath, [script, ...args], { cwd: project.dir }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }
  const writeGraphs = (graphs: Named<string>, files: Named<string>): Promise<void> =>
    project.write({ "langgraph.json": JSON.stringify({ graphs }), ...files });

  it("writes .edgecron/graphs.ts, though a graph keeps a timer, and notes what a module began and failed", async () => {
    const left = `setInterval(() => {}, 1000); void Promise.reject(new Error("no database"));`;
    await writeGraphs({ agent: "./g.ts:graph" }, { "g.ts": `${GRAPH} ${left}` });
    const { code, stdout, stderr } = await run();
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Graphs: agent\n" });
    expect(stderr).toMatch(
      /^Note: something that a graph's module began .* has failed: Error: no database\n(?: +at .*\n)*$/,
    );
    expect(await readFile(join(project.dir, ".edgecron/graphs.ts"), "utf8")).toContain('"agent": g0');
  });

  it("ends with one message and code 1 on an error", async () => {
    const { code, stdout, stderr } = await run("--config", "other.json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^.*other\.json: there is no such file; --config names another, and "edgecron init" writes one\n$/,
    );
  });

  it("names the graphs whose modules throw, with the places, end the process, or never have been loaded", async () => {
    const graphs = { a: "./throws.ts", b: "./exits.ts", c: "./leaves.ts", d: "./waits.ts" };
    await writeGraphs(graphs, {
      "throws.ts": `import { fail } from "./lib/fail";\nfail();`,
      "lib/fail.ts": "\n\nexport const fail = () => { throw new Error('no luck'); };",
      "exits.ts": "process.exit(3);",
      "leaves.ts": 'import { exit } from "node:process"; exit(3);',
      "waits.ts": "await new Promise(() => {});",
    });
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /graph "a": .*no luck\n\s+at fail \(.*lib\/fail\.ts:3:.*\n\s+at .*[/]throws\.ts:2:/,
    );
    expect(stderr).not.toMatch(/dev\.vars/);
    expect(stderr).toMatch(/graph "b": \.\/exits\.ts calls process\.exit while it is loaded/);
    expect(stderr).toMatch(/graph "c": \.\/leaves\.ts calls process\.exit/);
    expect(stderr).toMatch(
      /graph "d": \.\/waits\.ts waits while it is loaded for something that never comes/,
    );
  });

  it("names an option that it does not know", async () => {
    expect(await run("--confg", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--confg") as unknown,
    });
  });
});
