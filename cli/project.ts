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
  /** Whether it is for a local server. */
  readonly isServed: boolean;
}

/** @param config path of langgraph.json, relative to the current folder */
export function projectAt(config = "langgraph.json"): Project {
  const configPath = resolve(config);
  return generatedIn(join(dirname(configPath), ".edgecron"), configPath, false);
}

/** The same project for a local server. Its files are its own: a build or a deployment meanwhile would change what it watches. */
export const servedProject = ({ outDir, configPath }: Project): Project =>
  generatedIn(join(outDir, "dev"), configPath, true);

function generatedIn(outDir: string, configPath: string, isServed: boolean): Project {
  return {
    configPath,
    dir: dirname(configPath),
    outDir,
    graphsModule: join(outDir, "graphs.ts"),
    wranglerConfig: join(outDir, "wrangler.json"),
    isServed,
  };
}
