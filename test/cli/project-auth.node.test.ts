/** The `Auth` that langgraph.json names: what is built of it, and what its author is told when it is wrong. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BuiltGraphs } from "../../cli/build/build-graphs";
import { readConfig } from "../../cli/build/graphs-config";
import { GRAPH, makeProject, type Project } from "../support/graph-project";

const AUTH = `
  import { Auth } from "@langchain/langgraph-sdk/auth";
  export const auth = new Auth().authenticate(() => "me");
  export const unknowing = new Auth();
  export const other = { authenticate: () => "me" };
  export default auth;
`;

let project: Project;

beforeEach(async () => {
  project = await makeProject();
});
afterEach(() => project.remove());

const FILES = { "g.ts": GRAPH, "auth.ts": AUTH, "throws.ts": 'throw new Error("no directory");' };
const configWith = (auth: unknown): object => ({ graphs: { g: "./g.ts:graph" }, auth });

const build = (auth: unknown, options: { keepGoing?: boolean } = {}): Promise<BuiltGraphs> =>
  project.buildConfig(configWith(auth), FILES, options);

/** Writes the project, and reads its langgraph.json. */
async function read(auth: unknown): ReturnType<typeof readConfig> {
  await project.write({ ...FILES, "langgraph.json": JSON.stringify(configWith(auth)) });
  return readConfig(project.config);
}

describe("an Auth", () => {
  it.each([
    [{ path: "./auth.ts:auth" }, 'import { auth as auth } from "../auth.ts";'],
    [{ path: "./auth.ts", disable_studio_auth: true }, 'import { default as auth } from "../auth.ts";'],
  ])("is imported by the module: %j", async (auth, line) => {
    const { notes, filesOf } = await build(auth);
    const source = await project.built();
    expect(source).toContain(line);
    expect(source).toMatch(/export const settings = \{ \.\.\.\{\}, auth \};/);
    expect(notes).toEqual([]);
    // A change of its files is a reason to build again.
    expect([...filesOf.values()].flat()).toContain(join(project.dir, "auth.ts"));
  });

  it.each([undefined, null, { disable_studio_auth: true }])("is not there with %j", async (auth) => {
    expect(await read(auth)).toMatchObject({ auth: undefined });
  });

  it("is not imported when it is not there", async () => {
    await build(null);
    const source = await project.built();
    expect(source).toContain("export const settings = {};");
  });

  it.each([
    ["./auth.ts:auth", /auth: expected an object such as/],
    [{}, /auth: it names no "path"/],
    [{ pth: "./auth.ts:auth" }, /auth: it names no "path"/],
    [{ path: 7 }, /auth: expected "\.\/path\/to\/file\.ts:export"/],
    [{ path: "./nowhere.ts:auth" }, /auth: there is no file .*nowhere\.ts/],
    [{ path: "./auth.py:auth" }, /auth: \.\/auth\.py is Python/],
    [{ path: "./auth.ts:missing" }, /auth: \.\/auth\.ts has no export "missing"; it exports: .*auth/],
    [{ path: "./auth.ts:other" }, /auth: the export "other" of \.\/auth\.ts is no Auth/],
    [{ path: "./auth.ts:unknowing" }, /auth: the Auth of \.\/auth\.ts has no authenticate/],
    [{ path: "./throws.ts:auth" }, /auth: \.\/throws\.ts threw while it was loaded: Error: no directory/],
  ])(
    "that is wrong stops the build, also of a server that goes on without graphs that are wrong: %j",
    async (auth, message) => {
      await expect(build(auth, { keepGoing: true })).rejects.toThrow(message);
    },
  );

  it("that is wrong stops the build of a deployment", async () => {
    await expect(build({ path: "./throws.ts:auth" })).rejects.toThrow("no directory");
  });

  it("tells what of its section has no effect", async () => {
    const auth = { path: "./auth.ts:auth", openapi: {}, cache: {}, disable_studio: true };
    const { notes } = await read(auth);
    expect(notes).toEqual([
      'langgraph.json: "auth.openapi" has no effect here: /docs and /openapi.json do not show it',
      'langgraph.json: "auth.cache" has no effect here: authenticate is asked at each request',
      expect.stringContaining('"auth.disable_studio" is not a key'),
    ]);
  });
});
