/**
 * What is to be done on a server so that its crons are as the project declares them. Working it out needs no call: it compares
 * the declarations with the crons that the server has.
 */
import type { Cron } from "../../src/wire/crons/cron";
import { changesOf, type CronChanges } from "./cron-changes.js";
import { declaredNameOf, isDeclaredBy } from "./declared-cron.js";
import type { Declaration } from "./declarations.js";

export type Step =
  /** A cron that is declared no longer. */
  | { kind: "remove"; name: string; cron: Cron }
  /** A cron that is not there. */
  | { kind: "create"; name: string; declaration: Declaration }
  /** A cron with another assistant or thread takes the place of the one that has the name so far. */
  | { kind: "replace"; name: string; declaration: Declaration; earlier: Cron }
  | { kind: "change"; name: string; declaration: Declaration; cron: Cron; changes: CronChanges };

export interface Plan {
  project: string;
  /** In the order in which they are taken: removals come first, so that a cron and its successor never both fire. */
  steps: Step[];
  /** Crons that are as declared already: the server is sent nothing about them. */
  unchanged: { declaration: Declaration; cron: Cron }[];
  /** Declarations whose end has passed before there was a cron: there is nothing to create. */
  ended: Declaration[];
  /** Crons of other projects with the name of one that is to be created. A project that was renamed would have both fire. */
  namesakes: Cron[];
}

/**
 * @param found crons of the server whose metadata names the project; others do not matter
 */
export function planOf(project: string, declarations: readonly Declaration[], found: readonly Cron[]): Plan {
  const ours = found.filter((cron) => isDeclaredBy(project, cron));
  const byId = new Map(ours.map((cron) => [cron.cron_id, cron]));
  const declaredIds = new Set(declarations.map(({ cronId }) => cronId));
  const stale = ours.filter((cron) => !declaredIds.has(cron.cron_id));

  const plan: Plan = { project, steps: [], unchanged: [], ended: [], namesakes: [] };
  const others: Step[] = [];
  const replaced = new Set<string>();
  for (const declaration of declarations) {
    const { name } = declaration;
    const cron = byId.get(declaration.cronId);
    if (cron !== undefined) {
      const changes = changesOf(declaration, cron);
      if (changes === null) plan.unchanged.push({ declaration, cron });
      else others.push({ kind: "change", name, declaration, cron, changes });
      continue;
    }
    if (declaration.preview.next.length === 0) {
      plan.ended.push(declaration);
      continue;
    }
    const earlier = stale.find((other) => declaredNameOf(other) === name);
    if (earlier === undefined) others.push({ kind: "create", name, declaration });
    else {
      replaced.add(earlier.cron_id);
      others.push({ kind: "replace", name, declaration, earlier });
    }
  }
  const removals = stale
    .filter(({ cron_id: id }) => !replaced.has(id))
    .map((cron): Step => ({ kind: "remove", name: declaredNameOf(cron) ?? cron.cron_id, cron }));
  plan.steps = [...removals, ...others];
  return plan;
}
