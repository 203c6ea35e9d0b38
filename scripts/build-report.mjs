/** What the build of the graphs tells `npm run dev`, which cannot see into wrangler. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/**
 * @param {string} out the file that the build writes
 * @param {import("./build-report.d.mts").BuildReport} report
 */
export async function writeReport(out, report) {
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(reportFile(dirname(resolve(out))), JSON.stringify(report));
}

/**
 * The report of the last build; empty when there was none.
 * @param {string} dir the folder that the build writes into
 * @returns {import("./build-report.d.mts").BuildReport}
 */
export function readReport(dir) {
  try {
    return JSON.parse(readFileSync(reportFile(dir), "utf8"));
  } catch {
    return {};
  }
}

export function removeReport(dir) {
  rmSync(reportFile(dir), { force: true });
}

/** A text that differs when one of the files was written since, or is another file. */
export function stateOf(files) {
  const hash = createHash("sha256");
  for (const file of files.toSorted()) {
    const { mtimeMs = 0, size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
    hash.update(`${file}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest("base64");
}

const reportFile = (dir) => join(dir, "build.json");
