/**
 * The fields of a cron's policy for people. What they mean and their defaults are those of the server: `vite.config.ts` takes them from
 * `src/wire/crons/policy.ts` when it builds the dashboard.
 */
import type { CronPolicy } from "../api/types";

export type PolicyField = keyof CronPolicy;

declare const CRON_POLICY: Readonly<
  Record<PolicyField, { readonly description: string; readonly defaultValue: CronPolicy[PolicyField] }>
>;

interface Wording {
  readonly label: string;
  /** Of a number. */
  readonly unit?: string;
  /** What null means, in a word or two. */
  readonly unset?: string;
}

const WORDING: Readonly<Record<PolicyField, Wording>> = {
  catchup: { label: "Catch up" },
  catchup_window_seconds: { label: "Catch-up window", unit: "s" },
  jitter_seconds: { label: "Jitter", unit: "s" },
  max_attempts: { label: "Attempts" },
  retry_delay_seconds: { label: "Wait before a retry", unit: "s" },
  run_timeout_seconds: { label: "Time limit of an attempt", unit: "s", unset: "the server's" },
  pause_after_failures: { label: "Pause after failures", unset: "never" },
  alert_webhook: { label: "Alert webhook", unset: "none" },
  max_runs: { label: "Runs in all", unset: "no limit" },
  max_tokens_per_day: { label: "Tokens a day", unset: "no limit" },
  max_tokens_per_month: { label: "Tokens a month", unset: "no limit" },
  keep_threads: { label: "Threads kept", unset: "all" },
  thread_ttl: { label: "Time to live of threads", unset: "the server's" },
  history_limit: { label: "Slots in the ledger" },
};

export const POLICY_FIELDS = Object.keys(WORDING) as readonly PolicyField[];

export const policyField = (name: PolicyField) => ({
  ...WORDING[name],
  ...CRON_POLICY[name],
  description: forForm(CRON_POLICY[name].description),
});

const isField = (name: string): name is PolicyField => name in WORDING;

/** Other fields by their labels, and nothing about null, which nobody types into a form. */
const forForm = (description: string): string =>
  description
    .replace(/ Null: [^.]*\.$/, "")
    .replace(/`(\w+)`/g, (_text, name: string) => `“${isField(name) ? WORDING[name].label : name}”`);

export const isDefault = (name: PolicyField, policy: CronPolicy): boolean =>
  policy[name] === CRON_POLICY[name].defaultValue;

/** The value of a field in words, such as `30 s` or `never`. */
export function policyText(name: PolicyField, value: CronPolicy[PolicyField]): string {
  const { unit, unset = "none" } = WORDING[name];
  if (value === null) return unset;
  if (typeof value === "object")
    return `${value.ttl} min, then ${value.strategy === "delete" ? "deleted" : "the latest state is kept"}`;
  if (typeof value === "string") return value;
  const number = value.toLocaleString("en-US");
  return unit === undefined ? number : `${number} ${unit}`;
}
