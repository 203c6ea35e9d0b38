/** What the deployment configures: bindings, vars and secrets, read once into one validated Config. */
import { z } from "zod";
import { check } from "./request";
import type { CronDO } from "./crons/cron-do";
import type { ThreadDO } from "./threads/thread-do";

declare global {
  // The platform's own way to type `env` of "cloudflare:workers".
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Cloudflare {
    interface Env {
      CRON: DurableObjectNamespace<CronDO>;
      THREAD: DurableObjectNamespace<ThreadDO>;
      DB: D1Database;
      API_KEYS?: string;
      AUTH?: string;
      RUN_TIMEOUT_SECONDS?: string;
      WEBHOOK_SECRET?: string;
    }
  }
}

/** The bindings, vars and secrets of the Worker. */
export type Env = Cloudflare.Env;

/** Whether the text is a secret as the Standard Webhooks specification has them. */
const isWebhookSecret = (text: string): boolean =>
  /^whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);

const configSchema = z.object({
  API_KEYS: z
    .string()
    .default("")
    .transform((keys) => keys.split(/[\s,]+/).filter((key) => key !== "")),
  AUTH: z.enum(["keys", "open"]).default("keys"),
  RUN_TIMEOUT_SECONDS: z.coerce.number().int().min(1).max(86_400).default(3600),
  WEBHOOK_SECRET: z
    .string()
    .default("")
    .transform((secrets) => secrets.split(/[\s,]+/).filter((secret) => secret !== ""))
    .refine((secrets) => secrets.every(isWebhookSecret), "expected whsec_ and 24 to 64 bytes in base64"),
});

/** The validated settings. */
export interface Config {
  /** Keys that `x-api-key` may carry. */
  apiKeys: string[];
  /** True when requests need no key: local development, or a deployment that something else protects. */
  open: boolean;
  /** How long one attempt at a run may take, in ms, before the run ends with status `timeout`. */
  runTimeoutMs: number;
  /** What webhooks are signed with, each of them; none: they are not signed. */
  webhookSecrets: string[];
}

/**
 * The settings in `env`.
 * @throws request.invalid when a var has a value that it cannot have.
 */
export function readConfig(env: Env): Config {
  const vars = check(configSchema, env, "configuration");
  return {
    apiKeys: vars.API_KEYS,
    open: vars.AUTH === "open",
    runTimeoutMs: vars.RUN_TIMEOUT_SECONDS * 1000,
    webhookSecrets: vars.WEBHOOK_SECRET,
  };
}
