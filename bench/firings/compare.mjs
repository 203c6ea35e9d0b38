/** Firings of the floor, of the `agents` package and of EdgeCron, side by side. */
import { median } from "../measure.mjs";
import { printTable, short } from "../table.mjs";
import { FiringMeasure } from "./measure.mjs";

/**
 * `together`: how many firings are due in one second, and in how many rounds each contestant is measured. A small crowd is over within half a
 * second, so that one collection of garbage changes its figures. Of a large one the first round is mostly the slowest: the server's memory grows.
 * `spaced`: how many firings come one second apart. Each of them is over before the next, and can be counted by itself.
 */
export const FIRINGS = {
  full: {
    together: [
      { count: 100, rounds: 5 },
      { count: 1_000, rounds: 3 },
      { count: 5_000, rounds: 3 },
    ],
    spaced: 20,
  },
  quick: { together: [{ count: 20, rounds: 1 }], spaced: 3 },
};

const HEAD = ["due together", "", "late p50", "late p99", "firings per second"];
const COUNTED = ["one a second", "late p50", "rows in objects", "in D1", "read", "requests", "calls of D1"];

/** Measures all contestants and prints what came of it. */
export async function compareFirings(contestants, { together, spaced }) {
  const measure = new FiringMeasure();
  const rows = [HEAD];
  for (const { count, rounds } of together) {
    const measured = new Map(contestants.map((contestant) => [contestant, []]));
    for (let round = 0; round < rounds; round += 1) {
      // Always in the same order, so that all have been idle for equally long: a server that was measured a moment ago is faster.
      for (const contestant of contestants) {
        const { p50, p99, perSecond } = await measure.measure(contestant, { count });
        measured.get(contestant).push({ p50, p99, perSecond });
        console.error([count, contestant.name, `${p50} ms`, `${p99} ms`, short(perSecond)].join("  "));
      }
    }
    for (const [{ name }, results] of measured) {
      const of = (key) => median(results.map((result) => result[key]));
      rows.push([String(count), name, `${of("p50")} ms`, `${of("p99")} ms`, short(of("perSecond"))]);
    }
  }
  const counted = [[...COUNTED, "active", "USD per million"]];
  for (const contestant of contestants) {
    const { p50, each, dollars } = await measure.measure(contestant, { count: spaced, stepMs: 1_000 });
    const counts = [each.objectRows, each.d1Rows, each.rowsRead, each.requests, each.d1Calls].map(short);
    counted.push([contestant.name, `${p50} ms`, ...counts, `${short(each.activeMs)} ms`, short(dollars)]);
    console.error(counted.at(-1).join("  "));
  }
  console.error("");
  printTable(rows);
  console.log("");
  printTable(counted);
}
