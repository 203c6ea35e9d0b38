/** That the packages of models that a graph names by a text are found in the Worker, before any graph is loaded. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { buildGraphs } from "../../cli/build/build-graphs";

vi.setConfig({ testTimeout: 60_000 });

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "model-providers-"));
  await symlink(join(import.meta.dirname, "../../node_modules"), join(dir, "node_modules"));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const written = (path: string): Promise<string> => readFile(join(dir, "out", path), "utf8");

async function buildProject(dependencies: Record<string, string>, importsByName = true): Promise<void> {
  const files = {
    "package.json": JSON.stringify({ type: "module", dependencies }),
    "langgraph.json": JSON.stringify({ graphs: { agent: "./graph.js:graph" } }),
    // The place and the kind of import of LangChain's own file.
    "langchain/dist/chat_models/universal.js": "export const load = (name) => import(name);",
    "graph.js": `${importsByName ? 'import { load } from "./langchain/dist/chat_models/universal.js";' : "const load = {};"}
      import { StateGraph } from "@langchain/langgraph";
      import { z } from "zod";
      export const graph = new StateGraph(z.object({})).addNode("a", () => ({ load })).addEdge("__start__", "a");`,
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  await buildGraphs({ config: join(dir, "langgraph.json"), out: join(dir, "out/graphs.ts") });
}

it("offers the packages of a project before its graphs are loaded, since a graph may make its model then", async () => {
  await buildProject({ "@langchain/openai": "*" });
  const imports = (await written("graphs.ts")).split("\n").filter((line) => line.startsWith("import "));
  expect(imports).toEqual([
    'import "./graphs.providers.mjs";',
    expect.stringMatching(/^import \{ graph as g0 \} from ".*graph\.js";$/),
  ]);
  expect(await written("graphs.providers.mjs")).toContain('import("@langchain/openai")');
  expect(await written("modules/@langchain/openai")).toContain(
    "export const ChatOpenAI = loaded.ChatOpenAI;",
  );
});

it("says what to install for a package that the project has not", async () => {
  await buildProject({});
  expect(await written("graphs.ts")).not.toContain("providers");
  expect(await written("modules/@langchain/openai")).toContain("npm install @langchain/openai");
  expect(await written("modules/@langchain/anthropic")).toContain("npm install @langchain/anthropic");
});

it("adds nothing for a project that names no model by a text", async () => {
  await buildProject({ "@langchain/openai": "*" }, false);
  expect(await written("graphs.ts")).not.toContain("providers");
  await expect(written("modules/@langchain/openai")).rejects.toThrow("ENOENT");
});
