/**
 * Makes the crons of a server what the project declares, through the public API alone. Every step may be repeated: one that was
 * done is found done, and what a broken connection left undone is done by the next reconciliation.
 */
import type { Cron } from "../../src/wire/crons/cron";
import { changesOf, type CronChanges } from "./cron-changes.js";
import type { CronClient } from "./cron-client.js";
import { createBody, MARKS } from "./declared-cron.js";
import type { Declarations } from "./declaration-file.js";
import type { Declaration } from "./declarations.js";
import { Failure } from "./failures.js";
import { planOf, type Plan, type Step } from "./plan.js";

export interface Reconciled {
  plan: Plan;
  /** The steps that were taken. */
  done: Step[];
  /** The steps that the server refused, with its reasons. The others were taken all the same. */
  refused: { step: Step; failure: Failure }[];
  /** The failure after which no further step was tried; null when all were. */
  broken: Failure | null;
}

/** A project that was renamed shows by its first crons. */
const MAX_NAMESAKES = 10;

/** What is to be done. @throws Failure */
export async function planFor(client: CronClient, { project, crons }: Declarations): Promise<Plan> {
  const found: Cron[] = [];
  for await (const cron of client.searchAll({ metadata: { [MARKS.project]: project } })) found.push(cron);
  const plan = planOf(project, crons, found);
  for (const { kind, name } of plan.steps.slice(0, MAX_NAMESAKES)) {
    if (kind !== "create") continue;
    const sameName = await client.searchPage({ metadata: { [MARKS.name]: name } });
    plan.namesakes.push(...sameName.filter(({ metadata }) => metadata[MARKS.project] !== project));
  }
  return plan;
}

/**
 * Takes the steps of the plan, one after the other.
 * @param onStep is told of each step that was taken
 */
export async function carryOut(
  client: CronClient,
  plan: Plan,
  onStep: (step: Step) => void = () => undefined,
): Promise<Reconciled> {
  const done: Step[] = [];
  const refused: Reconciled["refused"] = [];
  for (const step of plan.steps) {
    try {
      await take(client, step);
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      if (failure.kind === "unreachable") return { plan, done, refused, broken: failure };
      refused.push({ step, failure });
      continue;
    }
    done.push(step);
    onStep(step);
  }
  return { plan, done, refused, broken: null };
}

async function take(client: CronClient, step: Step): Promise<void> {
  switch (step.kind) {
    case "remove":
      await remove(client, step.cron);
      return;
    case "create":
      await create(client, step.declaration);
      return;
    case "change":
      await change(client, step.declaration, step.changes);
      return;
    case "replace":
      await replace(client, step.declaration, step.earlier);
  }
}

/** Somebody else may have removed it meanwhile. */
async function remove(client: CronClient, cron: Cron): Promise<void> {
  try {
    await client.remove(cron.cron_id);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Another deployment may have created the cron meanwhile: then it is changed where it differs. */
async function create(client: CronClient, declaration: Declaration): Promise<void> {
  await changeWhereItDiffers(
    client,
    declaration,
    await client.createWith(createBody(declaration), declaration.threadId),
  );
}

async function changeWhereItDiffers(client: CronClient, declaration: Declaration, cron: Cron): Promise<void> {
  const changes = changesOf(declaration, cron);
  if (changes !== null) await client.patch(cron.cron_id, changes.patch);
}

/** Somebody may have deleted it meanwhile. */
async function change(client: CronClient, declaration: Declaration, changes: CronChanges): Promise<void> {
  try {
    await client.patch(declaration.cronId, changes.patch);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await create(client, declaration);
  }
}

/**
 * The successor is created first, so that nothing is lost when the server refuses it, and disabled, so that the two never both
 * fire. Then the earlier cron is removed, and the successor enabled. If the connection breaks in between, the next
 * reconciliation goes on: the successor's metadata says that its last declaration had it disabled.
 */
async function replace(client: CronClient, declaration: Declaration, earlier: Cron): Promise<void> {
  // A pause by hand passes on to the successor, with its note.
  const first = earlier.enabled ? { ...declaration, enabled: false } : declaration;
  const successor = await client.createWith(createBody(first, false), declaration.threadId);
  if (!earlier.enabled && earlier.note !== null)
    await client.patch(successor.cron_id, { note: earlier.note });
  await remove(client, earlier);
  await changeWhereItDiffers(client, declaration, successor);
}

const isNotFound = (error: unknown): boolean => error instanceof Failure && error.kind === "notFound";
