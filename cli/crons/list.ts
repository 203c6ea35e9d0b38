/** `edgecron crons list`: all crons, the next to fire first. */
import type { Cron } from "../../src/wire/crons/cron";
import type { Context } from "./context.js";
import type { CronClient } from "./cron-client.js";
import { scheduleInWords, stateOf } from "./cron-text.js";
import { declaredNameOf } from "./declared-cron.js";
import { Failure } from "./failures.js";
import { fits, table, type Cell } from "./table.js";
import { plain, printJson, type Terminal } from "./terminal.js";
import { fromNow, timeIn } from "./times.js";

export async function listCrons({ client, terminal, json }: Context): Promise<void> {
  const crons = await allCrons(client);
  if (json) {
    printJson(terminal, crons);
    return;
  }
  if (crons.length === 0) {
    terminal.print("There are no crons.");
    return;
  }
  terminal.print(cronTable(terminal, crons, await assistantNames(client)));
}

/** The next to fire first. */
export async function allCrons(client: CronClient): Promise<Cron[]> {
  const crons: Cron[] = [];
  for await (const cron of client.searchAll()) crons.push(cron);
  return crons.sort((a, b) => nextOf(a) - nextOf(b));
}

/**
 * In a terminal that is too narrow for whole sentences the schedules are shown as they are written, and a cron without a name by its id.
 * @param names those of the assistants, by their ids
 */
export function cronTable(
  terminal: Terminal,
  crons: readonly Cron[],
  names: ReadonlyMap<string, string>,
): string {
  const ids = shortIds(crons.map(({ cron_id: id }) => id));
  const idOf = ({ cron_id: id }: Cron): string => ids.get(id) ?? id;
  const assistantOf = ({ assistant_id: id }: Cron): string => plain(names.get(id) ?? id);
  const timeOf = ({ next_run_date: next }: Cron): string =>
    next === null ? "-" : timeIn(terminal.zone, next);
  const untilNext = ({ next_run_date: next }: Cron): string =>
    next === null ? "" : ` (${fromNow(next, terminal.now())})`;
  const columns = [
    { title: "NAME", wraps: true as const },
    { title: "ID" },
    { title: "ASSISTANT" },
    { title: "SCHEDULE", wraps: true as const },
    { title: `NEXT (${terminal.zone})`, wraps: true as const },
    { title: "STATE", wraps: true as const },
  ];
  const rows = crons.map((cron): Cell[] => [
    plain(declaredNameOf(cron) ?? "-"),
    idOf(cron),
    assistantOf(cron),
    scheduleInWords(cron),
    timeOf(cron) + untilNext(cron),
    stateOf(cron),
  ]);
  if (fits(terminal, columns, rows)) return table(terminal, columns, rows);
  const short = crons.map((cron): Cell[] => [
    plain(declaredNameOf(cron) ?? idOf(cron)),
    assistantOf(cron),
    [cron.schedule, cron.timezone ?? ""].join(" ").trim(),
    timeOf(cron),
    stateOf(cron),
  ]);
  return table(
    terminal,
    columns.filter(({ title }) => title !== "ID"),
    short,
  );
}

const nextOf = ({ next_run_date: next }: Cron): number => (next === null ? Infinity : Date.parse(next));

/** Whoever may see crons need not be allowed to see assistants: then their ids are shown. */
export async function assistantNames(client: CronClient): Promise<Map<string, string>> {
  try {
    return await client.assistantNames();
  } catch (error) {
    if (error instanceof Failure && error.kind !== "unreachable") return new Map();
    throw error;
  }
}

const SHORTEST = 8;

/** The beginnings of the ids, each as long as it takes to tell all of them apart. Ids of the same second have much in common. */
function shortIds(ids: readonly string[]): Map<string, string> {
  const sorted = ids.toSorted();
  const short = sorted.map((id, index): [string, string] => {
    const shared = Math.max(commonLength(id, sorted[index - 1]), commonLength(id, sorted[index + 1]));
    // An id is not cut off at a hyphen.
    return [id, id.slice(0, Math.max(SHORTEST, shared + 1)).replace(/-$/, "")];
  });
  return new Map(short);
}

function commonLength(one: string, other = ""): number {
  let length = 0;
  while (length < other.length && one[length] === other[length]) length += 1;
  return length;
}
