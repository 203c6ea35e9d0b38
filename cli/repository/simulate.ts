#!/usr/bin/env node
/**
 * Simulates schedules: the server's own cron objects on a simulated platform on which everything goes wrong that may, and a
 * checker that works out by itself what had to happen. See test/simulation.
 *
 *   npm run simulate -- [--schedules 10000] [--seed 1] [--workers 2] [--replay 1:42]
 *
 * Each schedule follows from its seed. One that fails is printed with the command that replays it; a replay prints all that
 * happened. Exit code 1 when something is wrong.
 */
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { build, type Plugin } from "esbuild";
import { packageRoot } from "../package-root.js";

/** How often what was counted. */
type Counts = Record<string, number>;

/** What a worker says of a schedule; see test/simulation/worker.ts. */
interface Verdict {
  seed: string;
  plan: unknown;
  trace: string[];
  counts: Counts;
  faults: Counts;
  violations: string[];
}

/** Longer than this no schedule takes, on whatever machine. */
const LIMIT_MS = 600_000;
const MOST_SHOWN = 10;

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    replay: { type: "string" },
  },
});

/** The modules of the platform and the graphs of the project, which crons do not need. */
const standIns: Plugin = {
  name: "stand-ins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^cloudflare:workers$/ }, () => ({ path: "platform", namespace: "stand-in" }));
    onResolve({ filter: /graphs\/registry$/ }, () => ({ path: "graphs", namespace: "stand-in" }));
    onLoad({ filter: /^platform$/, namespace: "stand-in" }, () => ({
      contents:
        "export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } } export const env = {};",
    }));
    onLoad({ filter: /^graphs$/, namespace: "stand-in" }, () => ({
      contents: 'export const graphIds = ["agent"]; export const settings = {};',
    }));
  },
};

async function bundle(): Promise<string> {
  const outfile = join(packageRoot, ".edgecron/simulation.mjs");
  await mkdir(join(packageRoot, ".edgecron"), { recursive: true });
  await build({
    entryPoints: [join(packageRoot, "test/simulation/worker.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    sourcemap: "inline",
    logLevel: "warning",
    plugins: [standIns],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  return outfile;
}

/** Has the seeds simulated, each by whichever worker is free, and hands on the verdicts. */
async function simulateAll(
  file: string,
  seeds: readonly string[],
  workers: number,
  tracing: boolean,
  onVerdict: (verdict: Verdict) => void,
): Promise<void> {
  let next = 0;
  const work = (): Promise<unknown> =>
    new Promise<unknown>((resolve, reject) => {
      const worker = new Worker(file, {
        workerData: { root: packageRoot },
        execArgv: ["--enable-source-maps", "--disable-warning=ExperimentalWarning"],
      });
      let timer: NodeJS.Timeout | undefined;
      let current = "";
      const give = (): void => {
        clearTimeout(timer);
        const seed = seeds[next++];
        if (seed === undefined) {
          resolve(worker.terminate());
          return;
        }
        timer = setTimeout(() => {
          reject(new Error(`the schedule ${seed} does not come to an end`));
        }, LIMIT_MS);
        worker.postMessage({ seed, tracing });
        current = seed;
      };
      worker.on("message", (verdict: Verdict) => {
        onVerdict(verdict);
        give();
      });
      worker.on("error", (error) => {
        reject(new Error(`the schedule ${current} failed`, { cause: error }));
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(workers, seeds.length) }, work));
}

const add = (totals: Counts, counts: Counts): void => {
  for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count;
};
const table = (counts: Counts): string =>
  Object.entries(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

async function replay(file: string, seed: string): Promise<void> {
  await simulateAll(file, [seed], 1, true, (verdict) => {
    console.log(JSON.stringify(verdict.plan, null, 2));
    for (const line of verdict.trace) console.log(line);
    report(verdict);
    process.exitCode = verdict.violations.length === 0 ? 0 : 1;
  });
}

function report({ seed, violations }: Verdict): void {
  if (violations.length === 0) console.log(`${seed}: all is well`);
  for (const violation of violations.slice(0, MOST_SHOWN)) console.log(`${seed}: ${violation}`);
  if (violations.length > MOST_SHOWN) console.log(`${seed}: and ${violations.length - MOST_SHOWN} more`);
}

async function main(): Promise<void> {
  const file = await bundle();
  if (values.replay !== undefined) return replay(file, values.replay);
  const schedules = Number(values.schedules);
  const seeds = Array.from({ length: schedules }, (_one, index) => `${values.seed}:${index}`);
  const counts: Counts = {};
  const faults: Counts = {};
  const failing: string[] = [];
  const began = performance.now();
  const seconds = (): string => ((performance.now() - began) / 1000).toFixed(1);
  let done = 0;
  await simulateAll(file, seeds, Number(values.workers), false, (verdict) => {
    done += 1;
    add(counts, verdict.counts);
    add(faults, verdict.faults);
    if (verdict.violations.length > 0) {
      failing.push(verdict.seed);
      if (failing.length <= MOST_SHOWN) {
        report(verdict);
        console.log(`  npm run simulate -- --replay ${verdict.seed}`);
      }
    }
    if (done % 1000 === 0 && done < schedules) console.log(`${done} schedules after ${seconds()} s`);
  });
  console.log(`schedules ${schedules}, ${table(counts)}`);
  console.log(`faults: ${table(faults) || "none"}`);
  console.log(`${failing.length} violated, ${seconds()} s`);
  if (failing.length > 0) process.exitCode = 1;
}

await main();
