/** `edgecron crons pause`, `resume` and `delete`. */
import type { Cron } from "../../src/wire/crons/cron";
import type { Context } from "./context.js";
import { MARKS } from "./declared-cron.js";
import { Failure } from "./failures.js";
import { findCron, labelOf } from "./find-cron.js";
import { plain, printJson } from "./terminal.js";
import { fromNow, timeWithUtc } from "./times.js";

export async function pauseCron(context: Context, named: string, note: string | undefined): Promise<void> {
  const { client, terminal, json } = context;
  const { cron_id: id } = await findCron(client, named);
  const cron = await client.pause(id, note);
  if (json) printJson(terminal, cron);
  else terminal.print(`${labelOf(cron)} is paused${note === undefined ? "" : `: ${plain(note)}`}`);
}

export async function resumeCron(context: Context, named: string, note: string | undefined): Promise<void> {
  const { client, terminal, json } = context;
  const { cron_id: id } = await findCron(client, named);
  const cron = await client.resume(id, note);
  if (json) {
    printJson(terminal, cron);
    return;
  }
  const next = cron.next_run_date;
  const when =
    next === null
      ? "it has ended, and does not fire any more"
      : `it fires next at ${timeWithUtc(terminal.zone, next)}, ${fromNow(next, terminal.now())}`;
  terminal.print(`${labelOf(cron)} is resumed: ${when}`);
}

export async function deleteCron(context: Context, named: string, isSure: boolean): Promise<void> {
  const { client, terminal, json, confirm } = context;
  const cron = await findCron(client, named);
  const question = `Delete ${labelOf(cron)} (${cron.cron_id}) and its history for good?${warningOf(cron)}`;
  if (!isSure && !(await confirm(question))) throw new Failure("failed", "nothing was deleted");
  await client.remove(cron.cron_id);
  if (json) printJson(terminal, {});
  else terminal.print(`${labelOf(cron)} is deleted`);
}

/** Who deletes a declared cron by hand meets it again. */
function warningOf({ metadata }: Cron): string {
  const project = metadata[MARKS.project];
  if (typeof project !== "string") return "";
  return ` The project "${plain(project)}" declares it: unless it is removed there too, the next deployment makes it again.`;
}
