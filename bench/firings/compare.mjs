/** Firings of the floor, of the `agents` package and of EdgeCron, side by side. */
import { printTable, short } from "../table.mjs";
import { FiringMeasure } from "./measure.mjs";

/** Of the spaced ones, so many, a second apart: each is over before the next, and can be counted by itself. */
export const FIRINGS = {
  full: { together: [100, 1_000, 5_000], spaced: 20 },
  quick: { together: [20], spaced: 3 },
};

const HEAD = ["due together", "", "late p50", "late p99", "firings per second"];
const COUNTED = ["one a second", "late p50", "rows in objects", "in D1", "read", "requests", "calls of D1"];

/** Measures all contestants and prints what came of it. */
export async function compareFirings(contestants, { together, spaced }) {
  const measure = new FiringMeasure();
  const rows = [HEAD];
  for (const count of together) {
    for (const contestant of contestants) {
      const { p50, p99, perSecond } = await measure.measure(contestant, { count });
      rows.push([String(count), contestant.name, `${p50} ms`, `${p99} ms`, short(perSecond)]);
      console.error(rows.at(-1).join("  "));
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
