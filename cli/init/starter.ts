/** Writes the starter of `edgecron init`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isRecord } from "../build/langgraph-keys.js";
import { asLabel } from "../deploy/worker-name.js";
import { packageRoot } from "../package-root.js";
import { dependencyOnThis } from "./own-origin.js";
import { AGENT, ENV, GITIGNORE, LANGGRAPH, README } from "./starter-files.js";

export interface Starter {
  readonly written: readonly string[];
  /** Files that were there already. */
  readonly kept: readonly string[];
}

/** What the graph imports. */
const LIBRARIES = ["@langchain/core", "@langchain/langgraph"];

/** @throws Error when the folder has a project already */
export function writeStarter(dir: string): Starter {
  if (existsSync(join(dir, "langgraph.json"))) {
    throw new Error(`${join(dir, "langgraph.json")} is there already: start it with "edgecron dev"`);
  }
  const files = {
    "langgraph.json": LANGGRAPH,
    "src/agent.ts": AGENT,
    ".env.example": ENV,
    ".env": ENV,
    ".gitignore": GITIGNORE,
    "README.md": README,
  };
  const written: string[] = [];
  const kept: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(dir, name);
    if (existsSync(path)) {
      kept.push(name);
      continue;
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    written.push(name);
  }
  writePackage(join(dir, "package.json"));
  return { written: [...written, "package.json"], kept };
}

/** Adds to a package.json that is there what it does not have. */
function writePackage(path: string): void {
  const own = readPackage(packageRoot);
  const libraries = Object.fromEntries(LIBRARIES.map((name) => [name, own.dependencies?.[name] ?? "latest"]));
  const there: Package = existsSync(path)
    ? readPackage(dirname(path))
    : { name: nameFor(path), private: true };
  const isThere = there.dependencies?.edgecron !== undefined;
  const merged = {
    type: "module",
    ...there,
    scripts: { dev: "edgecron dev", deploy: "edgecron deploy", ...there.scripts },
    dependencies: { ...libraries, ...there.dependencies },
    devDependencies: {
      ...(isThere ? {} : { edgecron: dependencyOnThis(packageRoot, own.version ?? "0", dirname(path)) }),
      ...there.devDependencies,
    },
  };
  writeFileSync(path, `${JSON.stringify(merged, null, 2)}\n`);
}

const nameFor = (path: string): string => asLabel(basename(dirname(path))) || "my-agents";

interface Package {
  name?: string;
  private?: boolean;
  version?: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function readPackage(dir: string): Package {
  const path = join(dir, "package.json");
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isRecord(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw new Error(`${path} is not valid JSON: mend it, and run "edgecron init" again`);
}
