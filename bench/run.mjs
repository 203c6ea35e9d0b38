#!/usr/bin/env node
/**
 * `npm run bench`: this server and the open JavaScript reference server side by side, and how many times faster one is.
 *
 *   npm run bench [-- --quick] [--reference DIR] [--against DIR] [--only TEXT]
 *
 *   --reference DIR  a folder with @langchain/langgraph-api 1.5.1 in its node_modules; also BENCH_REFERENCE. Without it
 *                    npm installs it into a temporary folder, which is removed at the end.
 *   --against DIR    measures against another checkout of this project instead.
 *   --only TEXT      only lines whose name contains it (the search needs the threads that the line before it makes)
 *   --quick          a smoke run: does it work, not how fast
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { memoryDisk } from "../scripts/memory-disk.mjs";
import { linesOf } from "./lines.mjs";
import { measure, median } from "./measure.mjs";
import * as servers from "./servers.mjs";

const LIMIT_MS = 20 * 60_000;
const FULL = { threads: 10_000, rounds: 3, sliceMs: 2_500, samples: 10 };
const QUICK = { threads: 1_000, rounds: 1, sliceMs: 500, samples: 3 };

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    reference: { type: "string", default: process.env.BENCH_REFERENCE },
    against: { type: "string" },
    only: { type: "string", default: "" },
  },
});
const effort = options.quick ? QUICK : FULL;
const memory = memoryDisk();
const folder = mkdtempSync(join(memory ?? tmpdir(), "edgecron-bench-"));
process.on("exit", () => {
  servers.killAll();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
]) {
  process.on(signal, () => void stop().finally(() => process.exit(code)));
}
setTimeout(() => {
  console.error("the benchmark took too long");
  process.exit(1);
}, LIMIT_MS).unref();

const running = [];
const stop = () => Promise.allSettled(running.splice(0).map((server) => server.stop()));
try {
  await main();
} catch (error) {
  for (const server of running) console.error(`\nlast of ${server.name}:\n${server.output()}`);
  console.error(error);
  process.exitCode = 1;
}
await stop();
process.exit();

async function main() {
  running.push(await servers.startEdgeCron("EdgeCron", servers.project, join(folder, "ours")));
  running.push(await startOther());
  const where = memory === undefined ? "on the disk, which makes figures noisy" : "on a memory disk";
  console.log(`${cpus().length} cores, Node ${process.version}, state ${where}.\n`);
  const other = running[1].name;
  const rows = [["", "EdgeCron", other, "ratio", "of the rounds"]];
  for (const line of linesOf(effort).filter(({ name }) => name.includes(options.only))) {
    const [ours, theirs] = await measure(line, running, effort);
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

async function startOther() {
  if (options.against !== undefined) {
    return servers.startEdgeCron("other checkout", resolve(options.against), join(folder, "other"));
  }
  let installed = options.reference;
  if (installed === undefined) {
    console.log(`Installing @langchain/langgraph-api ${servers.REFERENCE_VERSION} into ${folder} …`);
    installed = await servers.installReference(join(folder, "install"));
  }
  return servers.startReference(installed, join(folder, "reference"));
}

/** As a Markdown table, which can be read as it is too. */
function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const print = (cells, pad) =>
    console.log(
      `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0], pad) : cell.padStart(widths[column], pad))).join(" | ")} |`,
    );
  print(rows[0], " ");
  print(["", "", "", "", ""].map((_, column) => (column === 0 ? "-" : ":").padStart(widths[column], "-")));
  for (const row of rows.slice(1)) print(row, " ");
}

/** Three digits are more than the noise leaves. */
function short(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 10 ? 3 : 2);
}
