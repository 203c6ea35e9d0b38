/**
 * Gives what a graph prints with `console.log` and the like the ids of its run, so that a search of the log for a run finds it. What is
 * printed outside the nodes of a graph stays as it is.
 */
import { format } from "node:util";
import { executingRun } from "./executing-run";

const METHODS = ["log", "info", "warn", "error", "debug"] as const;
/** Marks the console when it does this already: tests load modules again and again, with one console. */
const ADDS_IDS = Symbol.for("edgecron.console-adds-ids");

// This happens before any graph is loaded, because a graph may take a function of the console when it is loaded.
if (!(ADDS_IDS in console)) {
  addIdsToLines();
  Object.assign(console, { [ADDS_IDS]: true });
}

/** Replaces the functions of the console by ones that add the ids of the run. */
export function addIdsToLines(): void {
  for (const method of METHODS) {
    const print = console[method].bind(console);
    console[method] = (...args: unknown[]) => {
      const run = executingRun();
      if (run.run_id === undefined) print(...args);
      else print(...withIds(args, run));
    };
  }
}

/**
 * What is printed in place of `args`. The platform's log searches by the fields of a line that is a JSON object. On a developer's
 * machine the text stays readable, with the ids behind it.
 */
function withIds(args: unknown[], run: Record<string, unknown>): unknown[] {
  const fields = args.length === 1 ? fieldsOf(args[0]) : undefined;
  if (fields === undefined && process.env.EDGECRON_DEV !== undefined) {
    const { cron_id, run_id, thread_id } = run;
    return [`${format(...args)} ${JSON.stringify({ cron_id, run_id, thread_id })}`];
  }
  try {
    return [JSON.stringify({ ...run, ...(fields ?? { message: format(...args) }) })];
  } catch {
    // The fields contain themselves, or a bigint. JSON cannot express either.
    return [JSON.stringify({ ...run, message: format(...args) })];
  }
}

/** The fields of a line that is an object, or the text of one: loggers print JSON. */
function fieldsOf(value: unknown): object | undefined {
  if (typeof value !== "string") return isFields(value) ? value : undefined;
  if (!value.startsWith("{")) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isFields(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const isFields = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null);
