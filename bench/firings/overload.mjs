/** Firings of which five times as many are due in one second as a server can do, beside processes that take its processor and disk. */
import { printTable, short } from "../table.mjs";
import { startLoad } from "./load.mjs";
import { FiringMeasure } from "./measure.mjs";

/** `busy` processes compute without end. What EdgeCron can do on the quiet machine is measured with `probe` firings. */
export const OVERLOAD = {
  full: { busy: 8, probe: 100 },
  quick: { busy: 2, probe: 20 },
};
const TIMES = 5;
/** On a disk it takes long to make a firing ready. */
const READY_MS = 300;

const HEAD = ["overload", "due", "fired", "late p50", "late p99", "per second"];
const FAULTS = ["time-outs", "retries", "begun twice"];

/**
 * Measures all contestants under the same load, and prints what came of it.
 * @param contestants EdgeCron is the last of them
 * @param folder where the load writes
 */
export async function compareOverload(contestants, { busy, probe }, folder) {
  const measure = new FiringMeasure(READY_MS);
  const { perSecond } = await measure.measure(contestants.at(-1), { count: probe });
  const count = Math.ceil(perSecond) * TIMES;
  console.error(`overload: ${count} firings, beside ${busy} busy processes and one that writes`);
  const rows = [[...HEAD, ...FAULTS]];
  for (const contestant of contestants) {
    let endLoad;
    try {
      const { fired, p50, p99, perSecond, faults } = await measure.measure(contestant, {
        count,
        beforeDue: () => (endLoad = startLoad(busy, folder)),
      });
      const { timeouts, retries, begunTwice } = faults;
      const times = [`${p50} ms`, `${p99} ms`, short(perSecond)];
      rows.push([
        contestant.name,
        ...[count, fired].map(String),
        ...times,
        ...[timeouts, retries, begunTwice].map(String),
      ]);
      console.error(rows.at(-1).join("  "));
    } finally {
      endLoad?.();
    }
  }
  console.error("");
  printTable(rows);
}
