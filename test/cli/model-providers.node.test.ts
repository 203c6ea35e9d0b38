/** That the packages of models that a graph names by a text are found in the Worker, before any graph is loaded. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeProject, type Project } from "../support/graph-project";

let project: Project;

beforeEach(async () => {
  project = await makeProject();
});
afterEach(() => project.remove());

const written = (path: string): Promise<string> => project.built(path);

async function buildProject(
  dependencies: Record<string, string>,
  { importsByName = true, more = {} }: { importsByName?: boolean; more?: Record<string, string> } = {},
): Promise<void> {
  const files = {
    "package.json": JSON.stringify({ type: "module", dependencies }),
    ...more,
    // The place and the kind of import of LangChain's own file.
    "langchain/dist/chat_models/universal.js": "export const load = (name) => import(name);",
    "graph.js": `${importsByName ? 'import { load } from "./langchain/dist/chat_models/universal.js";' : "const load = {};"}
      import { StateGraph } from "@langchain/langgraph";
      import { z } from "zod";
      export const graph = new StateGraph(z.object({})).addNode("a", () => ({ load })).addEdge("__start__", "a");`,
  };
  await project.buildConfig({ graphs: { agent: "./graph.js:graph" } }, files);
}

it("offers the packages of a project before its graphs are loaded, since a graph may make its model then", async () => {
  await buildProject({ "@langchain/openai": "*" });
  const imports = (await written("graphs.ts")).split("\n").filter((line) => line.startsWith("import "));
  expect(imports).toEqual([
    'import "./graphs.providers.mjs";',
    expect.stringMatching(/^import \{ graph as g0 \} from ".*graph\.js";$/),
  ]);
  expect(await written("graphs.providers.mjs")).toMatch(
    /"@langchain\/openai": \(\) => import\("\.\..*\/@langchain\/openai\/.*\.js"\)/,
  );
  expect(await written("modules/@langchain/openai")).toContain(
    "export const ChatOpenAI = loaded.ChatOpenAI;",
  );
});

it("offers those that a workspace or a package in the bundle has for itself, in the form for import alone, too", async () => {
  const installed = "langchain/node_modules/@langchain/anthropic";
  await buildProject(
    {},
    {
      more: {
        "langchain/package.json": JSON.stringify({ dependencies: { "@langchain/anthropic": "*" } }),
        [`${installed}/package.json`]: JSON.stringify({ type: "module", exports: { import: "./main.js" } }),
        [`${installed}/main.js`]: "export class ChatAnthropic {}",
      },
    },
  );
  expect(await written("graphs.providers.mjs")).toContain(
    `"@langchain/anthropic": () => import("../${installed}/main.js")`,
  );
  expect(await written("modules/@langchain/anthropic")).toContain("export const ChatAnthropic");
  expect(await written("modules/@langchain/openai")).toContain("npm install @langchain/openai");
});

it("says what to install for a package that the project has not", async () => {
  await buildProject({});
  expect(await written("graphs.ts")).not.toContain("providers");
  expect(await written("modules/@langchain/openai")).toContain("npm install @langchain/openai");
  expect(await written("modules/@langchain/anthropic")).toContain("npm install @langchain/anthropic");
});

it("adds nothing for a project that names no model by a text", async () => {
  await buildProject({ "@langchain/openai": "*" }, { importsByName: false });
  expect(await written("graphs.ts")).not.toContain("providers");
  await expect(written("modules/@langchain/openai")).rejects.toThrow("ENOENT");
});
