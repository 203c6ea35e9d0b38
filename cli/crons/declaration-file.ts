/** Reads the crons that a project declares: `crons` in langgraph.json, an object or the path of a file with one. */
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { JsonObject } from "../../src/platform/json";
import { DeclarationError, declarationsOf, type Declaration } from "./declarations.js";

export interface Declarations {
  /** The name under which a server knows the crons of this project. */
  project: string;
  crons: Declaration[];
  /** What the author of the file may want to know. */
  notes: string[];
}

export interface ReadDeclarations extends Declarations {
  /** The file with the crons, if that is not langgraph.json. */
  ownFile: string | null;
}

/**
 * The crons that langgraph.json declares; none when it has no `crons`.
 * @param configPath the absolute path of langgraph.json
 * @param graphIds as {@link declarationsOf} takes them
 * @throws DeclarationError
 */
export function readDeclarations(configPath: string, graphIds: readonly string[] | null): ReadDeclarations {
  const config = parse(configPath);
  const crons = isRecord(config) ? config.crons : undefined;
  const { project, notes } = projectOf(dirname(configPath));
  if (crons === undefined || crons === null) return { project, crons: [], notes: [], ownFile: null };
  const file = typeof crons === "string" ? resolve(dirname(configPath), crons) : configPath;
  const declared = typeof crons === "string" ? parse(file) : crons;
  const where = { file, path: typeof crons === "string" ? [] : ["crons"] };
  const read = declarationsOf(project, declared, where, graphIds);
  const ownFile = file === configPath ? null : file;
  return { project, crons: read, notes: read.length === 0 ? [] : notes, ownFile };
}

/**
 * The project's name: that in its package.json, which stays the same wherever the project lies. Without one it is that of the
 * folder.
 */
function projectOf(folder: string): { project: string; notes: string[] } {
  const file = join(folder, "package.json");
  let name: unknown;
  try {
    name = (JSON.parse(readFileSync(file, "utf8")) as { name?: unknown }).name;
  } catch {
    name = undefined;
  }
  if (typeof name === "string" && name !== "") return { project: name, notes: [] };
  const project = basename(folder);
  const note =
    `the declared crons belong to the project "${project}", after its folder. Give package.json a "name": in a folder of ` +
    "another name they would be made a second time";
  return { project, notes: [note] };
}

function parse(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new DeclarationError(`${file}: there is no such file`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DeclarationError(
      `${file}: not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const isRecord = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
