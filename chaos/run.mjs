#!/usr/bin/env node
/**
 * `npm run chaos`: a local server with many crons, killed again and again, and then a look at whether every slot of every
 * cron has been acted on once.
 *
 *   npm run chaos [-- --crons 200] [--seconds 150] [--seed N] [--outage SECONDS]
 *
 *   --crons    how many crons, drawn by lot
 *   --seconds  for how long the server is killed; what comes before and after takes another minute or two
 *   --seed     repeats the draws of an earlier experiment: the crons, and the moments of the kills
 *   --outage   one of the times between a kill and the next start takes so long
 *
 * Exit code 1 when anything is not as it should be.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { memoryDisk } from "../dist/repository/memory-disk.js";
import { deviations } from "./check.mjs";
import { createCrons, observe, pauseCrons, untilQuiet } from "./observe.mjs";
import { planCrons, randomOf } from "./plan.mjs";
import { ChaosServer } from "./server.mjs";

/** After the last start, for what came due meanwhile. */
const SETTLE_MS = 15_000;
/** What waits longest is a slot that is held back, for a minute, and what is tried again, for two. */
/** A cron of which nothing moves for so long is stuck. */
const STUCK_AFTER_MS = 120_000;
/** The index may be late: what it says is looked at again before it counts as wrong. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 5_000;
const LONGEST_LIFE_MS = 12_000;
const LONGEST_DEATH_MS = 4_000;
/** Of the kills, so many come while the server starts, at some moment of so long. */
const KILLED_AT_START = 0.15;
const START_MS = 5_000;
const SHOWN = 50;

const { values: options } = parseArgs({
  options: {
    crons: { type: "string", default: "200" },
    seconds: { type: "string", default: "150" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    outage: { type: "string", default: "0" },
  },
});
const folder = mkdtempSync(join(memoryDisk() ?? tmpdir(), "edgecron-chaos-"));
const server = new ChaosServer(folder);
process.on("exit", () => {
  server.killNow();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.on(signal, () => process.exit(code));
}

try {
  process.exitCode = await experiment();
} catch (error) {
  console.error(error);
  console.error(`\nThe end of the server's log:\n${server.log.slice(-SHOWN).join("\n")}`);
  process.exitCode = 1;
}
process.exit();

async function experiment() {
  const number = (name) => {
    const value = Number(options[name]);
    if (!(value >= 0)) throw new Error(`--${name}: expected a number, got "${options[name]}"`);
    return value;
  };
  const seed = number("seed");
  const random = randomOf(seed);
  const plans = planCrons(number("crons"), random);
  say(`seed ${seed}, state in ${folder}`);
  await server.prepare();
  await server.start();
  const created = await createCrons(server, plans);
  say(`${created.length} crons made`);
  await killRepeatedly(random, number("seconds") * 1000, number("outage") * 1000);
  await sleep(SETTLE_MS);
  const crons = await pauseCrons(server, created);
  const { waitedMs, stuck } = await untilQuiet(server, crons, STUCK_AFTER_MS);
  say(`all crons paused; nothing moved any more after ${(waitedMs / 1000).toFixed(1)} s`);
  for (const cronId of stuck) say(`the cron ${cronId} is stuck`);
  let observation;
  let wrong;
  for (let look = 1; look <= LOOKS; look += 1) {
    observation = await observe(server, crons);
    wrong = deviations(observation);
    if (wrong.length === 0) break;
    if (look < LOOKS) await sleep(BETWEEN_LOOKS_MS);
  }
  summary(observation);
  for (const text of wrong.slice(0, SHOWN)) console.log(`WRONG  ${text}`);
  const verdict =
    wrong.length === 0 ? "All is as it should be." : `${wrong.length} deviations (seed ${seed}).`;
  console.log(verdict);
  return wrong.length === 0 ? 0 : 1;
}

/** Kills the server at random moments and starts it again, until the time is over. It runs at the end. */
async function killRepeatedly(random, limitMs, outageMs) {
  const end = Date.now() + limitMs;
  const outageAt = Date.now() + limitMs / 3;
  let outage = outageMs;
  while (Date.now() < end) {
    // Short lives are the more frequent ones: much is under way just after a start.
    await sleep(random() ** 2 * LONGEST_LIFE_MS);
    if (server.hasEnded) throw new Error("the server ended by itself");
    await server.kill();
    let pause = random() * LONGEST_DEATH_MS;
    if (outage > 0 && Date.now() > outageAt) {
      pause = outage;
      outage = 0;
    }
    await sleep(pause);
    if (random() < KILLED_AT_START) {
      const started = server.start().catch(() => undefined);
      await sleep(random() * START_MS);
      await server.kill();
      await started;
    }
    await server.start();
    const last = server.kills.at(-1);
    say(`kill ${server.kills.length}, back after ${((Date.now() - last.from) / 1000).toFixed(1)} s`);
  }
}

function summary({ crons, threads, kills }) {
  const counts = (list) =>
    Object.entries(Object.groupBy(list, ({ status }) => status))
      .map(([status, { length }]) => `${length} ${status}`)
      .join(", ");
  const slots = crons.flatMap((cron) => cron.slots);
  const runs = crons.flatMap((cron) => cron.runs);
  const again = runs.filter(({ attempts }) => attempts > 1).length;
  console.log(`\n${kills.length} kills, ${crons.length} crons, ${threads.size} threads left`);
  console.log(`slots: ${slots.length}: ${counts(slots)}`);
  console.log(`runs:  ${runs.length}: ${counts(runs)}; ${again} needed more than one attempt\n`);
}

function say(text) {
  console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
