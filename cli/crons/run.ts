/** `edgecron crons run`: has a cron run now, beside its schedule. */
import type { Slot } from "../../src/wire/crons/slot";
import type { Context } from "./context.js";
import type { CronClient } from "./cron-client.js";
import { outcomeOf } from "./cron-text.js";
import { Failure } from "./failures.js";
import { findCron, labelOf } from "./find-cron.js";
import { printJson, styled } from "./terminal.js";

/** The ledger is looked at again after so many ms, and then ever less often. */
const FIRST_WAIT_MS = 250;
const LAST_WAIT_MS = 2_000;
/** How many slots of the ledger are looked through for the run: others may have been run by hand at the same instant. */
const SLOTS_AT_ONE_TIME = 100;

export interface RunOptions {
  /** In place of the cron's own input; undefined leaves it. */
  input: unknown;
  /** Whether to wait until the run has ended. */
  waits: boolean;
}

/** @throws Failure when the run that was waited for did not succeed */
export async function runCron(context: Context, named: string, { input, waits }: RunOptions): Promise<void> {
  const { client, terminal, json } = context;
  const cron = await findCron(client, named);
  let slot = await client.run(cron.cron_id, input === undefined ? {} : { input });
  if (waits) {
    if (!json) terminal.say(`${labelOf(cron)} runs as ${slot.run_id ?? "a run without an id"}…`);
    slot = await ended(client, cron.cron_id, slot);
  }
  if (json) printJson(terminal, slot);
  else {
    const outcome = outcomeOf(slot);
    const text = typeof outcome === "string" ? outcome : styled(terminal, outcome.style, outcome.text);
    terminal.print(`${labelOf(cron)}: ${text}, run ${slot.run_id ?? "-"} on thread ${slot.thread_id ?? "-"}`);
  }
  if (waits && slot.run?.status !== "success") throw new Failure("failed", `the run did not succeed`);
}

/** The slot when its run has ended, or when it gets none after all. The ledger has that also when thread and run are gone. */
async function ended(client: CronClient, cronId: string, slot: Slot): Promise<Slot> {
  const before = new Date(Date.parse(slot.scheduled_for) + 1).toISOString();
  for (let wait = FIRST_WAIT_MS, found = slot; ; wait = Math.min(wait * 1.5, LAST_WAIT_MS)) {
    if (found.run !== null || !["pending", "fired"].includes(found.status)) return found;
    await new Promise((resolve) => setTimeout(resolve, wait));
    const slots = await client.slots(cronId, { before, limit: SLOTS_AT_ONE_TIME });
    const again = slots.find(({ run_id: id }) => id === slot.run_id);
    if (again === undefined) throw new Failure("notFound", "the ledger does not have the run any more");
    found = again;
  }
}
