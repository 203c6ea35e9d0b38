/** What the files of projects look like: every kind is loaded by the check, and bundled, as `langgraph dev` and wrangler would. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildGraphs, type BuiltGraphs } from "../../cli/build/build-graphs";
import { GRAPH, makeProject, type Project } from "../support/graph-project";

const APP = "apps/agent";
/** The packages of a workspace: one of its own, with TypeScript that Node alone cannot load, and one that is installed. */
const WORKSPACE = {
  "packages/lib/package.json": JSON.stringify({ name: "@acme/lib", exports: { ".": "./src/index.ts" } }),
  "packages/lib/src/index.ts": `export { Mood } from "./mood"; export { word } from "acme-words";`,
  "packages/lib/src/mood.ts": `export enum Mood { Good = "good" }`,
  "packages/lib/node_modules/acme-words/package.json": JSON.stringify({ name: "acme-words", main: "i.js" }),
  "packages/lib/node_modules/acme-words/i.js": `exports.word = "word";`,
  [`${APP}/node_modules/acme-old/package.json`]: JSON.stringify({ name: "acme-old", main: "i" }),
  [`${APP}/node_modules/acme-old/i.js`]: `module.exports = { named: "named" };`,
  [`${APP}/node_modules/acme-old/lib/part.js`]: `module.exports = "part";`,
  [`${APP}/node_modules/acme-old/data.json`]: `{ "data": "data" }`,
  [`${APP}/node_modules/acme-new/package.json`]: JSON.stringify({
    name: "acme-new",
    type: "module",
    main: "i.js",
  }),
  [`${APP}/node_modules/acme-new/i.js`]: `export * from "./part"; export { default } from "acme-old/data";`,
  [`${APP}/node_modules/acme-new/part.js`]: `export const inner = "inner";`,
};
/** Packages that read a file of their tests when they take themselves for the program that was started. */
const STARTED = {
  [`${APP}/node_modules/acme-started/package.json`]: JSON.stringify({ name: "acme-started", main: "i.js" }),
  [`${APP}/node_modules/acme-started/i.js`]: `#!/usr/bin/env node
    "use strict";
    if (!module.parent || require.main === module) require("fs").readFileSync("./test/data.txt");
    exports.inner = require("./lib/inner");
    exports.strict = (function () { return this === undefined; })();`,
  [`${APP}/node_modules/acme-started/lib/inner.js`]: `const { parent } = module;
    if (parent === null || parent === undefined || parent.children.includes("x")) throw new Error("started");
    module.exports = typeof parent.filename;`,
};
const expecting = (code: string, expected: string): string =>
  `${GRAPH} const got = String(${code}); if (got !== ${JSON.stringify(expected)}) throw new Error("got " + got);`;
const SHAPES: Record<string, string> = {
  "typescript.ts": GRAPH,
  "module.mts": GRAPH,
  "module.mjs": GRAPH,
  "common.cjs": `
    const { START, StateGraph } = require("@langchain/langgraph");
    const { z } = require("zod");
    exports.graph = new StateGraph(z.object({ a: z.string() })).addNode("n", () => ({})).addEdge(START, "n");`,
  "common.js": `
    const { START, StateGraph } = require("@langchain/langgraph");
    const { z } = require("zod");
    module.exports = { graph: new StateGraph(z.object({ a: z.string() })).addNode("n", () => ({})).addEdge(START, "n") };`,
  "place.cjs": `
    const { START, StateGraph } = require("@langchain/langgraph");
    const { z } = require("zod");
    const file = require("path").join(__dirname, "prompt.txt");
    if (file !== "/bundle/prompt.txt" || __filename !== "/bundle/index.js") throw new Error(file);
    exports.graph = new StateGraph(z.object({ a: z.string() })).addNode("n", () => ({})).addEdge(START, "n");`,
  "place.ts": `import { dirname } from "node:path"; import { fileURLToPath } from "node:url"; ${GRAPH}
    const __dirname = dirname(fileURLToPath(import.meta.url)); if (__dirname === "/bundle") throw new Error("no");`,
  "element.tsx": `${GRAPH} export const Card = ({ text }: { text: string }) => <p title={text}>{text}</p>;`,
  "workspace.ts": `import { Mood, word } from "@acme/lib"; ${expecting("Mood.Good + word", "goodword")}`,
  "paths.ts": `import { deep } from "@/deep"; ${expecting("deep", "deep")}`,
  "texts.ts": `import a from "./a.txt"; import b from "./b.md"; import c from "./c.json";
    import d from "./d.html"; import e from "./e.sql"; ${expecting("a + b + c.c + d + e", "abcde")}`,
  "old-package.ts": `import { named } from "acme-old"; import part from "acme-old/lib/part";
    import data from "acme-old/data.json"; ${expecting("named + part + data.data", "namedpartdata")}`,
  "started-package.ts": `import started, { inner } from "acme-started";
    ${expecting("inner + started.strict", "stringtrue")}`,
  "started.cjs": `if (!module["parent"]) throw new Error("started");
    const { START, StateGraph } = require("@langchain/langgraph");
    const { z } = require("zod");
    exports.graph = new StateGraph(z.object({ a: z.string() })).addNode("n", () => ({})).addEdge(START, "n");`,
  "new-package.ts": `import data, { inner } from "acme-new"; ${expecting("inner + data.data", "innerdata")}`,
};
const FILES = {
  ...WORKSPACE,
  ...STARTED,
  [`${APP}/package.json`]: JSON.stringify({ name: "agent" }),
  "tsconfig.base.json": JSON.stringify({
    compilerOptions: { jsx: "preserve", paths: { "@/*": ["./apps/agent/lib/*"] } },
  }),
  [`${APP}/tsconfig.json`]: JSON.stringify({ extends: "../../tsconfig.base.json" }),
  [`${APP}/lib/deep.ts`]: `export const deep = "deep";`,
  ...Object.fromEntries(
    ["a.txt", "b.md", "d.html", "e.sql"].map((name) => [`${APP}/${name}`, name.charAt(0)]),
  ),
  [`${APP}/c.json`]: `{ "c": "c" }`,
  ...Object.fromEntries(Object.entries(SHAPES).map(([name, text]) => [`${APP}/${name}`, text])),
};

let project: Project;
let built: BuiltGraphs;

beforeAll(async () => {
  project = await makeProject();
  const graphs = Object.fromEntries(Object.keys(SHAPES).map((name) => [name, `./${name}:graph`]));
  await project.write({
    ...FILES,
    [`${APP}/langgraph.json`]: JSON.stringify({ graphs }),
    [`${APP}/node_modules/@acme/.keep`]: "",
  });
  await symlink(join(project.dir, "packages/lib"), join(project.dir, APP, "node_modules/@acme/lib"));
  const app = join(project.dir, APP);
  built = await buildGraphs({
    config: join(app, "langgraph.json"),
    out: join(app, "out/graphs.ts"),
    keepGoing: true,
  });
});
afterAll(() => project.remove());

it.each(Object.keys(SHAPES))("are served: %s", (name) => {
  expect(built.errors.filter((text) => text.includes(`graph "${name}"`))).toEqual([]);
});

it("that belong to another package of the workspace are watched", () => {
  expect(built.filesOf.get("workspace.ts")).toContain(join(project.dir, "packages/lib/src/mood.ts"));
});
