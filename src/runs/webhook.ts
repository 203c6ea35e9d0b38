/** Calling a run's webhook when the run has ended. */
import { now, toIso } from "../clock";
import { logError } from "../log";
import { isPublicUrl } from "./public-url";
import { toWireRun } from "./run";
import type { RunStore, StoredRun } from "./run-store";

const LIMIT_MS = 15_000;
const MAX_ATTEMPTS = 6;

/** When to call again after so many attempts (ms since the epoch): after 10 s, 40 s, 160 s …; null when enough. */
export function nextWebhookAttempt(attempts: number): number | null {
  return attempts >= MAX_ATTEMPTS ? null : now() + 10_000 * 4 ** (attempts - 1);
}

/**
 * Posts the ended run and the values of its thread to its webhook.
 * @throws when it is not answered with a 2xx in time; a redirect is no answer.
 */
export async function callWebhook(run: StoredRun, url: string, values: unknown): Promise<void> {
  if (!isPublicUrl(url)) throw new Error("the webhook is not on a public host");
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...toWireRun(run),
      run_started_at: toIso(run.startAt),
      run_ended_at: toIso(run.updatedAt),
      webhook_sent_at: toIso(now()),
      values,
      ...(run.error === null ? {} : { error: run.error.message }),
    }),
    redirect: "manual",
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
}

/** Calls every webhook that is due; each attempt is counted before it is made, and none throws. */
export async function callDueWebhooks(
  runs: RunStore,
  valuesOf: (threadId: string) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    runs.dueWebhooks(now()).map(async (run) => {
      runs.countWebhookAttempt(run.runId, nextWebhookAttempt(run.webhookAttempts + 1));
      try {
        await callWebhook(run, run.kwargs.webhook ?? "", await valuesOf(run.threadId));
      } catch (error) {
        logError("the webhook could not be called", error, {
          run_id: run.runId,
          attempt: run.webhookAttempts + 1,
        });
        if (runs.get(run.runId)?.webhookAt !== null) return;
      }
      runs.endWebhook(run.runId);
    }),
  );
}
