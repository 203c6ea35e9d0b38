/** A project in a folder of its own, for tests of the build. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildGraphs, type BuildGraphsOptions, type BuiltGraphs } from "../../cli/build/build-graphs";

const root = join(import.meta.dirname, "../..");

/** A module with a graph, `graph`. In zod, which spares the build the TypeScript compiler. */
export const GRAPH = `
  import { START, StateGraph } from "@langchain/langgraph";
  import { z } from "zod";
  export const graph = new StateGraph(z.object({ a: z.string() })).addNode("n", () => ({})).addEdge(START, "n");
`;

/** What the build read from the types of a graph. */
export interface Parts {
  input: { properties: Record<string, unknown> };
  state: { properties: Record<string, unknown> };
  output: { properties: Record<string, unknown> };
  config?: unknown;
}

export type Schemas = Record<string, Record<string, Parts>>;
type Files = Record<string, string>;

export class Project {
  /** The path of its langgraph.json. */
  readonly config: string;

  constructor(readonly dir: string) {
    this.config = join(dir, "langgraph.json");
  }

  async write(files: Files): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.dir, name)), { recursive: true });
      await writeFile(join(this.dir, name), text);
    }
  }

  /** Writes langgraph.json and these files, and builds. */
  async buildConfig(
    config: object,
    files: Files = {},
    options: BuildGraphsOptions = {},
  ): Promise<BuiltGraphs> {
    await this.write({ "langgraph.json": JSON.stringify(config), ...files });
    return this.rebuild(options);
  }

  /** Builds what is written. */
  rebuild(options: BuildGraphsOptions = {}): Promise<BuiltGraphs> {
    return buildGraphs({ config: this.config, out: join(this.dir, "out/graphs.ts"), ...options });
  }

  /** Builds these graphs. @returns the schemas in the module that was written */
  async build(graphs: Files, files: Files = {}, options: BuildGraphsOptions = {}): Promise<Schemas> {
    await this.buildConfig({ graphs }, files, options);
    const [, text = ""] = /^export const schemas = (.*);$/m.exec(await this.built()) ?? [];
    return JSON.parse(text) as Schemas;
  }

  /** What the build has written. */
  built(name = "graphs.ts"): Promise<string> {
    return readFile(join(this.dir, "out", name), "utf8");
  }

  remove(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }
}

/** Makes a folder that has this repository's packages. */
export async function makeProject(): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), "edgecron-project-"));
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
  return new Project(dir);
}
