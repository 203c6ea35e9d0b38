/** Which graphs are left out when the Worker could not load one of them: that one, and those that import what threw, and would throw as well. */
import type { NotLoaded } from "../build/build-graphs.js";
import type { BuildReport } from "../build/build-report.js";
import type { ThrownGraph } from "./wrangler-dev.js";

/** @returns the graph that threw, and then the others */
export function graphsLeftOut(
  configPath: string,
  { id, message, thrown, modules }: ThrownGraph,
  { graphIds = [], errors = [], importedAtLoad = {}, states = {} }: BuildReport,
): NotLoaded {
  const throws = new Set(modules);
  const isWrong = (other: string): boolean => errors.some((text) => text.includes(`graph "${other}": `));
  const others = graphIds.filter(
    (other) => other !== id && !isWrong(other) && importedAtLoad[other]?.some((file) => throws.has(file)),
  );
  const left: NotLoaded = { [id]: { message: `${message}: ${thrown}`, state: states[id] ?? "" } };
  // The stack is told once.
  const [reason = ""] = thrown.split("\n    at ");
  for (const other of others) {
    const text = `${configPath}: graph "${other}": it imports what threw while graph "${id}" was loaded in the Worker: ${reason}`;
    Object.assign(left, { [other]: { message: text, state: states[other] ?? "" } });
  }
  return left;
}
