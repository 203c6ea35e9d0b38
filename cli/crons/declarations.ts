/**
 * Checks the crons that a project declares. The server's own schemas do it, so what is wrong is told when the project is built, and
 * not when it is deployed.
 */
import { closest, distance } from "fastest-levenshtein";
import { z } from "../libraries.js";
import type { JsonObject } from "../../src/platform/json";
import type { Preview, PreviewQuery } from "../../src/wire/crons/preview";
import { DECLARABLE_FIELDS, declaredCronId, MARKS, type DeclaredCron } from "./declared-cron.js";
import { check, cronCreate, DomainError, previewOf, threadCronCreate, toIso, uuid } from "../server-code.js";

/** What is wrong with a declaration, with the file and the field, in words for its author. */
export class DeclarationError extends Error {
  override readonly name = "DeclarationError";
}

/** A declared cron, and what its schedule means. */
export interface Declaration extends DeclaredCron {
  preview: Preview;
}

const EXAMPLE = '{"morning": {"assistant_id": "agent", "schedule": "0 8 * * 1-5"}}';

/** How many times a preview lists. */
const NEXT_TIMES = 3;

/** A typing error changes no more letters. */
const MAX_EDITS = 3;

/** The id follows from the name, and what becomes of a cron that is there already is not its author's to decide. */
const NOT_DECLARED = { cron_id: true, if_exists: true, if_not_exists: true } as const;
const declaredFields = cronCreate.omit(NOT_DECLARED);
const declaredThreadFields = threadCronCreate.omit(NOT_DECLARED).extend({ thread_id: uuid });

/** Anything that can be read and typed, and that the commands cannot take for an id. */
const cronName = z
  .string()
  .regex(
    /^[^\p{C}\s](?:[^\p{C}]{0,98}[^\p{C}\s])?$/u,
    "a name has 1 to 100 characters, and no control characters",
  )
  .refine((name) => !uuid.safeParse(name).success, "a name is no UUID");

const someCrons = z.record(z.string(), z.unknown(), `expected an object like ${EXAMPLE}`);
const aCron = z.record(z.string(), z.unknown(), `expected an object like ${EXAMPLE.slice(12, -1)}`);

/**
 * The declared crons, checked by the server's own schemas.
 * @param project the name under which a server knows the crons
 * @param declared the crons by their names, as written
 * @param where the file, and the path to the crons within it
 * @param graphIds the graphs that the server will have, so that a graph that is not there is found; null when nobody knows
 * @throws DeclarationError with all that is wrong
 */
export function declarationsOf(
  project: string,
  declared: unknown,
  where: { file: string; path: readonly string[] },
  graphIds: readonly string[] | null,
): Declaration[] {
  const { file, path } = where;
  const faults: string[] = [];
  const checked = <T>(work: () => T): T[] => {
    try {
      return [work()];
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      faults.push(`${file}: ${error.detail}`);
      return [];
    }
  };
  const crons = checked(() => check(someCrons, declared, path.length === 0 ? "crons" : path)).flatMap((all) =>
    Object.entries(all).flatMap(([name, given]) =>
      checked(() => declarationOf(project, name, given, graphIds, [...path, name])),
    ),
  );
  if (faults.length > 0) throw new DeclarationError(faults.join("\n"));
  return crons;
}

/** @throws DomainError that names the field */
function declarationOf(
  project: string,
  name: string,
  given: unknown,
  graphIds: readonly string[] | null,
  path: string[],
): Declaration {
  check(cronName, name, path);
  const declared = check(aCron, given, path);
  const within = (field: string): string => [...path, field].join(".");
  // Null stands for a field that is not declared.
  const fields = Object.fromEntries(Object.entries(declared).filter(([, value]) => value !== null));
  const isOnThread = "thread_id" in fields;
  const parsed = check(isOnThread ? declaredThreadFields : declaredFields, fields, path);
  const {
    assistant_id: assistantId,
    schedule,
    timezone,
    end_time: endTime,
    enabled = true,
    metadata = {},
  } = parsed;
  const threadId = "thread_id" in parsed ? parsed.thread_id : null;
  checkAssistant(assistantId, graphIds, within("assistant_id"));
  for (const mark of Object.values(MARKS)) {
    if (!Object.hasOwn(metadata, mark)) continue;
    throw new DomainError(
      "request.invalid",
      `${within(`metadata.${mark}`)}: EdgeCron sets this itself; use another key`,
    );
  }
  // A cron on a thread takes this field and does nothing about it.
  if (isOnThread) delete fields.on_run_completed;
  const asJson = JSON.parse(JSON.stringify(parsed)) as JsonObject;
  const shown: JsonObject = { ...asJson, end_time: endTime == null ? null : toIso(endTime) };
  const names = DECLARABLE_FIELDS.filter((field) => Object.hasOwn(fields, field));
  return {
    project,
    name,
    cronId: declaredCronId(project, name, { assistantId, threadId }),
    assistantId,
    threadId,
    enabled,
    sent: Object.fromEntries(names.map((field) => [field, fields[field]])),
    shown: Object.fromEntries(names.map((field) => [field, shown[field] ?? null])),
    metadata,
    preview: previewFrom({ schedule, timezone: timezone ?? undefined, end_time: endTime ?? undefined }, path),
  };
}

/**
 * An end that has passed is no fault: what was right last week would break the build of today.
 * @throws DomainError when the schedule cannot be used, or has no time at all
 */
function previewFrom(query: Omit<PreviewQuery, "count">, path: string[]): Preview {
  const refused = (detail: string): DomainError =>
    new DomainError("request.invalid", `${path.join(".")}.${detail}`);
  let preview: Preview;
  try {
    preview = previewOf({ ...query, count: NEXT_TIMES });
  } catch (error) {
    // The detail begins with the field.
    throw error instanceof DomainError ? refused(error.detail) : error;
  }
  if (query.end_time === undefined && preview.next.length === 0)
    throw refused("schedule: expected a time to come, and there is none");
  return preview;
}

function checkAssistant(assistantId: string, graphIds: readonly string[] | null, field: string): void {
  if (graphIds === null || graphIds.includes(assistantId) || uuid.safeParse(assistantId).success) return;
  const near = graphIds.length === 0 ? "" : closest(assistantId, graphIds);
  const meant = distance(assistantId, near) <= MAX_EDITS ? `; did you mean "${near}"?` : "";
  throw new DomainError(
    "request.invalid",
    `${field}: expected a graph of langgraph.json (${graphIds.join(", ")}) or the id of an assistant, got "${assistantId}"${meant}`,
  );
}
