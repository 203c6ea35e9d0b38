/** A project in a folder of its own, for tests of the build. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildGraphs, type BuildGraphsOptions } from "../../cli/build/build-graphs";

const root = join(import.meta.dirname, "../..");

/** What the build read from the types of a graph. */
export interface Parts {
  input: { properties: Record<string, unknown> };
  state: { properties: Record<string, unknown> };
  output: { properties: Record<string, unknown> };
  config?: unknown;
}

export type Schemas = Record<string, Record<string, Parts>>;

export interface Project {
  readonly dir: string;
  /** Writes these files and langgraph.json, builds, and reads the schemas in the module that was written. */
  readonly build: (
    graphs: Record<string, string>,
    files?: Record<string, string>,
    options?: BuildGraphsOptions,
  ) => Promise<Schemas>;
  readonly write: (files: Record<string, string>) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Makes a folder that has this repository's packages. */
export async function makeProject(): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), "graph-schemas-"));
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
  const write = async (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), text);
    }
  };
  return {
    dir,
    write,
    async build(graphs, files = {}, options = {}) {
      await write({ "langgraph.json": JSON.stringify({ graphs }), ...files });
      await buildGraphs({
        config: join(dir, "langgraph.json"),
        out: join(dir, "out/graphs.ts"),
        ...options,
      });
      const source = await readFile(join(dir, "out/graphs.ts"), "utf8");
      const [, text = ""] = /^export const schemas = (.*);$/m.exec(source) ?? [];
      return JSON.parse(text) as Schemas;
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
