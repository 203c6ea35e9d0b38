/** One call of a webhook, signed as the Standard Webhooks specification says (https://www.standardwebhooks.com). */
import { Webhook } from "standardwebhooks";
import { now } from "./clock";
import { isPublicUrl } from "./public-url";
import { WEBHOOK_CALL_MS } from "./time-limits";

/** Attempts at one webhook or alert before it is given up; see WEBHOOK_BACKOFF for the time between them. */
export const MAX_WEBHOOK_ATTEMPTS = 8;

/** A failure that another attempt would not change. */
export class FinalFailure extends Error {}

/** What is sent where. */
export interface WebhookCall {
  url: string;
  /** The same over all attempts: by it a receiver tells a repetition. */
  id: string;
  body: string;
  /** Each signs; two while one replaces the other. None: unsigned. */
  secrets: string[];
}

/** Posts the body. @throws when it is not answered with a 2xx in time; a redirect is no answer. */
export async function callWebhook({ url, id, body, secrets }: WebhookCall): Promise<void> {
  // Checked when the run was made, maybe by an earlier version with other rules.
  if (!isPublicUrl(url)) throw new FinalFailure("not a URL on a public host");
  const at = new Date(now());
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, body));
  // Not AbortSignal.timeout: its timer would outlive the call and keep the object awake.
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, WEBHOOK_CALL_MS);
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
        ...(signatures.length === 0 ? {} : { "webhook-signature": signatures.join(" ") }),
      },
      body,
      redirect: "manual",
      signal: controller.signal,
    });
  } catch (error) {
    throw controller.signal.aborted ? new Error(`no answer within ${WEBHOOK_CALL_MS / 1000} s`) : error;
  } finally {
    clearTimeout(timer);
  }
  // What it says besides is of no interest, and left unread it would hold the connection.
  response.body?.cancel().catch(() => undefined);
  if (response.ok) return;
  const message = `answered with ${response.status}`;
  // By the specification: the receiver wants no more.
  throw response.status === 410 ? new FinalFailure(message) : new Error(message);
}
