/** A cron in words: its schedule, its state, and what became of its slots. */
import type { Cron } from "../../src/wire/crons/cron";
import type { Slot } from "../../src/wire/crons/slot";
import { describeSchedule } from "../server-code.js";
import type { Cell } from "./table.js";
import { plain } from "./terminal.js";
import { duration } from "./times.js";

/** Such as `At 08:00, Monday through Friday (Europe/Berlin)`. */
export function scheduleInWords({ schedule, timezone }: Pick<Cron, "schedule" | "timezone">): string {
  return `${describedOrAsIs(schedule)} (${timezone ?? "UTC"})`;
}

/** A server of a later version may know expressions that this one does not. */
function describedOrAsIs(schedule: string): string {
  try {
    return describeSchedule(schedule);
  } catch {
    return plain(schedule);
  }
}

/** Whether the cron fires, and if not, why. */
export function stateOf({ enabled, note, next_run_date: next }: Cron): Cell {
  const reason = note === null ? "" : `: ${plain(note)}`;
  if (!enabled) return { text: `paused${reason}`, style: "yellow" };
  return next === null ? { text: "ended", style: "dim" } : { text: "on", style: "green" };
}

/** What became of a slot: its run, or why there is none. */
export function outcomeOf({ status, reason, run }: Slot): Cell {
  if (status === "fired" && run !== null) {
    const took = run.duration_ms === null ? "" : ` in ${duration(run.duration_ms)}`;
    const error = run.error === null ? "" : `: ${plain(run.error)}`;
    return { text: `${run.status}${took}${error}`, style: run.status === "success" ? "green" : "red" };
  }
  const because = reason === null ? "" : `: ${plain(reason)}`;
  if (status === "fired") return { text: "running", style: "cyan" };
  return { text: `${status}${because}`, style: status === "missed" ? "red" : "yellow" };
}
