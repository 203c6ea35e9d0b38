/** What the build of the graphs tells `edgecron dev`, which cannot see into wrangler. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** What came of a build. */
export interface BuildReport {
  /** Why there are no graphs; then nothing else is there. */
  failure?: string;
  notes?: readonly string[];
  /** What the declared crons mean, a line each; not there while `edgecron dev` builds. */
  crons?: readonly string[];
  readonly graphIds?: readonly string[];
  /** What is wrong with graphs that stand for their errors. */
  errors?: readonly string[];
  /** By graph id, and what else langgraph.json names, the absolute files that it is made of. */
  filesOf?: Record<string, string[]>;
  /** By graph id, those of these files that are surely executed when the graph is loaded. */
  importedAtLoad?: Record<string, string[]>;
  /** By graph id, the state of these files; see {@link stateOf}. */
  states?: Record<string, string>;
}

/**
 * Writes the report beside the module that the build writes.
 * @param out that module
 */
export async function writeReport(out: string, report: BuildReport): Promise<void> {
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(reportFile(dirname(resolve(out))), JSON.stringify(report));
}

/**
 * The report of the last build; empty when there was none.
 * @param dir the folder that the build writes into
 */
export function readReport(dir: string): BuildReport {
  try {
    return JSON.parse(readFileSync(reportFile(dir), "utf8")) as BuildReport;
  } catch {
    return {};
  }
}

export function removeReport(dir: string): void {
  rmSync(reportFile(dir), { force: true });
}

/** A text that differs when one of the files was written since, or is another file. */
export function stateOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of [...files].sort()) {
    const { mtimeMs = 0, size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
    hash.update(`${file}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest("base64");
}

const reportFile = (dir: string): string => join(dir, "build.json");
