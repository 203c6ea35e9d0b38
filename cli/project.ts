/** The project that a command works on: the folder with langgraph.json. */
import { dirname, join, resolve } from "node:path";

/** Whose folder has langgraph.json, and where generated files go. All paths are absolute. */
export interface Project {
  readonly configPath: string;
  /** The folder of langgraph.json. */
  readonly dir: string;
  /** The folder of all that is generated. */
  readonly outDir: string;
  /** The generated module that imports the graphs. */
  readonly graphsModule: string;
  /** The generated configuration of wrangler. */
  readonly wranglerConfig: string;
}

/** @param config path of langgraph.json, relative to the current folder */
export function projectAt(config = "langgraph.json"): Project {
  const configPath = resolve(config);
  const dir = dirname(configPath);
  const outDir = join(dir, ".edgecron");
  return {
    configPath,
    dir,
    outDir,
    graphsModule: join(outDir, "graphs.ts"),
    wranglerConfig: join(outDir, "wrangler.json"),
  };
}
