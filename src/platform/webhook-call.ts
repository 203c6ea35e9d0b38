/** Makes one call of a webhook, signed as the Standard Webhooks specification says (https://www.standardwebhooks.com). */
import { Webhook } from "standardwebhooks";
import { now } from "./clock";
import { isPublicUrl } from "./public-url";
import { WEBHOOK_CALL_MS } from "./time-limits";

/** Attempts at one webhook or alert before it is given up; see WEBHOOK_BACKOFF for the time between them. */
export const MAX_WEBHOOK_ATTEMPTS = 8;

/** A failure that another attempt would not change. */
export class FinalFailure extends Error {}

/** A call of a webhook: what is sent, and where. */
export interface WebhookCall {
  url: string;
  /** The id is the same for all attempts, so that a receiver can recognise a repetition. */
  id: string;
  body: string;
  /** Headers that langgraph.json adds to each call. */
  headers: Record<string, string>;
  /** The body is signed with each secret. There are two while one replaces the other. Without any, the call is not signed. */
  secrets: string[];
}

/**
 * Posts the body.
 * @throws FinalFailure when another attempt would be useless, Error when no 2xx came in time; a redirect is not followed
 */
export async function callWebhook({ url, id, body, headers, secrets }: WebhookCall): Promise<void> {
  // The URL was checked when the run was made, but maybe by an earlier version of the server with other rules.
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
        ...headers,
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
  // Nobody reads the body of the answer. It is cancelled because an unread body keeps the connection open.
  response.body?.cancel().catch(() => undefined);
  if (response.ok) return;
  const message = `answered with ${response.status}`;
  // The specification says that a receiver answers 410 when it wants no more calls.
  throw response.status === 410 ? new FinalFailure(message) : new Error(message);
}
