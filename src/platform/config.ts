/** The configuration of the deployment: bindings, variables and secrets, validated and read into one Config. */
import { z } from "zod";
import { check } from "./check";
import { asDomainError, DomainError, messageOf } from "./errors";
import type { CallableObject } from "./rpc";

declare global {
  // This namespace is how the platform's types declare the `env` of "cloudflare:workers".
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Cloudflare {
    interface Env {
      CRON: DurableObjectNamespace<CallableObject>;
      THREAD: DurableObjectNamespace<CallableObject>;
      DB: D1Database;
      API_KEYS?: string;
      AUTH?: string;
      CRON_CHAIN_DEPTH?: string;
      CRON_CHAIN_MAX?: string;
      D1_SIZE_LIMIT?: string;
      EDGECRON_DEV?: string;
      RUN_RECORD_DAYS?: string;
      RUN_TIMEOUT_SECONDS?: string;
      TENANTS?: string;
      WEBHOOK_SECRET?: string;
    }
  }
}

/** The bindings, vars and secrets of the Worker. */
export type Env = Cloudflare.Env;

/** Whether the text is a secret in the form of the Standard Webhooks specification. */
const isWebhookSecret = (text: string): boolean =>
  /^whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);

const DEFAULT_RUN_TIMEOUT_S = 3600;
const runTimeout = z.coerce.number().int().min(1).max(86_400).default(DEFAULT_RUN_TIMEOUT_S);

const MS_PER_DAY = 86_400_000;
/** Nothing but digits is a number of days. An empty text is a mistake, and not 0, which means for ever. */
const runRecordDays = z.coerce
  .string()
  .regex(/^\d{1,5}$/, "expected a whole number of days, or 0 for ever")
  .transform(Number)
  .default(30);

/** D1 counts in powers of ten: it is full at 10,000,000,000 bytes. */
const BYTES_PER_UNIT: Partial<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9 };
const DEFAULT_D1_SIZE_LIMIT = 10e9;
const LOWEST_D1_SIZE_LIMIT = 1e6;
const d1Size = z.coerce
  .string()
  .regex(
    /^\d{1,15} ?(KB|MB|GB)?$/,
    "expected a number of bytes, or a number with KB, MB or GB, such as 500 MB",
  )
  .transform((text) => Number.parseInt(text, 10) * (BYTES_PER_UNIT[text.slice(-2)] ?? 1))
  .refine((bytes) => bytes >= LOWEST_D1_SIZE_LIMIT, "expected at least 1 MB")
  .default(DEFAULT_D1_SIZE_LIMIT);

/** How many crons of a chain there may be at a time, and how deep it may be; see `planned-cron.ts`. */
const chainMax = z.coerce.number().int().min(0).max(1000).default(10);
const chainDepth = z.coerce.number().int().min(0).max(100).default(3);

const secretList = z
  .string()
  .default("")
  .transform((secrets) => secrets.split(/[\s,]+/).filter((secret) => secret !== ""))
  .refine((secrets) => secrets.every(isWebhookSecret), "expected whsec_ and 24 to 64 bytes in base64");

/** Shorter keys can be guessed. */
const SHORTEST_KEY = 16;

/** A key that requests may carry. */
export interface ApiKey {
  /** Whose key it is; null for a key of the administrators. Several keys may have one name. */
  name: string | null;
  key: string;
}

/** In `name:key`, the name. Other texts before a colon are a part of the key. */
const NAMED_KEY = /^([A-Za-z0-9][A-Za-z0-9_-]{0,63}):(.+)$/;

function toApiKey(text: string): ApiKey {
  const [, name, key] = NAMED_KEY.exec(text) ?? [];
  return name === undefined || key === undefined ? { name: null, key: text } : { name, key };
}

const isOneOwner = (one: ApiKey, other: ApiKey): boolean => one.key !== other.key || one.name === other.name;

