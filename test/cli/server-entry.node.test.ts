/** Whether the server is bundled from its source, with the libraries that are installed, or with libraries of its own. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { serverEntry } from "../../cli/build/server-entry";
import { packageRoot } from "../../cli/package-root";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "server-entry-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** @param installed by the folder of a package, its version */
async function entryWith(installed: Record<string, string>): Promise<string> {
  const manifest = { dependencies: { "@langchain/core": "^1.4.0", zod: "^4.6.7" } };
  const files = {
    "node_modules/edgecron": manifest,
    ...Object.fromEntries(Object.entries(installed).map(([folder, version]) => [folder, { version }])),
  };
  for (const [folder, content] of Object.entries(files)) {
    const path = join(dir, folder, "package.json");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(content));
  }
  return serverEntry(join(dir, "node_modules/edgecron"), "src/index.ts");
}

const ZOD = { "node_modules/zod": "4.7.0" };
const OWN_CORE = "node_modules/edgecron/node_modules/@langchain/core";

it("is the source when each library has a version that was asked for, here or above", async () => {
  expect(await entryWith({ ...ZOD, "node_modules/@langchain/core": "0.3.80", [OWN_CORE]: "1.4.2" })).toBe(
    "src/index.ts",
  );
  expect(serverEntry(packageRoot, "src/index.ts")).toBe("src/index.ts");
});

it.each([
  ["the project's version", { ...ZOD, "node_modules/@langchain/core": "0.3.80" }],
  ["an older version", { ...ZOD, [OWN_CORE]: "1.3.9" }],
  ["none", ZOD],
])("has its own libraries when one of them is %s", async (_, installed) => {
  expect(await entryWith(installed)).toBe("dist/server/index.js");
});
