/** The one switch of all crons. It is read at each firing, so that it holds for every cron at once and needs no round. */
import { now, toIso } from "../platform/clock";
import { parseJson } from "../platform/json";
import type { CronSwitch } from "../wire/crons/cron";
import { changeAndForgetReads } from "./recent-reads";

const NEVER_SET: CronSwitch = { stopped: false, note: null, changed_at: null };

export async function readSwitch(db: D1Database): Promise<CronSwitch> {
  return toSwitch(await selectSwitch(db).first<SwitchRow>());
}

/** The row of the switch. */
export interface SwitchRow {
  value: string;
}

/** The statement that reads the switch; see {@link toSwitch}. */
export const selectSwitch = (db: D1Database): D1PreparedStatement =>
  db.prepare("SELECT value FROM settings WHERE name = 'crons'");

/** The switch of its row; without one it was never thrown. */
export const toSwitch = (row: SwitchRow | null | undefined): CronSwitch =>
  row ? parseJson<CronSwitch>(row.value) : NEVER_SET;

/** Stops every cron, or starts them again with the slots to come: none that was skipped is made up for. */
export async function setSwitch(
  db: D1Database,
  { stopped, note }: Pick<CronSwitch, "stopped" | "note">,
): Promise<CronSwitch> {
  const changed: CronSwitch = { stopped, note, changed_at: toIso(now()) };
  const upsert = db
    .prepare(
      "INSERT INTO settings (name, value) VALUES ('crons', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(JSON.stringify(changed));
  await changeAndForgetReads(() => upsert.run());
  return changed;
}