const configSchema = z
  .object({
    API_KEYS: z
      .string()
      .default("")
      .transform((keys) =>
        keys
          .split(/[\s,]+/)
          .filter((key) => key !== "")
          .map(toApiKey),
      ),
    AUTH: z.enum(["keys", "open"]).default("keys"),
    TENANTS: z.enum(["isolated"]).optional(),
    RUN_TIMEOUT_SECONDS: runTimeout,
    RUN_RECORD_DAYS: runRecordDays,
    D1_SIZE_LIMIT: d1Size,
    CRON_CHAIN_MAX: chainMax,
    CRON_CHAIN_DEPTH: chainDepth,
    WEBHOOK_SECRET: secretList,
    EDGECRON_DEV: z.enum(["loopback", "any"]).optional(),
  })
  .refine(
    ({ API_KEYS: keys, EDGECRON_DEV: dev }) =>
      dev !== undefined || keys.every(({ key }) => key.length >= SHORTEST_KEY),
    { path: ["API_KEYS"], message: `expected keys of at least ${SHORTEST_KEY} characters` },
  )
  .refine(({ AUTH, TENANTS }) => AUTH !== "open" || TENANTS === undefined, {
    path: ["TENANTS"],
    message: "tenants are told apart by their keys, which nobody needs with AUTH=open",
  })
  .refine(({ API_KEYS: keys }) => keys.every((one) => keys.every((other) => isOneOwner(one, other))), {
    path: ["API_KEYS"],
    message: "expected each key under one name only",
  });

/** The validated settings. */
export interface Config {
  /** Keys that `x-api-key` may carry. */
  apiKeys: ApiKey[];
  /** True when requests need no key: local development, or a deployment that something else protects. */
  open: boolean;
  /**
   * Set by `npm run dev`: whether the local server is to be reached by this machine's own names only. Null for a deployment.
   */
  dev: "loopback" | "any" | null;
}

/**
 * The validated settings of the deployment. All settings are checked, also those that Config does not contain.
 * @throws server.misconfigured naming the wrong setting, which the operator has to correct
 */
export function readConfig(env: Env): Config {
  const known = configs.get(env);
  if (known !== undefined) return known;
  const vars = checked(configSchema, env);
  const config = {
    apiKeys: vars.API_KEYS,
    open: vars.AUTH === "open",
    dev: vars.EDGECRON_DEV ?? null,
  };
  configs.set(env, config);
  return config;
}

/** The settings that were checked already. Every request needs them, and the bindings of an isolate never change. */
const configs = new WeakMap<Env, Config>();

/**
 * How long one attempt at a run may take, in ms, before the run ends with status `timeout`. When the setting is wrong, the default
 * holds: requests are refused until the operator corrects it, but crons go on.
 */
export function runTimeoutMs(env: Env): number {
  const { data: seconds = DEFAULT_RUN_TIMEOUT_S } = runTimeout.safeParse(env.RUN_TIMEOUT_SECONDS);
  return seconds * 1000;
}

/**
 * How long D1 keeps the record of a run after its end, in ms; null for ever. When the setting is wrong, records are kept too:
 * what is removed cannot be brought back when the operator has corrected it.
 */
export function runRecordMs(env: Env): number | null {
  const { data: days = 0 } = runRecordDays.safeParse(env.RUN_RECORD_DAYS);
  return days === 0 ? null : days * MS_PER_DAY;
}

/** The size at which D1 is full, in bytes. When the setting is wrong, the default holds. */
export function d1SizeLimit(env: Env): number {
  return d1Size.safeParse(env.D1_SIZE_LIMIT).data ?? DEFAULT_D1_SIZE_LIMIT;
}

/** How many crons that runs of crons made may come of one cron, and how deep. @throws server.misconfigured */
export function chainLimits(env: Env): { most: number; deepest: number } {
  const { CRON_CHAIN_MAX: most, CRON_CHAIN_DEPTH: deepest } = checked(
    z.object({ CRON_CHAIN_MAX: chainMax, CRON_CHAIN_DEPTH: chainDepth }),
    env,
  );
  return { most, deepest };
}

/** LangChain traces runs when one of these variables is "true". */
const TRACING_SWITCHES = [
  "LANGSMITH_TRACING_V2",
  "LANGCHAIN_TRACING_V2",
  "LANGSMITH_TRACING",
  "LANGCHAIN_TRACING",
];

/** Whether the variables of LangSmith ask for traces. LangChain reads them from the process, as graphs do. */
export const isTracingEnabled = (): boolean => TRACING_SWITCHES.some((name) => process.env[name] === "true");

/** The secrets; each webhook is signed with each of them. Without any, webhooks are not signed. @throws server.misconfigured */
export const webhookSecrets = (env: Env): string[] =>
  checked(z.object({ WEBHOOK_SECRET: secretList }), env).WEBHOOK_SECRET;

function checked<S extends z.ZodType>(schema: S, env: Env): z.output<S> {
  try {
    return check(schema, env, "configuration");
  } catch (error) {
    throw new DomainError(
      "server.misconfigured",
      `the server is misconfigured: ${asDomainError(error)?.detail ?? messageOf(error)}`,
    );
  }
}
