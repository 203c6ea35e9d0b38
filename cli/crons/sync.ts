/** `edgecron crons sync`, and what `edgecron dev` and `edgecron deploy` do about declared crons. */
import type { Context } from "./context.js";
import type { CronClient } from "./cron-client.js";
import type { Declarations } from "./declaration-file.js";
import { Failure } from "./failures.js";
import type { Step } from "./plan.js";
import { refusedLine, remarks, stepLine, summary } from "./plan-text.js";
import { carryOut, planFor, type Reconciled } from "./reconcile.js";
import { plain, printJson, styled } from "./terminal.js";

export type SyncContext = Pick<Context, "client" | "terminal" | "json">;

/** For how long crons are tried again that the server refuses because their assistant is not there, and after which time each, in ms. */
export interface Patience {
  limitMs: number;
  everyMs: number;
}

const NONE: Patience = { limitMs: 0, everyMs: 0 };

/**
 * Makes the server's crons what the project declares, and prints what was done.
 * @param isDry prints what would be done, and does nothing
 * @throws Failure when the server refused something, or broke off; what was done is printed before
 */
export async function syncCrons(
  context: SyncContext,
  declarations: Declarations,
  isDry: boolean,
): Promise<void> {
  const result = await reconcileCrons(context, declarations, { isDry });
  if (!context.json) context.terminal.print(conclusion(result, isDry, context.client.url));
}

/**
 * Like {@link syncCrons}, but prints no conclusion when all went well.
 * @param patience for a version of the server that was deployed just now, which does not answer everywhere at once
 * @throws Failure
 */
export async function reconcileCrons(
  { client, terminal, json }: SyncContext,
  declarations: Declarations,
  { isDry = false, patience = NONE }: { isDry?: boolean; patience?: Patience },
): Promise<Reconciled> {
  const onStep = (step: Step): void => {
    if (!json) terminal.print(stepLine(terminal, step));
  };
  const result = isDry
    ? { plan: await planFor(client, declarations), done: [], refused: [], broken: null }
    : await reconcile(client, declarations, onStep, patience);
  const { plan } = result;
  if (json) printJson(terminal, asJson(result, isDry));
  else {
    if (isDry) for (const step of plan.steps) terminal.print(stepLine(terminal, step));
    for (const { step, failure } of result.refused)
      terminal.print(refusedLine(terminal, step, failure.message));
    const lines = [
      ...declarations.notes.map((note) => styled(terminal, "yellow", `Note: ${note}`)),
      ...remarks(terminal, plan),
    ];
    for (const line of lines) terminal.print(line);
  }
  const { broken, refused } = result;
  if (!json && (broken !== null || refused.length > 0)) terminal.print(conclusion(result, isDry, client.url));
  if (broken !== null) {
    const left = plan.steps.length - result.done.length - refused.length;
    throw new Failure(
      broken.kind,
      `${broken.message}; ${left} of ${plan.steps.length} changes are left: run this again`,
    );
  }
  const [first, ...others] = refused;
  if (first !== undefined) {
    // When all were refused for one reason, that is the reason of the whole.
    const kind = others.every(({ failure }) => failure.kind === first.failure.kind)
      ? first.failure.kind
      : "failed";
    throw new Failure(kind, `${refused.length} of ${plan.steps.length} changes were refused`);
  }
  return result;
}

async function reconcile(
  client: CronClient,
  declarations: Declarations,
  onStep: (step: Step) => void,
  { limitMs, everyMs }: Patience,
): Promise<Reconciled> {
  const until = Date.now() + limitMs;
  const done: Step[] = [];
  for (;;) {
    const result = await carryOut(client, await planFor(client, declarations), onStep);
    done.push(...result.done);
    const mayCome = result.refused.some(({ failure }) => failure.kind === "notFound");
    if (!mayCome || result.broken !== null || Date.now() >= until) return { ...result, done };
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function conclusion(result: Reconciled, isDry: boolean, url: string): string {
  const text = inWords(result, isDry);
  const { project, ended } = result.plan;
  if (text === "")
    return ended.length > 0 ? "Nothing is to be done." : `The project "${plain(project)}" declares no crons.`;
  return isDry ? `Dry run: nothing was changed at ${url}. It would be ${text}.` : `Crons at ${url}: ${text}.`;
}

/** Such as `1 created, 2 unchanged`; empty when nothing is declared or was declared before. */
export function inWords({ plan: { steps, unchanged }, done }: Reconciled, isDry = false): string {
  const asBefore = unchanged.filter(({ declaration }) => !done.some(({ name }) => name === declaration.name));
  return summary(isDry ? steps : done, asBefore.length);
}

/** For scripts. */
function asJson({ plan, done, refused, broken }: Reconciled, isDry: boolean): object {
  const shown = (step: Step): object => ({
    kind: step.kind,
    name: step.name,
    cron_id: "declaration" in step ? step.declaration.cronId : step.cron.cron_id,
    ...(step.kind === "change" && { differences: step.changes.differences }),
    ...(step.kind === "replace" && { earlier_cron_id: step.earlier.cron_id }),
  });
  return {
    project: plan.project,
    dry_run: isDry,
    steps: (isDry ? plan.steps : done).map(shown),
    unchanged: plan.unchanged.map(({ cron }) => cron.metadata.declared_name),
    refused: refused.map(({ step, failure }) => ({ ...shown(step), detail: failure.message })),
    complete: isDry ? plan.steps.length === 0 : broken === null && refused.length === 0,
  };
}
