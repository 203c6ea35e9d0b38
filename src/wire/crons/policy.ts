/** What the owner of a cron may ask for beyond the platform: each field absent means what its default says. */
import type { ThreadTtl } from "../threads/thread";

/** As it stands in requests and answers, since it is stored and shown as it came. */
export interface CronPolicy {
  /** What is done about slots that came due while the server did not run. */
  catchup: "skip" | "latest" | "all";
  /** How late a slot may still be made up for. */
  catchup_window_seconds: number;
  /** Each firing is delayed by up to so much, by the same for the same slot. */
  jitter_seconds: number;
  /** Attempts at one run, the first included. */
  max_attempts: number;
  /** The wait before the second attempt; it doubles with each. */
  retry_delay_seconds: number;
  /** How long one attempt may take; null is the server's own limit. */
  run_timeout_seconds: number | null;
  /** The cron is paused after so many failed runs in a row; null is never. */
  pause_after_failures: number | null;
  /** Told of failed runs, missed slots and pauses. */
  alert_webhook: string | null;
  /** Runs in the life of the cron, those by hand included. */
  max_runs: number | null;
  /** Tokens in and out, by the days and months of UTC. */
  max_tokens_per_day: number | null;
  max_tokens_per_month: number | null;
  /** Of the threads that a stateless cron keeps, so many of the newest stay. */
  keep_threads: number | null;
  /** The time to live of the threads that it makes and keeps. */
  thread_ttl: ThreadTtl | null;
  /** Slots in the ledger, and their runs in the history. */
  history_limit: number;
}

export const DEFAULT_POLICY: CronPolicy = {
  catchup: "latest",
  catchup_window_seconds: 86_400,
  jitter_seconds: 0,
  max_attempts: 1,
  retry_delay_seconds: 30,
  run_timeout_seconds: null,
  pause_after_failures: null,
  alert_webhook: null,
  max_runs: null,
  max_tokens_per_day: null,
  max_tokens_per_month: null,
  keep_threads: null,
  thread_ttl: null,
  history_limit: 10_000,
};

export const POLICY_FIELDS = Object.keys(DEFAULT_POLICY) as (keyof CronPolicy)[];

/** The policy with what `fields` say: absent leaves a field, null makes it the default again. */
export function changedPolicy(
  policy: CronPolicy,
  fields: { [K in keyof CronPolicy]?: CronPolicy[K] | null | undefined },
): CronPolicy {
  const given = POLICY_FIELDS.filter((field) => fields[field] !== undefined);
  const changes = given.map((field) => [field, fields[field] ?? DEFAULT_POLICY[field]]);
  return { ...policy, ...(Object.fromEntries(changes) as Partial<CronPolicy>) };
}
