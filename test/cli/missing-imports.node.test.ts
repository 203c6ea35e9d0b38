/** What becomes of imports that lead nowhere: of those at load, and of those that only a dynamic import reaches. */
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, expect, it } from "vitest";
import { analyseBundle } from "../../cli/build/bundle-analysis";
import { writeStandIns } from "../../cli/build/missing-imports";
import { GRAPH, makeProject, type Project } from "../support/graph-project";

let project: Project;

beforeEach(async () => {
  project = await makeProject();
});

afterEach(() => project.remove());

const GRAPHS = { agent: "./g.ts:graph" };

it.each([
  ["a package", { "g.ts": `import "not-there";\n${GRAPH}` }, './g.ts:1 imports "not-there", which is not'],
  [
    "a file",
    { "g.ts": `import "./gone";\n${GRAPH}` },
    './g.ts:1 imports "./gone", and there is no such file',
  ],
  [
    "a package, in another file",
    { "g.ts": `import "./tool";\n${GRAPH}`, "tool.ts": `\nimport x from "@scope/gone/x"; export { x };` },
    './tool.ts:2 imports "@scope/gone/x", which is not installed; install it with: npm install @scope/gone',
  ],
  [
    "a path that a package does not have",
    { "g.ts": `import "zod/gone";\n${GRAPH}` },
    './g.ts:1 imports "zod/gone", which the installed version of zod does not have',
  ],
])("a static import of %s stops the build", async (_, files, message) => {
  const building = project.build(GRAPHS, files);
  await expect(building).rejects.toThrow('graph "agent": ./g.ts could not be bundled: ');
  await expect(building).rejects.toThrow(message);
});

it("an import of a package of the workspace that is not built says to build it", async () => {
  await project.write({
    "packages/lib/package.json": JSON.stringify({
      name: "@acme/lib",
      exports: { ".": { types: "./src/index.ts", default: "./dist/index.js" }, "./*": "./dist/*.js" },
    }),
    "packages/lib/src/index.ts": "export const a = 1;",
    "app/node_modules/@acme/.keep": "",
    "app/g.ts": `import { a } from "@acme/lib"; import "@acme/lib/b"; a;\n${GRAPH}`,
  });
  await symlink(join(project.dir, "packages/lib"), join(project.dir, "app/node_modules/@acme/lib"));
  const building = project.build({ agent: "./app/g.ts:graph" });
  const rest = "names ./dist/index.js, and there is no such file. Build @acme/lib first";
  await expect(building).rejects.toThrow(
    `./app/g.ts:1 imports "@acme/lib", and @acme/lib is a package of the workspace that is not built: its package.json ${rest}`,
  );
  await expect(building).rejects.toThrow(
    /imports "@acme\/lib\/b", and @acme\/lib is a package of the workspace/,
  );
});

it("an import() of what is missing stops the build only when the bundler has no stand-in", async () => {
  const files = { "g.ts": `export const late = () => import("not-there");\n${GRAPH}` };
  await expect(project.build(GRAPHS, files)).rejects.toThrow(
    /\.\/g\.ts:1 imports "not-there", which is not installed.*edgecron dev/,
  );
  await project.build(GRAPHS, files, { standIns: ["not-there"] });
});

it("an import() of what is missing rejects when it is reached, and says who imports it and what to do", async () => {
  const file = join(project.dir, "late.ts");
  await project.write({
    "late.ts": `export const direct = () => import("not-there");
      export const indirect = () => import("./lazy");
      export const required = () => require("not-there-either");
      export const guarded = () => { try { return require("guarded"); } catch { return "without"; } };`,
    "lazy.ts": `import def, { named } from "static-but-late"; export const value = [def, named];`,
  });
  const { faults, late } = await analyseBundle(project.dir, [{ id: "a", path: "./late.ts", file }]);
  expect(faults.size).toBe(0);
  const missing = late.get("a") ?? [];
  const alias = Object.fromEntries(writeStandIns(project.dir, join(project.dir, "missing"), missing));
  expect(Object.keys(alias)).toEqual(["not-there", "not-there-either", "static-but-late"]);

  // As wrangler bundles: all in one file.
  const outfile = join(project.dir, "out.mjs");
  const options = { bundle: true, format: "esm", platform: "browser", logLevel: "silent" } as const;
  const { warnings } = await build({ entryPoints: [file], outfile, alias, ...options });
  expect(warnings).toEqual([]);
  expect(await readFile(outfile, "utf8")).toContain("MODULE_NOT_FOUND");
  const bundle = (await import(outfile)) as Record<string, () => unknown>;
  for (const name of ["direct", "direct"]) {
    await expect(bundle[name]?.()).rejects.toMatchObject({
      code: "MODULE_NOT_FOUND",
      message:
        'Cannot find module "not-there": ./late.ts:1 imports "not-there", which is not installed; install it with: npm install not-there',
    });
  }
  await expect(bundle.indirect?.()).rejects.toThrow('./lazy.ts:1 imports "static-but-late"');
  expect(() => bundle.required?.()).toThrow('./late.ts:3 imports "not-there-either"');
  expect(bundle.guarded?.()).toBe("without");
});

it("what a package has in Node only stops no build, and throws when another package calls it", async () => {
  const browser = { "./files.js": false };
  await project.write({
    "lib/node_modules/half/package.json": JSON.stringify({
      name: "half",
      type: "module",
      main: "i.js",
      browser,
    }),
    "lib/node_modules/half/i.js": `export * from "./files.js"; export const there = () => "there"; export default 1;`,
    "lib/node_modules/half/files.js": "export const readFiles = () => 'files'; export const paths = {};",
    "lib/node_modules/user/package.json": JSON.stringify({ name: "user", type: "module", main: "i.js" }),
    "lib/node_modules/user/i.js": `import one, { readFiles, there } from "half"; import { paths } from "half";
      export const use = () => there() + one; export const read = () => [readFiles(), paths()];`,
    "lib/late.ts": `export { use, read } from "user";`,
    "lib/wrong.ts": `import { readFiles } from "half"; export const read = readFiles;`,
  });
  const analyse = (name: string) => {
    const path = `lib/${name}.ts`;
    return analyseBundle(project.dir, [{ id: "a", path, file: join(project.dir, path) }]);
  };
  // In the project's own file it is a mistake.
  const { faults: wrong } = await analyse("wrong");
  expect(wrong.get("a")).toContain('for import "readFiles", in ./lib/wrong.ts:1');
  const { faults, late } = await analyse("late");
  expect([...faults]).toEqual([]);
  const alias = Object.fromEntries(
    writeStandIns(project.dir, join(project.dir, "missing"), late.get("a") ?? []),
  );
  const outfile = join(project.dir, "out.mjs");
  await build({
    entryPoints: [join(project.dir, "lib/late.ts")],
    outfile,
    alias,
    bundle: true,
    format: "esm",
    platform: "browser",
  });
  const { use, read } = (await import(outfile)) as Record<"use" | "read", () => unknown>;
  expect(use()).toBe("there1");
  expect(read).toThrow(
    /the package user \(lib\/node_modules\/user\/i\.js:1\).* imports "readFiles", "paths" from "half", which has that in Node only/,
  );
});
