/** That `npm run dev` learns which graph only the Worker cannot load, and serves the others. */
import { join } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { readReport, stateOf } from "../../cli/build/build-report";
import {
  explainStart,
  modulesThatThrew,
  whatWasThrown,
  whyNoRemoteBindings,
} from "../../cli/dev/explain-start";
import { graphsLeftOut } from "../../cli/dev/graphs-left-out";
import { LOADING } from "../../cli/build/generated-module";
import { GRAPH, makeProject, type Project } from "../support/graph-project";

const GRAPHS = { good: "./good.ts:graph", bad: "./bad.ts:graph", later: "./good.ts:graph" };
const FILES = {
  "good.ts": GRAPH,
  "bad.ts": `import "./only-in-node";\n${GRAPH}`,
  "only-in-node.ts": `if ("inTheWorker" in globalThis) throw new TypeError("defaults is not a function");`,
};

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  await project.remove();
});

/** Loads the module that was built, as the Worker does. */
async function load(name: string) {
  const outfile = join(project.dir, `out/${name}.mjs`);
  const entryPoints = [join(project.dir, "out/graphs.ts")];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
  vi.stubGlobal("inTheWorker", true);
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const loading = import(outfile) as Promise<{ graphs: Record<string, unknown> }>;
  await loading.catch(() => undefined);
  const logged = log.mock.calls.map(([text]) => JSON.parse(String(text).slice(LOADING.length)) as object);
  return { loading, logged };
}

it("logs each graph before it is loaded, so that the last one logged is the one that threw", async () => {
  await project.build(GRAPHS, FILES, { keepGoing: true });
  const { loading, logged } = await load("throws");
  await expect(loading).rejects.toThrow("defaults is not a function");
  expect(logged).toEqual([
    expect.objectContaining({ id: "good" }),
    {
      id: "bad",
      message: expect.stringMatching(/graph "bad": \.\/bad\.ts threw while it was loaded/) as string,
    },
  ]);
});

it("has the graph stand for its error until one of its files is written", async () => {
  const { filesOf } = await project.buildConfig({ graphs: GRAPHS }, FILES, { keepGoing: true });
  const notLoaded = { bad: { message: 'graph "bad" threw', state: stateOf(filesOf.get("bad") ?? []) } };
  await project.build(GRAPHS, {}, { keepGoing: true, notLoaded });
  const { loading, logged } = await load("without");
  const { graphs } = await loading;
  expect(graphs.good).toHaveProperty("compile");
  expect(graphs.later).toHaveProperty("compile");
  expect(graphs.bad).toThrow('graph "bad" threw');
  expect(logged.at(-1)).toEqual({});

  await project.build(
    GRAPHS,
    { "only-in-node.ts": "export const mended = true;" },
    { keepGoing: true, notLoaded },
  );
  const mended = await load("mended");
  expect((await mended.loading).graphs.bad).toHaveProperty("compile");
});

it("does not log of graphs in what is deployed", async () => {
  await project.build({ good: "./good.ts:graph" }, FILES);
  expect((await load("deployed")).logged).toEqual([]);
});

it.each([
  [
    "an error with its places",
    [
      "⎔ Starting local server...",
      "\u001b[31m✘ \u001b[41;31m[\u001b[41;97mERROR\u001b[41;31m]\u001b[0m service core:user:edgecron: Uncaught TypeError: defaults is not a function\u001b[0m",
      "",
      "    at null.<anonymous> (g/only-node.ts:1:89) in f",
      "    at null.<anonymous> (index.js:508:6005)",
    ],
    "TypeError: defaults is not a function\n    at null.<anonymous> (g/only-node.ts:1:89) in f",
  ],
  ["a text", ["[ERROR] service core:user:edgecron: Uncaught Error: just a text"], "Error: just a text"],
  ["no throw", ["✘ [ERROR] Build failed with 1 error:"], undefined],
  ["nothing", [], undefined],
])("reads from what wrangler prints: %s", (_, lines, thrown) => {
  expect(whatWasThrown(lines, "/project", null)).toBe(thrown);
});

