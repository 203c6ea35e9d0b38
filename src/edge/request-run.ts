/** From a request to the run that it asks for. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import type { Context } from "hono";
import { newRun } from "../calls/new-run";
import type { NewRun } from "../calls/run";
import { threadObject } from "../calls/thread-calls";
import { getRecentAssistant } from "../d1/assistants-table";
import { check } from "../platform/check";
import type { Env } from "../platform/config";
import { DomainError } from "../platform/errors";
import { checkpointReference, runCreate, runWait, type RunCreate } from "../wire/runs/run";
import { configurableHeaders } from "./configurable-headers";
import { readBody } from "./request";
import { statelessThreadId } from "./stateless-thread";

/** A run that was asked for, and what is to become of it when nobody waits for it any more. */
export interface RunRequest {
  run: NewRun;
  cancelOnDisconnect: boolean;
}

/**
 * The run that the body asks for; nothing is stored yet.
 * @param threadId null for a stateless run
 * @throws request.invalid, assistant.not_found
 */
export async function readRun(
  c: Context<{ Bindings: Env }>,
  threadId: string | null,
  schema: typeof runCreate | typeof runWait = runCreate,
): Promise<RunRequest> {
  return requestRun(c, await readBody(c, schema), threadId);
}

/** Like {@link readRun}, from a body that has been read. */
export async function requestRun(
  c: Context<{ Bindings: Env }>,
  body: RunCreate,
  threadId: string | null,
): Promise<RunRequest> {
  const from = (["checkpoint_id", "checkpoint"] as const).find((field) => body[field] !== undefined);
  if (threadId === null && from !== undefined) {
    throw new DomainError("request.invalid", `${from}: a stateless run has no checkpoint to start from`);
  }
  const assistant = await getRecentAssistant(c.env.DB, body.assistant_id);
  const runId = uuid7();
  const configurable = { ...body.config?.configurable, ...configurableHeaders(c.req.raw.headers) };
  const fields = {
    ...body,
    config: { ...body.config, configurable },
    checkpoint: threadId === null ? undefined : startOf(body),
  };
  const run = newRun(fields, assistant, {
    runId,
    threadId: threadId ?? statelessThreadId(body, runId, placeOf(c)),
    stateless: threadId === null,
  });
  return { run, cancelOnDisconnect: body.on_disconnect !== "continue" };
}

/** The checkpoint to start from, which may be named where LangGraph's own configs name it. */
function startOf(body: RunCreate): RunCreate["checkpoint"] {
  if (body.checkpoint !== undefined || body.checkpoint_id !== undefined) return body.checkpoint;
  const { checkpoint_id, checkpoint_ns, checkpoint_map } = body.config?.configurable ?? {};
  if (checkpoint_id === undefined || checkpoint_id === null) return undefined;
  return check(checkpointReference, { checkpoint_id, checkpoint_ns, checkpoint_map }, "config.configurable");
}

/** The data centre that serves the request; none locally. */
function placeOf(c: Context): string {
  const colo = c.req.raw.cf?.colo;
  return typeof colo === "string" ? colo : "";
}

/** Stops the run if the client goes away before the answer. */
export function cancelWhenGone(c: Context<{ Bindings: Env }>, threadId: string, runId: string): void {
  c.req.raw.signal.addEventListener("abort", () => {
    const cancelled = threadObject(c.env, threadId).cancelRun(threadId, runId, "interrupt", false);
    // It may have ended, and its thread with it: all the better.
    c.executionCtx.waitUntil(cancelled.catch(() => undefined));
  });
}
