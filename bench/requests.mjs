/** Requests, answered by this server and by another, and how many times faster one is. */
import { linesOf } from "./lines.mjs";
import { measure, median } from "./measure.mjs";
import { printTable, short } from "./table.mjs";

export const REQUESTS = {
  full: { threads: 10_000, rounds: 3, sliceMs: 2_500, samples: 10 },
  quick: { threads: 1_000, rounds: 1, sliceMs: 500, samples: 3 },
};

/** The lines of the benchmark whose name contains `only`. */
export const requestLines = (effort, only) => linesOf(effort).filter(({ name }) => name.includes(only));

/** Measures the lines on both servers and prints what came of it. */
export async function compareRequests(lines, servers, effort) {
  const rows = [["", ...servers.map(({ name }) => name), "ratio", "of the rounds"]];
  for (const line of lines) {
    const [ours, theirs] = await measure(line, servers, effort);
    // Larger is better for EdgeCron, whatever the unit.
    const ratios = ours.map((value, round) =>
      line.unit === "ms" ? theirs[round] / value : value / theirs[round],
    );
    const shown = (values) => `${short(median(values))} ${line.unit === "ms" ? "ms" : "/s"}`;
    const range = `${short(Math.min(...ratios))}–${short(Math.max(...ratios))}`;
    rows.push([line.name, shown(ours), shown(theirs), `${short(median(ratios))} ×`, range]);
    console.error(rows.at(-1).join("  "));
  }
  console.error("");
  printTable(rows);
}
