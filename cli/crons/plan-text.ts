/** What a reconciliation does, or would do, in words. */
import type { Difference } from "./cron-changes.js";
import { scheduleInWords } from "./cron-text.js";
import type { Declaration } from "./declarations.js";
import { labelOf } from "./find-cron.js";
import type { Plan, Step } from "./plan.js";
import { plain, styled, type Terminal } from "./terminal.js";
import { timeWithUtc } from "./times.js";

/** A longer value is cut off: a graph's input may be any size. */
const MAX_VALUE = 60;

/** One line for the step: what it does to which cron. */
export function stepLine(terminal: Terminal, step: Step): string {
  const name = styled(terminal, "bold", plain(step.name));
  switch (step.kind) {
    case "create":
      return `${styled(terminal, "green", "+")} ${name}  ${meaning(terminal, step.declaration)}`;
    case "change":
      return `${styled(terminal, "yellow", "~")} ${name}  ${differences(step.changes.differences)}`;
    case "replace":
      return (
        `${styled(terminal, "yellow", "±")} ${name}  another ${otherPart(step)}, so a new cron takes its place: ` +
        meaning(terminal, step.declaration)
      );
    case "remove":
      return `${styled(terminal, "red", "-")} ${name}  no longer declared`;
  }
}

/** What the schedule of a declaration means: in words, with its next time. */
export function meaning(terminal: Terminal, { sent, preview, enabled }: Declaration): string {
  const words = scheduleInWords({ schedule: preview.schedule, timezone: preview.timezone });
  const [next] = preview.next;
  if (next === undefined) return `${words}; it ended at ${plain(String(sent.end_time))}`;
  return `${words}; ${enabled ? `next ${timeWithUtc(terminal.zone, next.utc)}` : "disabled"}`;
}

const otherPart = ({ declaration, earlier }: Step & { kind: "replace" }): string =>
  declaration.threadId === earlier.thread_id ? "assistant" : "thread";

function differences(all: readonly Difference[]): string {
  if (all.length === 0) return "other fields are declared, with the values that they have";
  return all.map(({ field, before, after }) => `${field}: ${shown(before)} -> ${shown(after)}`).join(", ");
}

function shown(value: unknown): string {
  const text = value === undefined ? "none" : plain(JSON.stringify(value));
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}

/** A step that the server refused, with its reason. */
export const refusedLine = (terminal: Terminal, { name }: Step, reason: string): string =>
  styled(terminal, "red", `× ${plain(name)}  ${plain(reason)}`);

/** One line for the declaration: what its schedule means, and its next times. */
export function declarationLine(terminal: Terminal, declaration: Declaration): string {
  const [, ...later] = declaration.preview.next;
  const times = later.map(({ utc }) => timeWithUtc(terminal.zone, utc));
  return [`Cron "${plain(declaration.name)}": ${meaning(terminal, declaration)}`, ...times].join(", ");
}

/** What its owner should know of crons that nothing is done about. */
export function remarks(terminal: Terminal, plan: Plan): string[] {
  const paused = plan.unchanged.filter(({ cron, declaration }) => declaration.enabled && !cron.enabled);
  return [
    ...paused.map(({ cron }) => {
      const why = cron.note === null ? "" : `: ${plain(cron.note)}`;
      return `${labelOf(cron)} stays paused${why}. "edgecron crons resume" has it fire again.`;
    }),
    ...plan.ended.map(
      (declaration) => `${plain(declaration.name)} is not created: ${meaning(terminal, declaration)}.`,
    ),
    ...plan.namesakes.map(
      (cron) =>
        `The server also has a cron "${labelOf(cron)}" (${cron.cron_id}) of the project "${plain(String(cron.metadata.declared_by))}". ` +
        "If this project had that name before, both fire now: delete that one.",
    ),
  ].map((text) => styled(terminal, "yellow", `Note: ${text}`));
}

/** Such as `1 created, 2 unchanged`. */
export function summary(steps: readonly Step[], unchanged: number): string {
  const PAST = { create: "created", change: "changed", replace: "replaced", remove: "removed" } as const;
  const counts = (["create", "change", "replace", "remove"] as const).map((kind): [string, number] => [
    PAST[kind],
    steps.filter((step) => step.kind === kind).length,
  ]);
  return [...counts, ["unchanged", unchanged] as [string, number]]
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");
}