it.each([
  [
    "a package in CommonJS, and what was loading it",
    [
      "[ERROR] service core:user:agents: Uncaught Error: Could not load it",
      "Possible solutions:",
      "",
      "    at Object.pick (node_modules/pick/pick.js:9:9) in pick",
      "    at null.<anonymous> (node_modules/sharp/lib/sharp.js:120:9) in ../../node_modules/sharp/lib/sharp.js",
      "    at null.<anonymous> (node_modules/sharp/lib/index.js:1:2) in ../../node_modules/sharp/lib/index.js",
      "    at null.<anonymous> (src/image.ts:3:1)",
      "    at null.<anonymous> (index.js:508:6005)",
    ],
    ["node_modules/sharp/lib/sharp.js", "node_modules/sharp/lib/index.js"],
  ],
  [
    "the project's own module, and no function that it called",
    [
      "[ERROR] Uncaught Error: No key",
      "    at null.<anonymous> (../../node_modules/tavily/i.js:1:2)",
      "    at new Search (../../node_modules/tavily/i.js:1:2) in Search",
      "    at null.<anonymous> (node-internal:internal_fs_sync:369:21)",
      "    at null.<anonymous> (src/tools.ts:3:1)",
      "",
      "wrangler dev [script]",
    ],
    ["src/tools.ts"],
  ],
  [
    "nothing of a stack that is too deep",
    ["[ERROR] Uncaught Error: x", ...Array<string>(10).fill("    at f (a.ts:1:1)")],
    [],
  ],
])("finds the modules that were executed: %s", (_, lines, modules) => {
  const files = modules.map((file) => join("/project", file));
  expect(modulesThatThrew(lines, "/project", null)).toEqual(files);
});

it("leaves out with a graph those whose imports lead to what threw, and not those that may reach it later", async () => {
  const imports = (how: string): string => `${how}\n${GRAPH}`;
  const { filesOf, importedAtLoad, graphIds } = await project.buildConfig(
    {
      graphs: {
        bad: "./bad.ts:graph",
        same: "./same.ts:graph",
        later: "./later.ts:graph",
        maybe: "./maybe.ts:graph",
        good: "./good.ts:graph",
      },
    },
    {
      ...FILES,
      "same.ts": imports(`import "./bad";`),
      "later.ts": imports(`export const later = () => import("./only-in-node");`),
      "maybe.ts": imports(`export const maybe = () => require("./only-in-node");`),
    },
    { keepGoing: true },
  );
  const states = Object.fromEntries([...filesOf].map(([id, files]) => [id, stateOf(files)]));
  const thrown = {
    id: "bad",
    message: 'graph "bad": ./bad.ts threw',
    thrown: "TypeError: no\n    at null.<anonymous> (only-in-node.ts:1:1)",
    modules: [join(project.dir, "only-in-node.ts")],
  };
  const report = { graphIds, importedAtLoad: Object.fromEntries(importedAtLoad), states };
  expect(graphsLeftOut("langgraph.json", thrown, report)).toEqual({
    bad: { message: `graph "bad": ./bad.ts threw: ${thrown.thrown}`, state: states.bad },
    same: {
      message:
        'langgraph.json: graph "same": it imports what threw while graph "bad" was loaded in the Worker: TypeError: no',
      state: states.same,
    },
  });
});

it.each([
  ["Unknown argument: prot", ["wrangler dev [script]", "👂 Start a local server"]],
  [
    "Address already in use (localhost:8787).",
    ["🪵  Logs were written to /tmp", "fatal error: all goroutines are asleep"],
  ],
])("leaves out what follows why the server could not start: %s", (reason, following) => {
  const lines = [`[wrangler:error] ✘ [ERROR] ${reason}`, "", ...following];
  expect(explainStart({}, lines, "/project")).toBe(`The server could not start: ${reason}`);
});

it.each([
  [
    "nobody is logged in",
    "Failed to start the remote proxy session. Error reloading remote server: In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN. Please go to https://developers.cloudflare.com/",
    "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN",
  ],
  [
    "there is no network",
    "Failed to start the remote proxy session. Error reloading remote server: getaddrinfo ENOTFOUND api.cloudflare.com",
    "getaddrinfo ENOTFOUND api.cloudflare.com",
  ],
  [
    "the token is wrong",
    "This Worker uses bindings that need to run remotely, even when developing locally, but the remote session could not be authenticated.",
    "the remote session could not be authenticated",
  ],
  ["another reason", "Address already in use (localhost:8787).", undefined],
])("learns that bindings at Cloudflare cannot be reached: %s", (_, error, why) => {
  expect(whyNoRemoteBindings(["⎔ Establishing remote connection...", `✘ [ERROR] ${error}`])).toBe(why);
});

it("repeats what the build has noted on a package that throws when the Worker is loaded", () => {
  const note = "the package hash (node_modules/hash/hash.js) loads a native addon by bindings";
  const file = "/project/node_modules/hash/hash.js";
  const filesOf = { '"auth" of langgraph.json': [file], agent: [file] };
  const report = {
    notes: [note, "the package other (x.js) is something else"],
    filesOf,
    graphIds: ["agent"],
  };
  const lines = ["[ERROR] Uncaught Error: No native build was found", `    at ${file}:2:1`];
  expect(explainStart(report, lines, "/project")?.split("\n").slice(2)).toEqual([
    '  It is in the package hash (node_modules/hash/hash.js), which is part of: "auth" of langgraph.json, graph "agent".',
    `  Note: ${note}`,
  ]);
});

it("takes the report of a build that never was for an empty one", () => {
  expect(readReport(project.dir)).toEqual({});
});
