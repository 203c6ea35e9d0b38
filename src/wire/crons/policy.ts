/**
 * What the owner of a cron may ask for beyond the platform. Each field is one entry of {@link POLICY}: what a request may send,
 * what an answer shows, the default and the meaning. Types, defaults, request schemas, answers and OpenAPI follow from it.
 */
import { z } from "zod";
import { webhookUrl } from "../runs/payload";
import { shownThreadTtl, threadTtl } from "../threads/ttl";

/** The values that a field takes: as requests send them, and as answers show them. */
interface Values<Request extends z.ZodType, Answer extends z.ZodType> {
  request: Request;
  answer: Answer;
}

/** A field with a default. In a request, null stands for the default. */
const field = <Request extends z.ZodType, Answer extends z.ZodType>(
  { request, answer }: Values<Request, Answer>,
  defaultValue: z.output<Answer>,
  description: string,
) => ({
  request: request.nullish().meta({ description }),
  answer: answer.meta({ description }),
  defaultValue,
});

/** A field that is null unless the owner sets it. */
const unsetField = <Request extends z.ZodType, Answer extends z.ZodType>(
  { request, answer }: Values<Request, Answer>,
  description: string,
) => field({ request, answer: answer.nullable() }, null as z.output<z.ZodNullable<Answer>>, description);

const wholeNumber = (min: number, max: number) => ({
  request: z.number().int().min(min).max(max),
  answer: z.int(),
});

const catchup = z.enum(["skip", "latest", "all"]);
const YEAR_SECONDS = 31_536_000;

const POLICY = {
  catchup: field(
    { request: catchup, answer: catchup },
    "latest",
    "What is done about slots that came due while the server did not run: none of them is run, the latest is run, or all are run one after the other.",
  ),
  catchup_window_seconds: field(
    wholeNumber(0, YEAR_SECONDS),
    86_400,
    "A slot that is later than this is not made up for.",
  ),
  jitter_seconds: field(
    wholeNumber(0, 86_400),
    0,
    "Each slot is delayed by up to this many seconds. The delay of a slot is always the same.",
  ),
  max_attempts: field(wholeNumber(1, 10), 1, "How many attempts a run has, the first included."),
  retry_delay_seconds: field(
    wholeNumber(1, 3600),
    30,
    "The wait before the second attempt. It doubles with each further attempt, up to an hour.",
  ),
  run_timeout_seconds: unsetField(
    wholeNumber(1, 86_400),
    "How many seconds one attempt may take, if that is less than the server allows. Null: as long as the server allows.",
  ),
  pause_after_failures: unsetField(
    wholeNumber(1, 100),
    "The cron is paused after this many failed runs in a row. Null: never.",
  ),
  alert_webhook: unsetField(
    { request: webhookUrl, answer: z.string() },
    "The URL that is posted to when a run of the cron fails, when a slot is missed, when the server pauses the cron and when the thread of a run is short of space. The call is retried and signed like that of other webhooks.",
  ),
  max_runs: unsetField(
    wholeNumber(1, 1_000_000_000),
    "How many runs the cron makes in all, runs by hand included. Slots after that are skipped.",
  ),
  max_tokens_per_day: unsetField(
    wholeNumber(1, Number.MAX_SAFE_INTEGER),
    "How many tokens the runs of a day (UTC) may use, input and output together. When they are used up, the further slots of the day are skipped.",
  ),
  max_tokens_per_month: unsetField(
    wholeNumber(1, Number.MAX_SAFE_INTEGER),
    "How many tokens the runs of a month (UTC) may use, as `max_tokens_per_day` says for a day.",
  ),
  keep_threads: unsetField(
    wholeNumber(1, 1000),
    "How many threads a stateless cron keeps: the newest ones, and those with a run or an interrupt that waits. Null: all.",
  ),
  thread_ttl: unsetField(
    { request: threadTtl, answer: shownThreadTtl },
    "The time to live of the threads that the cron makes and keeps.",
  ),
  history_limit: field(
    wholeNumber(10, 100_000),
    10_000,
    "How many slots the ledger keeps. The runs of older slots leave the history together with them.",
  ),
};

type Policy = typeof POLICY;

/** The policy as it is stored and as answers show it. */
export type CronPolicy = { [Field in keyof Policy]: z.output<Policy[Field]["answer"]> };

export const POLICY_FIELDS = Object.keys(POLICY) as (keyof Policy)[];

const eachField = <Part extends keyof Policy[keyof Policy]>(part: Part) =>
  Object.fromEntries(POLICY_FIELDS.map((name) => [name, POLICY[name][part]])) as {
    [Field in keyof Policy]: Policy[Field][Part];
  };

export const DEFAULT_POLICY: CronPolicy = eachField("defaultValue");

/** The fields of the policy in requests: an absent field stays as it is, and null stands for the default. */
export const policyRequestFields = eachField("request");

export const policyAnswerFields = eachField("answer");

/** The policy with the fields of a request: an absent field stays as it is, and null sets the default again. */
export function changedPolicy(
  policy: CronPolicy,
  fields: { [Field in keyof CronPolicy]?: CronPolicy[Field] | null | undefined },
): CronPolicy {
  const given = POLICY_FIELDS.filter((name) => fields[name] !== undefined);
  const changes = given.map((name) => [name, fields[name] ?? DEFAULT_POLICY[name]]);
  return { ...policy, ...(Object.fromEntries(changes) as Partial<CronPolicy>) };
}
