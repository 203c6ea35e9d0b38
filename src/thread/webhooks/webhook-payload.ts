/** The body of a webhook: the run as it ended, in the shape that LangGraph's own server sends. */
import { toWireRun } from "../../calls/run";
import { now, toIso, toIsoOrNull } from "../../platform/clock";
import { asDomainError, messageOf } from "../../platform/errors";
import { bytesOf, parseJson } from "../../platform/json";
import type { StoredRun } from "../runs/run-row";

/** Larger values are left out: many receivers refuse large bodies, and several bodies are in memory at the same time. */
export const MAX_BODY_BYTES = 4_000_000;

/** The part of the body that is fixed when the run ends: its values, or the reason why they are left out. */
export type FixedBodyPart = { values: unknown } | { values: null; values_omitted: string };

/**
 * The fixed part of the body, as JSON text. Never throws.
 * @param values the values that the run ended with. If they cannot be read, the text says why
 */
export async function fixedBodyPart(values: Promise<unknown>): Promise<string> {
  const omitted = (reason: string): string => JSON.stringify({ values: null, values_omitted: reason });
  try {
    const text = JSON.stringify({ values: await values } satisfies FixedBodyPart);
    const bytes = bytesOf(text);
    if (bytes <= MAX_BODY_BYTES) return text;
    return omitted(`they have ${bytes} bytes, and at most ${MAX_BODY_BYTES} are sent`);
  } catch (error) {
    return omitted(asDomainError(error)?.detail ?? messageOf(error));
  }
}

/** The body of the webhook, as JSON text. @param fixedPart the text that {@link fixedBodyPart} made for the run */
export function webhookBody(run: StoredRun, fixedPart: string): string {
  const currentPart = {
    // The receiver does not need the status of its own delivery.
    ...toWireRun({ ...run, webhook: null }),
    run_started_at: toIsoOrNull(run.startedAt),
    run_ended_at: toIso(run.updatedAt),
    webhook_sent_at: toIso(now()),
    ...(run.error === null ? {} : { error: run.error.message }),
  };
  return JSON.stringify({ ...currentPart, ...parseJson<FixedBodyPart>(fixedPart) });
}
