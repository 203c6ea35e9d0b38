/** The object of a cron, as others call it. */
import type { DurableObject } from "cloudflare:workers";
import type { Env } from "../platform/config";
import { calls } from "../platform/rpc";
import type { CronDO } from "../cron/cron-do";

/** The calls that others make; their results are plain JSON, so that they cross RPC as they are. */
export type CronCalls = Omit<CronDO, keyof DurableObject | "call">;

export const cronObject = (env: Env, cronId: string): CronCalls =>
  calls<CronCalls>(env.CRON.get(env.CRON.idFromName(cronId)));
