/** Every target slot has exactly one fate, nothing else has one, and what fired has exactly one run. */
import { firedEntries, type Entry, type Ledger } from "./ledger";
import { targetsOf } from "./targets";
import type { World } from "./world";

const iso = (at: number): string => new Date(at).toISOString();

export function checkSlots(world: World, ledger: Ledger): string[] {
  return [...checkTargets(world, ledger), ...checkRuns(world, ledger), ...checkManual(world, ledger)];
}

function checkTargets(world: World, { present, removed, prunedBefore }: Ledger): string[] {
  const { required, allowed } = targetsOf(world);
  const wrong: string[] = [];
  for (const slot of required) {
    if (present.has(slot)) continue;
    if (slot < prunedBefore && removed.has(slot)) continue;
    wrong.push(`lost: the slot ${iso(slot)} is not in the ledger`);
  }
  for (const [slot, entries] of present) {
    const before = (removed.get(slot) ?? []).filter(({ status }) => status === "fired");
    if (entries.length + before.length > 1) {
      wrong.push(`double: the slot ${iso(slot)} is in the ledger ${entries.length + before.length} times`);
    }
    if (!allowed.has(slot)) wrong.push(`extra: ${iso(slot)} is no slot, and is ${describe(entries[0])}`);
  }
  for (const [slot, entries] of removed) {
    const fired = entries.filter(({ status }) => status === "fired");
    if (fired.length > 1) wrong.push(`double: the slot ${iso(slot)} fired ${fired.length} times`);
    if (fired.length > 0 && !allowed.has(slot)) wrong.push(`extra: ${iso(slot)} is no slot, and fired`);
  }
  return wrong;
}

const describe = (entry: Entry | undefined): string =>
  `${entry?.status} (${entry?.origin}): ${entry?.reason}`;

function checkRuns(world: World, ledger: Ledger): string[] {
  const { threads, plan } = world;
  const wrong: string[] = [];
  const fired = new Map(firedEntries(ledger).map((entry) => [entry.runId, entry]));
  // Of a cron that was deleted meanwhile.
  const pending = [...[...ledger.present.values()].flat(), ...ledger.manual].some(
    ({ status }) => status === "pending",
  );
  for (const [runId, made] of threads.made) {
    const name = `the run ${runId} of ${String(made.run.metadata.scheduled_for)}`;
    if (made.times !== 1) wrong.push(`double: ${name} was made ${made.times} times`);
    const entry = fired.get(runId);
    if (made.report?.status === "rolled_back") {
      if (made.reportedAt !== null && entry !== undefined && !world.cron.isDeleted())
        wrong.push(`mistaken: ${name} is fired, and was rolled back`);
      continue;
    }
    if (entry === undefined && !pending) wrong.push(`unknown: ${name} has no fired row in the ledger`);
    if (entry !== undefined && made.run.metadata.scheduled_for !== iso(entry.slot)) {
      wrong.push(`mistaken: ${name} is in the ledger at ${iso(entry.slot)}`);
    }
    if (made.run.metadata.cron_id !== plan.definition.cronId)
      wrong.push(`mistaken: ${name} is of another cron`);
  }
  for (const { runId, slot } of fired.values()) {
    if (runId === null || !threads.made.has(runId)) wrong.push(`no run: ${iso(slot)} is fired, and has none`);
  }
  return wrong;
}

/** Runs by hand: as many as were asked for; more only of what was asked for again without an answer. */
function checkManual({ owner: { requests } }: World, { manual, removedManual }: Ledger): string[] {
  const asked = requests.filter(({ action }) => action.kind === "runNow");
  const answered = asked.filter(({ answered: by }) => by !== undefined && "value" in by).length;
  const attempts = asked.reduce((total, request) => total + request.attempts, 0);
  const rows = manual.length + removedManual.length;
  return rows < answered || rows > attempts
    ? [`by hand: ${rows} rows of ${attempts} attempts, of which ${answered} were answered`]
    : [];
}
