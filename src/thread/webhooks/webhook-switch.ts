/** `http.disable_webhooks` of langgraph.json: runs are executed, and none calls a webhook. */
import { z } from "zod";
import type { NewRun } from "../../calls/run";
import { settings } from "../../graphs/registry";

const section = z.looseObject({ disable_webhooks: z.boolean().nullish() }).nullish();

/** Whether the `http` section switches webhooks off. @throws when the setting is malformed */
function hasNoWebhooks(http: unknown): boolean {
  const parsed = section.safeParse(http);
  if (!parsed.success) throw new Error(`langgraph.json: http: ${z.prettifyError(parsed.error)}`);
  return parsed.data?.disable_webhooks === true;
}

// An invalid section stops the Worker when it starts, and not only when the first run is made.
hasNoWebhooks(settings.http);

/** The run without its webhook, where webhooks are switched off. */
export function withAllowedWebhook(run: NewRun): NewRun {
  if (run.kwargs.webhook === undefined || !hasNoWebhooks(settings.http)) return run;
  return { ...run, kwargs: { ...run.kwargs, webhook: undefined } };
}
