/** What of a cron is sent: all of a new one, and of one that is changed what differs from before. */
import type { Cron } from "../../api/types";
import { NAME_KEY } from "../../format/cron-title";
import { FORM_FIELD_NAMES, type Faults, type FormValues, requestOf } from "./form-values";

type Fields = Readonly<Record<string, unknown>>;

export interface Change {
  readonly field: string;
  /** Undefined: not given. */
  readonly before: unknown;
  readonly after: unknown;
}

/** The fields that differ. */
export function changesBetween(before: FormValues, after: FormValues): readonly Change[] {
  const [old, now] = [requestOf(before), requestOf(after)];
  return Object.keys(now)
    .filter((field) => JSON.stringify(old[field]) !== JSON.stringify(now[field]))
    .map((field) => ({ field, before: old[field], after: now[field] }));
}

/** The body of a request that changes a cron: null clears. */
export function patchOf(changes: readonly Change[]): Fields {
  return Object.fromEntries(
    changes.map(({ field, before, after }) => [
      field,
      field === "metadata" ? merged(before, after) : (after ?? null),
    ]),
  );
}

/** A name that is taken away is sent empty, because the server merges metadata and so takes no key away. */
function merged(before: unknown, after: unknown): Fields {
  const [old, now] = [(before ?? {}) as Fields, (after ?? {}) as Fields];
  return NAME_KEY in old && !(NAME_KEY in now) ? { ...now, [NAME_KEY]: "" } : now;
}

/** What cannot be changed in the way it was. */
export function changeFaults(changes: readonly Change[]): Faults {
  const metadata = changes.find(({ field }) => field === "metadata");
  if (metadata === undefined) return {};
  const [old, now] = [(metadata.before ?? {}) as Fields, (metadata.after ?? {}) as Fields];
  const removed = Object.keys(old).filter((key) => key !== NAME_KEY && !(key in now));
  if (removed.length === 0) return {};
  return { metadata: `A key of a cron's metadata can be changed, and not removed: ${removed.join(", ")}` };
}

/**
 * The body of a request for a new cron.
 * @param original the cron that it is a copy of: what the form does not know of its runs is taken over
 */
export function creationOf(values: FormValues, original: Cron | undefined): Fields {
  const unknown = Object.entries(original?.payload ?? {}).filter(([name]) => !FORM_FIELD_NAMES.has(name));
  const onThread = values.on_run_completed === "thread";
  return {
    ...Object.fromEntries(unknown),
    ...requestOf(values),
    assistant_id: values.assistant_id,
    enabled: values.enabled === "true",
    ...(onThread && {
      thread_id: values.thread_id.trim(),
      ...(values.if_not_exists === "create" && { if_not_exists: "create" }),
    }),
  };
}
