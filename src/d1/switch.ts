/** The one switch of all crons, a row in D1. Each firing reads it, so it holds for all crons at once, and no cron has to be called. */
import { now, toIso } from "../platform/clock";
import { parseJson } from "../platform/json";
import type { CronSwitch } from "../wire/crons/cron";
import { changeAndForgetReads } from "./recent-reads";

const NEVER_SET: CronSwitch = { stopped: false, note: null, changed_at: null };

/** The switch as D1 has it. */
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

/** The switch that a row holds. Without a row, the switch was never used, and crons fire. */
export const toSwitch = (row: SwitchRow | null | undefined): CronSwitch =>
  row ? parseJson<CronSwitch>(row.value) : NEVER_SET;

/** Stops all crons, or starts them again. Slots that were skipped in the meantime stay skipped. */
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
