/** The name of a project's Worker, from which the name of its database follows. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { StepFailure } from "./steps.js";

/** It is a part of the Worker's address, a label of DNS. */
const LONGEST = 63;
const MARK = "edgecron";
const VALID = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/**
 * @param given by `--name`, or by the project's own wrangler file
 * @param env the environment, which becomes a part of a name that is not given
 * @returns the name; without one that is given, that of package.json or of the folder
 */
export function workerName(given: string | undefined, projectDir: string, env?: string): string {
  if (given !== undefined) {
    if (VALID.test(given) && given.length <= LONGEST) return given;
    throw new StepFailure(
      `"${given}" cannot be the name of a Worker`,
      `Give a name of at most ${LONGEST} lower-case letters, digits and dashes, which neither begins nor ends with a dash.`,
    );
  }
  const name = asLabel(nameInPackage(projectDir)) || asLabel(basename(projectDir)) || MARK;
  const suffix = env === undefined ? "" : `-${asLabel(env)}`;
  return `${name.slice(0, LONGEST - suffix.length)}${suffix}`;
}

/**
 * Whoever looks for the project's database finds it by its name. No other program is likely to have made one with this name, and
 * that the database is there is the sign that the Worker of this name was deployed by EdgeCron.
 */
export const databaseName = (worker: string): string =>
  worker.endsWith(MARK) ? worker : `${worker}-${MARK}`;

/** A text as a label of DNS; letters with accents lose them. Empty when nothing is left. */
export const asLabel = (text: string): string =>
  text
    .normalize("NFD")
    .replaceAll(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/^@/, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replaceAll(/^-+|-+$/g, "");

function nameInPackage(dir: string): string {
  try {
    const { name } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as { name?: unknown };
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}
