/** `edgecron crons next`: what fires when, of all crons or of one. */
import type { Cron } from "../../src/wire/crons/cron";
import { nextSlot, toIso } from "../server-code.js";
import type { Context } from "./context.js";
import { scheduleInWords, stateOf } from "./cron-text.js";
import { findCron, labelOf } from "./find-cron.js";
import { table, type Column } from "./table.js";
import { plain, printJson, styled, type Terminal } from "./terminal.js";
import { fromNow, timeIn } from "./times.js";

/** A slot that is to come. */
interface Upcoming {
  cron: Cron;
  at: number;
}

/** @param named the cron; all crons when undefined */
export async function nextSlots(context: Context, named: string | undefined, count: number): Promise<void> {
  const { client, terminal, json } = context;
  if (named !== undefined) {
    await nextSlotsOf(context, await findCron(client, named), count);
    return;
  }
  const crons: Cron[] = [];
  for await (const cron of client.searchAll({ enabled: true })) crons.push(cron);
  const upcoming = firstOf(crons, count);
  if (json) {
    printJson(
      terminal,
      upcoming.map(({ cron, at }) => ({ cron_id: cron.cron_id, scheduled_for: toIso(at) })),
    );
    return;
  }
  if (upcoming.length === 0) {
    terminal.print("No cron fires from now on.");
    return;
  }
  const rows = upcoming.map(({ cron, at }) => [...timeCells(terminal, at), labelOf(cron), cron.cron_id]);
  terminal.print(
    table(terminal, [...timeColumns(terminal), { title: "CRON", wraps: true }, { title: "ID" }], rows),
  );
}

async function nextSlotsOf({ client, terminal, json }: Context, cron: Cron, count: number): Promise<void> {
  const preview = await client.preview({
    schedule: cron.schedule,
    timezone: cron.timezone ?? undefined,
    end_time: cron.end_time ?? undefined,
    count,
  });
  if (json) {
    printJson(terminal, preview);
    return;
  }
  const state = stateOf(cron);
  terminal.print(`${styled(terminal, "bold", labelOf(cron))}: ${scheduleInWords(cron)}`);
  if (!cron.enabled) terminal.print(`It is ${typeof state === "string" ? state : state.text}.`);
  const rows = preview.next.map(({ utc }) => {
    const skipped = cron.next_run_date !== null && utc < cron.next_run_date;
    return [...timeCells(terminal, Date.parse(utc)), skipped ? "skipped by hand" : ""];
  });
  if (rows.length > 0) terminal.print(table(terminal, [...timeColumns(terminal), { title: "" }], rows));
  for (const { message } of preview.warnings)
    terminal.print(styled(terminal, "yellow", `Note: ${plain(message)}`));
}

const timeColumns = ({ zone }: Terminal): Column[] => [
  ...(zone === "UTC" ? [] : [{ title: zone.toUpperCase() }]),
  { title: "UTC" },
  { title: "FROM NOW" },
];

const timeCells = (terminal: Terminal, at: number): string[] => [
  ...(terminal.zone === "UTC" ? [] : [timeIn(terminal.zone, at)]),
  timeIn("UTC", at),
  fromNow(at, terminal.now()),
];

/** The first slots of all crons together, in order. The server says which slot of a cron is next; those after it follow from its schedule. */
function firstOf(crons: readonly Cron[], count: number): Upcoming[] {
  const heads = crons.flatMap((cron): Upcoming[] =>
    cron.next_run_date === null ? [] : [{ cron, at: Date.parse(cron.next_run_date) }],
  );
  const first: Upcoming[] = [];
  while (first.length < count && heads.length > 0) {
    const index = heads.reduce(
      (best, { at }, other) => (at < (heads[best]?.at ?? Infinity) ? other : best),
      0,
    );
    const [head] = heads.splice(index, 1);
    if (head === undefined) break;
    first.push(head);
    const at = slotAfter(head);
    if (at !== null) heads.push({ cron: head.cron, at });
  }
  return first;
}

function slotAfter({ cron, at }: Upcoming): number | null {
  const next = nextSlot({ expression: cron.schedule, timezone: cron.timezone }, at);
  return next === null || (cron.end_time !== null && next >= Date.parse(cron.end_time)) ? null : next;
}
