/** Makes the run that a request asks for. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { standingThreadId } from "../calls/thread-id";
import { newRun } from "../calls/new-run";
import { storableUser } from "../calls/user";
import type { NewRun } from "../calls/run";
import type { ThreadCalls } from "../calls/thread-calls";
import { check } from "../platform/check";
import { DomainError } from "../platform/errors";
import { checkpointReference, type RunCreate } from "../wire/runs/run";
import { requireAllowedWebhooks } from "./allowed-webhooks";
import { userOf, type EdgeContext } from "./caller";
import { configurableHeaders } from "./configurable-headers";
import type { Permissions } from "./permissions";
import { usableAssistant } from "./usable-assistant";

/** A run that was asked for, and whether it is cancelled when its client disconnects. */
export interface RunRequest {
  run: NewRun;
  /** The object of the run's thread, as far as the caller may see the thread. */
  thread: ThreadCalls;
  cancelOnDisconnect: boolean;
}

/**
 * Makes the run that a body asks for. Nothing is stored yet.
 * @param threadId null for a stateless run
 * @throws request.invalid, assistant.not_found; request.forbidden, AuthRefusal
 */
export async function requestRun(
  c: EdgeContext,
  access: Permissions<"threads:create_run" | "assistants:read">,
  sent: RunCreate,
  threadId: string | null,
): Promise<RunRequest> {
  const mayBeShortLived = threadId === null && !needsOwnObject(sent);
  // The id of a short-lived thread has the first digits of the run's id, which must therefore be random.
  const runId = mayBeShortLived ? crypto.randomUUID() : uuid7();
  const { filter, body } = await access.askForRun(sent, { threadId, runId });
  const checkpointField = (["checkpoint_id", "checkpoint"] as const).find(
    (field) => body[field] !== undefined,
  );
  if (threadId === null && checkpointField !== undefined) {
    throw new DomainError(
      "request.invalid",
      `${checkpointField}: a stateless run has no checkpoint to start from`,
    );
  }
  requireAllowedWebhooks(body);
  const assistant = await usableAssistant(c, access, body.assistant_id);
  // The handler may have asked for what a short-lived thread does not have.
  const isShortLived = mayBeShortLived && !needsOwnObject(body);
  const configurable = { ...body.config?.configurable, ...configurableHeaders(c.req.raw.headers) };
  const fields = {
    ...body,
    config: { ...body.config, configurable },
    checkpoint: threadId === null ? undefined : startCheckpoint(body),
  };
  const run = newRun(fields, assistant, {
    runId,
    threadId: threadId ?? (isShortLived ? shortLivedThreadId(runId, dataCentreOf(c)) : uuid7()),
    stateless: threadId === null,
    user: storableUser(userOf(c)),
  });
  const thread = access.threadPassing(filter, run.threadId);
  return { run, thread, cancelOnDisconnect: body.on_disconnect !== "continue" };
}

/** The checkpoint to start from. A request may also name it in `config.configurable`, as LangGraph's own configs do. */
function startCheckpoint(body: RunCreate): RunCreate["checkpoint"] {
  if (body.checkpoint !== undefined || body.checkpoint_id !== undefined) return body.checkpoint;
  const { checkpoint_id, checkpoint_ns, checkpoint_map } = body.config?.configurable ?? {};
  if (checkpoint_id === undefined || checkpoint_id === null) return undefined;
  return check(checkpointReference, { checkpoint_id, checkpoint_ns, checkpoint_map }, "config.configurable");
}

/** The code of the data centre that serves the request. Empty on a developer's machine. */
function dataCentreOf(c: EdgeContext): string {
  const colo = c.req.raw.cf?.colo;
  return typeof colo === "string" ? colo : "";
}

/**
 * Cancels the run if the client disconnects before the answer, or has disconnected already. A run that is to be created must have been
 * asked for before: the object handles its calls in order.
 * @param thread the object of the run's thread, as far as the client may change the thread
 */
export function cancelWhenGone(c: EdgeContext, thread: ThreadCalls, threadId: string, runId: string): void {
  const { signal } = c.req.raw;
  const cancel = (): void => {
    const cancelled = thread.cancelRun(threadId, runId, "interrupt", false);
    // A failure does not matter: the run may have ended, and its thread may be gone with it.
    c.executionCtx.waitUntil(cancelled.catch(() => undefined));
  };
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel);
}

/**
 * How many standing objects stateless runs share in each data centre. One object executes some hundred short runs a second, and
 * all its runs share one JavaScript thread.
 */
const STANDING_OBJECTS = 16;

/**
 * The id of the thread that is made for most stateless runs. The id says which object holds the thread: these runs share a few
 * standing objects, since a new object costs more than a short run; see docs/decisions/0007-stateless-runs-share-objects.md.
 * @param dataCentre the data centre near the client: an object stays where it was first called from
 */
function shortLivedThreadId(runId: string, dataCentre: string): string {
  const object = Number.parseInt(runId.slice(-4), 16) % STANDING_OBJECTS;
  return standingThreadId(`stateless ${dataCentre} ${object}`, runId);
}

/** Whether the run gets an object of its own: something of it stays after its end, or it may end late. */
const needsOwnObject = (body: RunCreate): boolean =>
  body.on_completion === "keep" ||
  body.webhook !== undefined ||
  body.stream_resumable === true ||
  body.interrupt_before !== undefined ||
  body.interrupt_after !== undefined ||
  (body.after_seconds ?? 0) > 0;
