/** The Hono app that `http.app` of langgraph.json names, as the build sees it. */
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { BuiltGraphs } from "../../cli/build/build-graphs";
import { GRAPH, makeProject, type Project } from "../support/graph-project";

let project: Project;

beforeEach(async () => {
  project = await makeProject();
});
afterEach(() => project.remove());

/** Builds a project whose `http.app` is this. @param source the text of app.ts; undefined for no such file */
const build = (app: unknown, source?: string): Promise<BuiltGraphs> =>
  project.buildConfig(
    { graphs: { agent: "./g.ts:graph" }, http: { app } },
    { "g.ts": GRAPH, ...(source !== undefined && { "app.ts": source }) },
  );

const HONO = 'import { Hono } from "hono"; export const app = new Hono()';

it("is imported beside the graphs, and its files are watched", async () => {
  const { notes, filesOf } = await build(
    "./app.ts:app",
    `${HONO}.use((c, next) => next()).get("/hello", (c) => c.text("hi"));`,
  );
  const generated = await project.built();
  expect(generated).toContain('import { app as app } from "../app.ts";');
  expect(generated).toMatch(/export const settings = \{ \.\.\.\{[^]*\}, app \};/);
  expect([...filesOf.values()].flat()).toContain(join(project.dir, "app.ts"));
  expect(notes).toEqual([]);
});

it("may be the default export", async () => {
  await build("./app.ts", 'import { Hono } from "hono"; export default new Hono();');
  expect(await project.built()).toContain('import { default as app } from "../app.ts";');
});

it("with a route that answers everything is noted, because no route of the server would be reached", async () => {
  const { notes } = await build("./app.ts:app", `${HONO}.get("*", (c) => c.text("hi"));`);
  expect(notes).toEqual([
    "http.app: GET /* of ./app.ts answers every GET request before the server's routes can",
  ]);
});

it.each([
  ["./gone.ts:app", undefined, /http\.app: there is no file .*gone\.ts/],
  ["./app.py:app", "", /http\.app: \.\/app\.py is Python/],
  [7, "", /http\.app: expected a text such as/],
  ["./app.ts:api", `${HONO};`, /http\.app: \.\/app\.ts has no export "api"; it exports: app/],
  [
    "./app.ts:app",
    "export const app = (request) => new Response();",
    /the export "app" of \.\/app\.ts is no Hono app/,
  ],
  [
    "./app.ts:app",
    'throw new Error("not today");',
    /http\.app: \.\/app\.ts threw while it was loaded: Error: not today/,
  ],
  ["./app.ts:app", 'import "no-such-package"; export const app = 1;', /http\.app: .*no-such-package/],
])("that cannot be used stops the build: %s %s", async (app, source, message) => {
  await expect(build(app, source)).rejects.toThrow(message);
});
