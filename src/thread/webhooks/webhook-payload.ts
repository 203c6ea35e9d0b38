/** What a webhook is sent: the run as it ended, as LangGraph's own server sends it. */
import { toWireRun } from "../../calls/run";
import { now, toIso, toIsoOrNull } from "../../platform/clock";
import { asDomainError, messageOf } from "../../platform/errors";
import { bytesOf, parseJson } from "../../platform/json";
import type { StoredRun } from "../runs/run-row";

/** A larger body is sent without the values: receivers refuse it, and several may be in memory at once. */
export const MAX_BODY_BYTES = 4_000_000;

/** What of a body is fixed when the run ends: its values, or why they cannot be sent. */
export type WebhookEnd = { values: unknown } | { values: null; values_omitted: string };

/**
 * The fixed part of the body, as JSON text.
 * @param readValues reads the values that the run ended with
 */
export async function webhookEnd(readValues: () => Promise<unknown>): Promise<string> {
  const without = (reason: string): string => JSON.stringify({ values: null, values_omitted: reason });
  try {
    const text = JSON.stringify({ values: await readValues() } satisfies WebhookEnd);
    const bytes = bytesOf(text);
    if (bytes <= MAX_BODY_BYTES) return text;
    return without(`they have ${bytes} bytes, and at most ${MAX_BODY_BYTES} are sent`);
  } catch (error) {
    return without(asDomainError(error)?.detail ?? messageOf(error));
  }
}

/** The body: the run as it ended, with what {@link webhookEnd} gave for it. */
export function webhookBody(run: StoredRun, end: string): string {
  const ended = {
    // How far its own delivery has got is not its receiver's business.
    ...toWireRun({ ...run, webhook: null }),
    run_started_at: toIsoOrNull(run.startedAt),
    run_ended_at: toIso(run.updatedAt),
    webhook_sent_at: toIso(now()),
    ...(run.error === null ? {} : { error: run.error.message }),
  };
  return JSON.stringify({ ...ended, ...parseJson<WebhookEnd>(end) });
}
