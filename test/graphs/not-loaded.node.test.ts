/** That a graph which only the Worker cannot load stands for its error, with `npm run dev`. */
import { join } from "node:path";
import { build } from "esbuild";
import { expect, it, vi } from "vitest";
import { makeProject } from "../support/graph-project";

vi.setConfig({ testTimeout: 60_000 });

it("serves the others, logs what it threw, and answers its runs with that", async () => {
  const project = await makeProject();
  const text = `import { z } from "zod";
    import { MessagesAnnotation, StateGraph } from "@langchain/langgraph";
    export const graph = new StateGraph(MessagesAnnotation, z.object({})).addNode("a", () => ({})).addEdge("__start__", "a");`;
  try {
    await project.build(
      { good: "./good.ts:graph", bad: "./bad.ts:graph" },
      {
        "good.ts": text,
        "bad.ts": `import "./only-in-node";\n${text}`,
        "only-in-node.ts": `if ("inTheWorker" in globalThis) throw new TypeError("defaults is not a function");`,
      },
      { keepGoing: true },
    );
    const outfile = join(project.dir, "out/bundle.mjs");
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
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { graphs } = (await import(outfile)) as { graphs: { good: object; bad: () => unknown } };
    expect(graphs.good).toHaveProperty("compile");
    expect(() => graphs.bad()).toThrow(
      /graph "bad": \.\/bad\.ts threw while it was loaded in the Worker: TypeError: defaults is not a function$/,
    );
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('{"id":"bad",'));
  } finally {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    await project.remove();
  }
});
