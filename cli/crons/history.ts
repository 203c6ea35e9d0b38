/** `edgecron crons history`: what became of the slots of a cron, newest first. */
import type { Slot, SlotStatus } from "../../src/wire/crons/slot";
import type { Context } from "./context.js";
import { outcomeOf } from "./cron-text.js";
import type { CronClient } from "./cron-client.js";
import { findCron, labelOf } from "./find-cron.js";
import { table, type Cell } from "./table.js";
import { printJson, type Terminal } from "./terminal.js";
import { duration, timeIn } from "./times.js";

/** The API answers no more slots at once. */
const PAGE = 1000;

export interface HistoryQuery {
  limit: number;
  status: SlotStatus | undefined;
}

export async function showHistory(
  { client, terminal, json }: Context,
  named: string,
  query: HistoryQuery,
): Promise<void> {
  const cron = await findCron(client, named);
  const slots = await newestSlots(client, cron.cron_id, query);
  if (json) printJson(terminal, slots);
  else if (slots.length === 0) terminal.print(`${labelOf(cron)} has no such slots yet.`);
  else terminal.print(slotTable(terminal, slots));
}

async function newestSlots(
  client: CronClient,
  cronId: string,
  { limit, status }: HistoryQuery,
): Promise<Slot[]> {
  const slots: Slot[] = [];
  while (slots.length < limit) {
    const asked = Math.min(PAGE, limit - slots.length);
    const page = await client.slots(cronId, { limit: asked, before: slots.at(-1)?.scheduled_for, status });
    slots.push(...page);
    if (page.length < asked) break;
  }
  return slots;
}

export function slotTable(terminal: Terminal, slots: readonly Slot[]): string {
  const columns = [
    { title: `SLOT (${terminal.zone})` },
    { title: "UTC" },
    { title: "ORIGIN" },
    { title: "OUTCOME", wraps: true as const },
    { title: "LATE" },
    { title: "TOKENS" },
    { title: "RUN", wraps: true as const },
  ];
  const shown = columns.map((_column, index) => index !== 1 || terminal.zone !== "UTC");
  const rows = slots.map((slot): Cell[] => [
    timeIn(terminal.zone, slot.scheduled_for),
    timeIn("UTC", slot.scheduled_for).slice(UTC_TIME),
    slot.origin,
    outcomeOf(slot),
    slot.lateness_ms === null ? "-" : duration(slot.lateness_ms),
    slot.run === null ? "-" : String(slot.run.input_tokens + slot.run.output_tokens),
    slot.run_id ?? "-",
  ]);
  return table(
    terminal,
    columns.filter((_column, index) => shown[index]),
    rows.map((row) => row.filter((_cell, index) => shown[index])),
  );
}

/** Where the time begins in a day and its time. */
const UTC_TIME = "Fri 2026-11-27 ".length;
