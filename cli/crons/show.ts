/** `edgecron crons show`: all about one cron. */
import type { Cron } from "../../src/wire/crons/cron";
import type { Figures } from "../../src/wire/crons/figures";
import { DEFAULT_POLICY, nextSlot, POLICY_FIELDS } from "../server-code.js";
import type { Context } from "./context.js";
import { scheduleInWords, stateOf } from "./cron-text.js";
import { MARKS } from "./declared-cron.js";
import { findCron, labelOf } from "./find-cron.js";
import { slotTable } from "./history.js";
import { assistantNames } from "./list.js";
import type { Cell } from "./table.js";
import { plain, printJson, styled, type Terminal } from "./terminal.js";
import { duration, fromNow, timeWithUtc } from "./times.js";

/** How many slots are shown, of those to come and of those that were. */
const SLOTS = 3;

export async function showCron({ client, terminal, json }: Context, named: string): Promise<void> {
  const cron = await findCron(client, named);
  if (json) {
    printJson(terminal, cron);
    return;
  }
  const [figures, slots, names] = await Promise.all([
    client.figures(cron.cron_id),
    client.slots(cron.cron_id, { limit: SLOTS }),
    assistantNames(client),
  ]);
  const lines: [string, Cell][] = [
    ...identity(cron, names),
    ...timing(terminal, cron),
    ...details(terminal, cron),
    ...outcomes(figures),
  ];
  const width = Math.max(...lines.map(([label]) => label.length)) + 2;
  terminal.print(styled(terminal, "bold", labelOf(cron)));
  for (const [label, cell] of lines) {
    const text = typeof cell === "string" ? cell : styled(terminal, cell.style, cell.text);
    terminal.print(`${styled(terminal, "dim", label.padEnd(width))}${text}`);
  }
  if (slots.length > 0) terminal.print(`\n${slotTable(terminal, slots)}`);
}

function identity(cron: Cron, names: ReadonlyMap<string, string>): [string, Cell][] {
  const project = cron.metadata[MARKS.project];
  const name = names.get(cron.assistant_id);
  return [
    ["id", cron.cron_id],
    ...(typeof project === "string" ? [["declared by", plain(project)] as [string, Cell]] : []),
    ["assistant", name === undefined ? cron.assistant_id : `${plain(name)} (${cron.assistant_id})`],
    [
      "thread",
      cron.thread_id ??
        `a new one for each run, which is ${cron.on_run_completed === "keep" ? "kept" : "deleted"} after it`,
    ],
    ["state", stateOf(cron)],
  ];
}

function timing(terminal: Terminal, cron: Cron): [string, Cell][] {
  const next: number[] = [];
  let at = cron.next_run_date === null ? null : Date.parse(cron.next_run_date);
  const end = cron.end_time === null ? Infinity : Date.parse(cron.end_time);
  while (at !== null && at < end && next.length < SLOTS) {
    next.push(at);
    at = nextSlot({ expression: cron.schedule, timezone: cron.timezone }, at);
  }
  return [
    ["schedule", `${plain(cron.schedule)}  ${scheduleInWords(cron)}`],
    ...next.map((slot, index): [string, Cell] => [
      index === 0 ? "next" : "",
      `${timeWithUtc(terminal.zone, slot)}, ${fromNow(slot, terminal.now())}`,
    ]),
    ...(cron.end_time === null ? [] : [["end", timeWithUtc(terminal.zone, cron.end_time)] as [string, Cell]]),
  ];
}

/** Fields of the policy that have their default are not shown. */
function details(terminal: Terminal, cron: Cron): [string, Cell][] {
  const policy = POLICY_FIELDS.filter(
    (field) => JSON.stringify(cron[field]) !== JSON.stringify(DEFAULT_POLICY[field]),
  );
  const marks: readonly string[] = Object.values(MARKS);
  const metadata = Object.fromEntries(Object.entries(cron.metadata).filter(([key]) => !marks.includes(key)));
  const values = [
    ...Object.entries(cron.payload).filter(([field]) => field !== "assistant_id"),
    ...policy.map((field): [string, unknown] => [field, cron[field]]),
    ...(Object.keys(metadata).length === 0 ? [] : [["metadata", metadata] as [string, unknown]]),
  ];
  return [
    ...values.map(([field, value]): [string, Cell] => [field, plain(JSON.stringify(value))]),
    ["created", timeWithUtc(terminal.zone, cron.created_at)],
    ["changed", timeWithUtc(terminal.zone, cron.updated_at)],
  ];
}

function outcomes({
  slots,
  runs,
  success_ratio: ratio,
  tokens,
  start_lateness_ms: late,
  duration_ms: took,
}: Figures): [string, Cell][] {
  const counted = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${count} ${name}`)
      .join(", ") || "none yet";
  const succeeded = ratio === null ? "" : ` (${Math.floor(ratio * 1000) / 10}% succeeded)`;
  return [
    ["slots", counted(slots)],
    ["runs", counted(runs) + succeeded],
    ...(late === null
      ? []
      : [["late", `p50 ${duration(late.p50)}, p95 ${duration(late.p95)}`] as [string, Cell]]),
    ...(took === null
      ? []
      : [["took", `p50 ${duration(took.p50)}, p95 ${duration(took.p95)}`] as [string, Cell]]),
    [
      "tokens",
      `${tokens.today} today, ${tokens.this_month} this month, ${tokens.input + tokens.output} in all`,
    ],
  ];
}
