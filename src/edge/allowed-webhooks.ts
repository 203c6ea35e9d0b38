/** Refuses webhooks whose URLs langgraph.json does not allow, when they are asked for. */
import { settings } from "../graphs/registry";
import { DomainError } from "../platform/errors";
import { webhookRulesOf } from "../platform/webhook-rules";

// A malformed section stops the Worker when it starts, and not only when the first webhook is asked for.
webhookRulesOf(settings.webhooks);

/** @throws request.invalid naming the field */
export function requireAllowedWebhooks(fields: {
  webhook?: string | null;
  alert_webhook?: string | null;
}): void {
  const { refusal } = webhookRulesOf(settings.webhooks);
  for (const name of ["webhook", "alert_webhook"] as const) {
    const url = fields[name];
    const reason = typeof url === "string" ? refusal(url) : undefined;
    if (reason !== undefined)
      throw new DomainError("request.invalid", `${name}: ${reason}, as langgraph.json says`);
  }
}
