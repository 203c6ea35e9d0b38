/** Which fields of a request the server found wrong. Its `detail` names each: `schedule: expected …; config.tags.0: expected …`. */
import { ApiError } from "../api/http";

/** Faults by the field of the request, and what was said of no field in particular. */
export interface FieldErrors {
  readonly fields: Readonly<Record<string, string>>;
  readonly other: string | null;
}

const NONE: FieldErrors = { fields: {}, other: null };

/** Between two faults: the next one begins with the path to a field. */
const BETWEEN = /; (?=[a-z_]+(?:\.[^\s:;]+)*: )/;
const FAULT = /^([a-z_]+)((?:\.[^\s:;]+)*): (.+)$/s;

/** What is named by the code of an error, not by its words. */
const FIELD_OF_RESOURCE: Readonly<Record<string, string>> = {
  assistant: "assistant_id",
  graph: "assistant_id",
  thread: "thread_id",
};

/** @param known the fields that have a place to show a fault at */
export function fieldErrors(error: Error | null, known: ReadonlySet<string>): FieldErrors {
  if (error === null) return NONE;
  if (!(error instanceof ApiError)) return { fields: {}, other: error.message };
  const resource = FIELD_OF_RESOURCE[error.code.split(".")[0] ?? ""];
  if (resource !== undefined && known.has(resource))
    return { fields: { [resource]: error.message }, other: null };
  if (error.code !== "request.invalid") return { fields: {}, other: error.message };
  const fields: Record<string, string> = {};
  const others: string[] = [];
  for (const part of error.message.split(BETWEEN)) {
    const [, field = "", path = "", message = ""] = FAULT.exec(part) ?? [];
    if (!known.has(field)) {
      others.push(part);
      continue;
    }
    const said = path === "" ? message : `${path.slice(1)}: ${message}`;
    fields[field] = fields[field] === undefined ? said : `${fields[field]}; ${said}`;
  }
  return { fields, other: others.length === 0 ? null : others.join("; ") };
}
