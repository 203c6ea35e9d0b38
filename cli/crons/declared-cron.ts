/**
 * A cron that a project declares in langgraph.json: how it is known again on a server, and what the server is sent of it. A server
 * knows declared crons only by their metadata, so everything here works through the public API.
 */
import { v5 } from "../libraries.js";
import type { JsonObject } from "../../src/platform/json";
import type { Cron } from "../../src/wire/crons/cron";
import { CRON_PAYLOAD_FIELDS, DECLARED_NAME, defaultAssistantId, POLICY_FIELDS } from "../server-code.js";

/** The keys of a cron's metadata by which a declared cron is known. A declaration cannot use them for something else. */
export const MARKS = {
  /** The project that declares it. */
  project: "declared_by",
  /** Its name in the declaration. */
  name: DECLARED_NAME,
  /** Which fields were declared, apart from those that every cron has: a field that is declared no longer gets its default again. */
  fields: "declared_fields",
} as const;

export interface DeclaredCron {
  project: string;
  name: string;
  cronId: string;
  /** As declared: an assistant's id, or a graph's. */
  assistantId: string;
  threadId: string | null;
  /** False when the declaration says so. */
  enabled: boolean;
  /** The fields that a patch can change as the server is sent them, without `enabled` and `metadata`. None is null. */
  sent: JsonObject;
  /** The same fields as the server shows them. */
  shown: JsonObject;
  metadata: JsonObject;
}

/** The fields of {@link DeclaredCron.sent}, in the order in which differences are told. */
export const DECLARABLE_FIELDS: readonly string[] = [
  "schedule",
  "timezone",
  "end_time",
  "on_run_completed",
  ...CRON_PAYLOAD_FIELDS,
  ...POLICY_FIELDS,
];

/** Another UUID would do, but never a different one from one version to the next. */
const NAMESPACE = "5f0c63c7-4a4e-5d0a-9f0e-6f2d3a1c8b47";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The id of a declared cron. It contains the assistant and the thread, which a cron cannot change: with another assistant it is
 * another cron.
 */
export function declaredCronId(
  project: string,
  name: string,
  { assistantId, threadId }: { assistantId: string; threadId: string | null },
): string {
  const assistant = UUID.test(assistantId) ? assistantId.toLowerCase() : defaultAssistantId(assistantId);
  return v5(JSON.stringify([project, name, assistant, threadId]), NAMESPACE);
}

/** The name in the declaration that made the cron; null for any other cron. */
export function declaredNameOf({ metadata }: Pick<Cron, "metadata">): string | null {
  const name = metadata[MARKS.name];
  return typeof name === "string" ? name : null;
}

/**
 * Whether the project has made the cron. Metadata alone does not tell: whoever copies a cron copies its metadata, and the copy
 * is nobody's to remove.
 */
export function isDeclaredBy(project: string, cron: Cron): boolean {
  const name = declaredNameOf(cron);
  if (name === null || cron.metadata[MARKS.project] !== project) return false;
  const owner = { assistantId: cron.assistant_id, threadId: cron.thread_id };
  return cron.cron_id === declaredCronId(project, name, owner);
}

/** The fields that the last declaration of the cron had, as {@link marksOf} stored them. */
export function declaredBefore(cron: Cron): string[] {
  const fields = cron.metadata[MARKS.fields];
  return Array.isArray(fields) ? fields.filter((field) => typeof field === "string") : [];
}

/** Begins what {@link declaredBefore} calls a key of the metadata. */
export const IN_METADATA = "metadata.";

/** What the metadata of the declared cron says of its declaration. */
export function marksOf({ project, name, sent, metadata, enabled }: DeclaredCron): JsonObject {
  const fields = [
    ...Object.keys(sent).filter((field) => field !== "schedule"),
    ...Object.keys(metadata).map((key) => IN_METADATA + key),
    ...(enabled ? [] : ["enabled"]),
  ];
  return { [MARKS.project]: project, [MARKS.name]: name, [MARKS.fields]: fields.sort() };
}

/** The body of the request that creates the cron. A cron that is there already stays as it is, and is answered. */
export function createBody(declared: DeclaredCron, enabled = declared.enabled): JsonObject {
  return {
    ...declared.sent,
    cron_id: declared.cronId,
    assistant_id: declared.assistantId,
    enabled,
    metadata: { ...declared.metadata, ...marksOf(declared) },
    if_exists: "do_nothing",
    ...(declared.threadId !== null && { if_not_exists: "create" }),
  };
}
