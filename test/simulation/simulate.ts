/** One simulated schedule from its seed to the checker's word. */
import { changeAndForgetReads } from "../../src/d1/recent-reads";
import { checkLimits } from "./check-limits";
import { checkSlots } from "./check-slots";
import { checkAtRest, checkGone, checkRunOut } from "./check-state";
import { checkTiming } from "./check-timing";
import { readLedger, type Ledger } from "./ledger";
import { planOf, type Plan } from "./plan";
import { World } from "./world";

export interface Verdict {
  seed: string;
  /** What is wrong; nothing, when all is well. */
  violations: string[];
  counts: Record<string, number>;
  /** By kind. */
  faults: Record<string, number>;
  plan: Plan;
  trace: string[];
}

export async function simulate(seed: string, migrations: string[], tracing: boolean): Promise<Verdict> {
  // What the world before this one has read from its D1 is not of this one.
  await changeAndForgetReads(() => Promise.resolve());
  const plan = planOf(seed);
  const world = new World(plan, migrations, tracing);
  const violations: string[] = [];
  try {
    await world.run();
    if (world.owner.wasRefused)
      return { seed, violations, counts: {}, faults: faultsOf(world), plan, trace: world.lines };
    violations.push(...checkAtRest(world));
    await world.runOut();
    const figures = world.cron.isDeleted() ? undefined : await world.figures();
    const ledger = readLedger(world);
    violations.push(
      ...checkRunOut(world, figures),
      ...checkSlots(world, ledger),
      ...checkTiming(world, ledger),
      ...checkLimits(world),
      ...(await checkShown(world, ledger)),
    );
    const counts = countsOf(world, ledger);
    await world.remove();
    violations.push(...checkGone(world));
    violations.push(...world.errors.map((error) => `an error that nobody heeds: ${describe(error)}`));
    return { seed, violations, counts, faults: faultsOf(world), plan, trace: world.lines };
  } catch (error) {
    violations.push(`the simulation failed: ${describe(error)}`);
    return { seed, violations, counts: {}, faults: faultsOf(world), plan, trace: world.lines };
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** The ledger that the API shows is the one that is stored. */
async function checkShown(world: World, { present, manual }: Ledger): Promise<string[]> {
  if (world.cron.isDeleted()) return [];
  const shown = (await world.slots()).map(({ scheduled_for: at, status }) => `${Date.parse(at)} ${status}`);
  const stored = [...[...present.values()].flat(), ...manual];
  const expected = stored.map(({ slot, status }) => `${slot} ${status}`);
  return shown.sort().join() === expected.sort().join()
    ? []
    : [`the ledger shows ${shown.length} slots of ${expected.length}, or others than it has`];
}

function countsOf(world: World, { present, removed, manual }: Ledger): Record<string, number> {
  const entries = [...[...present.values()].flat(), ...manual];
  const count = (status: string): number => entries.filter((entry) => entry.status === status).length;
  return {
    slots: entries.length,
    fired: count("fired"),
    skipped: count("skipped"),
    missed: count("missed"),
    pruned: [...removed.values()].flat().filter(({ status }) => status === "fired").length,
    runs: world.threads.made.size,
    alarms: world.host.handled,
    evictions: world.faults.evictions,
    alerts: world.alerts.received,
    actions: world.owner.requests.length,
  };
}

function faultsOf({ faults }: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of faults.happened) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
