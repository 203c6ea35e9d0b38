/** How a cron on the server differs from its declaration, and the patch that makes it as declared. */
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../src/platform/json";
import type { Cron } from "../../src/wire/crons/cron";
import {
  DECLARABLE_FIELDS,
  declaredBefore,
  IN_METADATA,
  marksOf,
  type DeclaredCron,
} from "./declared-cron.js";
import { CRON_PAYLOAD_FIELDS, DEFAULT_POLICY } from "../server-code.js";

/** What differs in one field. */
export interface Difference {
  field: string;
  before: unknown;
  after: unknown;
}

/** What the cron on the server is to become. */
export interface CronChanges {
  differences: Difference[];
  /** The patch that makes the cron as declared. */
  patch: JsonObject;
}

/**
 * How a cron on the server differs from its declaration. Compared are the fields that are declared, and those that the last
 * declaration had: what its owner changed by hand beside them stays. `enabled` is compared with the last declaration and not
 * with the cron, so that a pause by hand stays.
 * @returns null when nothing is to be changed
 */
export function changesOf(declared: DeclaredCron, cron: Cron): CronChanges | null {
  const before = declaredBefore(cron);
  const differences: Difference[] = [];
  const patch: JsonObject = {};
  const compare = (field: string, is: unknown, wanted: unknown): void => {
    if (!isDeepStrictEqual(is, wanted)) differences.push({ field, before: is, after: wanted });
  };

  for (const field of DECLARABLE_FIELDS) {
    const isDeclared = Object.hasOwn(declared.sent, field);
    if (!isDeclared && !before.includes(field)) continue;
    const wanted = isDeclared ? declared.shown[field] : defaultOf(field, declared);
    compare(field, shownField(cron, field), wanted);
    // The whole declaration is sent, also what does not differ. So after two deployments at once the cron is as one of them says.
    patch[field] = isDeclared ? declared.sent[field] : (RESET[field] ?? null);
  }

  const noLonger = before
    .filter((field) => field.startsWith(IN_METADATA))
    .map((field) => field.slice(IN_METADATA.length))
    .filter((key) => !Object.hasOwn(declared.metadata, key));
  for (const [key, value] of Object.entries(declared.metadata))
    compare(IN_METADATA + key, cron.metadata[key], value);
  // A patch merges metadata and can remove no key.
  const cleared = Object.fromEntries(noLonger.map((key) => [key, null]));
  for (const key of noLonger) compare(IN_METADATA + key, cron.metadata[key] ?? null, null);
  const marks = marksOf(declared);
  patch.metadata = { ...cleared, ...declared.metadata, ...marks };

  const wasEnabled = !before.includes("enabled");
  if (declared.enabled !== wasEnabled) {
    compare("enabled", cron.enabled, declared.enabled);
    patch.enabled = declared.enabled;
    patch.note = declared.enabled ? null : "its declaration says `enabled: false`";
  }

  const marked = Object.entries(marks).every(([key, value]) => isDeepStrictEqual(cron.metadata[key], value));
  return marked && differences.length === 0 ? null : { differences, patch };
}

/** Fields for which null in a patch counts as not sent: what sets their default. */
const RESET: JsonObject = { on_run_completed: "delete" };

const isPolicyField = (field: string): field is keyof typeof DEFAULT_POLICY => field in DEFAULT_POLICY;

/** What the server shows of a field that a request leaves out. */
function defaultOf(field: string, { threadId }: DeclaredCron): unknown {
  if (isPolicyField(field)) return DEFAULT_POLICY[field];
  if (field === "multitask_strategy" && threadId !== null) return "enqueue";
  if (field === "on_run_completed" && threadId === null) return "delete";
  return null;
}

/** The field as the server shows it: fields of the run are in the cron's payload. */
function shownField(cron: Cron, field: string): unknown {
  const isPayload = (CRON_PAYLOAD_FIELDS as readonly string[]).includes(field);
  return (isPayload ? cron.payload[field] : cron[field as keyof Cron]) ?? null;
}
