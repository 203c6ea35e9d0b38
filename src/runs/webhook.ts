/** Calling a run's webhook when the run has ended. */
import { now, toIso } from "../clock";
import { logError } from "../log";
import { isPublicUrl } from "./public-url";
import { toWireRun } from "./run";
import type { RunStore, StoredRun } from "./run-store";

const LIMIT_MS = 15_000;
const MAX_ATTEMPTS = 6;

/** When to call again after so many attempts (ms since the epoch): 10 s, 40 s, 160 s … after the last has timed out. */
const nextAttempt = (attempts: number): number => now() + LIMIT_MS + 10_000 * 4 ** (attempts - 1);

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
      const attempt = run.webhookAttempts + 1;
      if (attempt > MAX_ATTEMPTS) {
        runs.endWebhook(run.runId);
        return;
      }
      runs.countWebhookAttempt(run.runId, nextAttempt(attempt));
      try {
        await callWebhook(run, run.kwargs.webhook ?? "", await valuesOf(run.threadId));
        runs.endWebhook(run.runId);
      } catch (error) {
        logError("the webhook could not be called", error, { run_id: run.runId, attempt });
        if (attempt === MAX_ATTEMPTS) runs.endWebhook(run.runId);
      }
    }),
  );
}
