#!/usr/bin/env node
/**
 * `npm run bench`: this server and others side by side: requests beside the open JavaScript reference server, firings beside
 * bare Durable Objects and the `agents` package, the growth of a thread beside LangGraph's MemorySaver, and requests with an `Auth`
 * beside requests without.
 *
 *   npm run bench [-- --quick] [--reference DIR] [--agents DIR] [--against DIR] [--only TEXT]
 *
 *   --reference DIR  a folder with @langchain/langgraph-api 1.5.1 in its node_modules; also BENCH_REFERENCE. Without it
 *                    npm installs it into a temporary folder, which is removed at the end.
 *   --agents DIR     in the same way a folder with `agents` and @langchain/langgraph; also BENCH_AGENTS
 *   --against DIR    measures against another checkout of this project instead.
 *   --only TEXT      only lines whose name contains it (the search needs the threads that the line before it makes), or
 *                    `firings` (`overload` for its last table alone), `growth`, `searches`, or `auth`
 *   --quick          a smoke run: does it work, not how fast
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { memoryDisk } from "../dist/repository/memory-disk.js";
import { AUTH, compareAuth, startWithAuth } from "./auth/compare.mjs";
import { compareFirings, FIRINGS } from "./firings/compare.mjs";
import * as firings from "./firings/contestants.mjs";
import { compareOverload, OVERLOAD } from "./firings/overload.mjs";
import { compareGrowth, GROWTH, startWithAgent } from "./growth.mjs";
import { compareRequests, requestLines, REQUESTS } from "./requests.mjs";
import { measureSearches, SEARCHES } from "./searches/searches.mjs";
import * as servers from "./servers.mjs";

const LIMIT_MS = 100 * 60_000;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    reference: { type: "string", default: process.env.BENCH_REFERENCE },
    agents: { type: "string", default: process.env.BENCH_AGENTS },
    against: { type: "string" },
    only: { type: "string", default: "" },
  },
});
const effort = options.quick ? "quick" : "full";
const memory = memoryDisk();
const folder = mkdtempSync(join(memory ?? tmpdir(), "edgecron-bench-"));
const onDisk = mkdtempSync(join(tmpdir(), "edgecron-bench-"));
process.on("exit", () => {
  servers.killAll();
  for (const made of [folder, onDisk]) rmSync(made, { recursive: true, force: true, maxRetries: 5 });
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

/** Where the `agents` package is, once it is known. */
let agentsFolder;
const running = [];
const stop = () => Promise.allSettled(running.splice(0).map((server) => server.stop()));
try {
  const where = memory === undefined ? "on the disk, which makes figures noisy" : "on a memory disk";
  console.log(`${cpus().length} cores, Node ${process.version}, state ${where}.\n`);
  const lines = requestLines(REQUESTS[effort], options.only);
  if (lines.length > 0) await measureRequests(lines);
  await stop();
  if ("firings".includes(options.only)) await measureFirings();
  await stop();
  if ("firings overload".includes(options.only)) await measureOverload();
  await stop();
  if ("growth".includes(options.only)) await measureGrowth();
  await stop();
  if ("searches".includes(options.only)) await measureSearches(join(folder, "searches"), SEARCHES[effort]);
  if ("auth".includes(options.only)) await measureAuth();
} catch (error) {
  for (const server of running) console.error(`\nlast of ${server.name}:\n${server.output()}`);
  console.error(error);
  process.exitCode = 1;
}
await stop();
process.exit();

async function measureRequests(lines) {
  running.push(await servers.startEdgeCron("EdgeCron", servers.project, join(folder, "ours")));
  running.push(await startOther());
  await compareRequests(lines, running, REQUESTS[effort]);
}

async function measureAuth() {
  running.push(await servers.startEdgeCron("without", servers.project, join(folder, "without-auth")));
  running.push(await startWithAuth(join(folder, "with-auth")));
  await compareAuth(running[0], running[1], AUTH[effort]);
}

async function measureGrowth() {
  const state = join(folder, "growth");
  running.push(await startWithAgent(state));
  await compareGrowth(running[0], state, GROWTH[effort]);
}

async function startOther() {
  if (options.against !== undefined) {
    return servers.startEdgeCron("other checkout", resolve(options.against), join(folder, "other"));
  }
  const installed = options.reference ?? (await servers.installReference(join(folder, "install")));
  return servers.startReference(installed, join(folder, "reference"));
}

async function measureFirings() {
  await compareFirings(await startContestants(folder), FIRINGS[effort]);
}

/** Everything is on the disk, for which the load competes. */
async function measureOverload() {
  await compareOverload(await startContestants(onDisk), OVERLOAD[effort], join(onDisk, "load"));
}

/** @param where the folder of their state */
async function startContestants(where) {
  const contestants = [];
  const add = async (starting) => {
    const contestant = await starting;
    running.push(contestant.server);
    contestants.push(contestant);
  };
  if (options.against === undefined) {
    agentsFolder ??= options.agents ?? (await firings.installAgents(join(folder, "install-agents")));
    await add(firings.startFloor(join(where, "floor")));
    await add(firings.startAgents(agentsFolder, join(where, "agents")));
  } else {
    const other = resolve(options.against);
    await add(firings.startEdgeCron("other checkout", other, join(where, "other-firings")));
  }
  await add(firings.startEdgeCron("EdgeCron", servers.project, join(where, "our-firings")));
  return contestants;
}
