/** What a webhook is sent: the run as it ended, as LangGraph's own server sends it. */
import { toWireRun } from "../../calls/run";
import { now, toIso, toIsoOrNull } from "../../platform/clock";
import { asDomainError, messageOf } from "../../platform/errors";
import { bytesOf } from "../../platform/json";
import type { StoredRun } from "../runs/run-row";

/** A larger body is sent without the values: receivers refuse it, and several may be in memory at once. */
export const MAX_BODY_BYTES = 4_000_000;

/**
 * The body. `values` is null where they cannot be sent, and `values_omitted` says why.
 * @param readValues reads the values that the run ended with
 */
export async function webhookBody(run: StoredRun, readValues: () => Promise<unknown>): Promise<string> {
  const ended = {
    // How far its own delivery has got is not its receiver's business.
    ...toWireRun({ ...run, webhook: null }),
    run_started_at: toIsoOrNull(run.startedAt),
    run_ended_at: toIso(run.updatedAt),
    webhook_sent_at: toIso(now()),
    ...(run.error === null ? {} : { error: run.error.message }),
  };
  const without = (reason: string): string =>
    JSON.stringify({ ...ended, values: null, values_omitted: reason });
  try {
    const body = JSON.stringify({ ...ended, values: await readValues() });
    const bytes = bytesOf(body);
    if (bytes <= MAX_BODY_BYTES) return body;
    return without(`with them the body has ${bytes} bytes, and at most ${MAX_BODY_BYTES} are sent`);
  } catch (error) {
    return without(asDomainError(error)?.detail ?? messageOf(error));
  }
}
