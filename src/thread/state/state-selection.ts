/** What of a state is answered: the `select` of the requests that read states. */
import { pick } from "../../platform/json";
import type { StateSelection, WireState } from "../../wire/threads/state";

const KEY = "values.";

/** The values that are asked for, so that the others need not become JSON. */
export function selectValues(values: unknown, selection: StateSelection): unknown {
  if (selection === undefined || selection.includes("values")) return values;
  if (typeof values !== "object" || values === null) return {};
  const keys = new Set(
    selection.filter((field) => field.startsWith(KEY)).map((field) => field.slice(KEY.length)),
  );
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.has(key)));
}

/** The state with only the fields that are asked for. */
export const selectFields = (state: WireState, selection: StateSelection): Partial<WireState> =>
  pick(
    state,
    selection?.map((field) => (field.startsWith(KEY) ? "values" : field)),
  );
