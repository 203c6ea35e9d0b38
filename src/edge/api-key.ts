/** Access by `x-api-key`, compared in constant time. */
import type { MiddlewareHandler } from "hono";
import { timingSafeEqual } from "hono/utils/buffer";
import { readConfig, type Env } from "../platform/config";
import { DomainError } from "../platform/errors";

const NO_KEY_CONFIGURED =
  "this deployment has no API key and refuses every request: set one with " +
  "`wrangler secret put API_KEYS` (several are separated by commas), " +
  'or set the variable AUTH to "open" if something in front of it checks access';

/**
 * Lets a request pass when its `x-api-key` header is one of the configured keys.
 * @throws request.unauthorized otherwise; with what to set, when no key is configured at all.
 */
export const requireApiKey: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  const { apiKeys, open } = readConfig(c.env);
  if (!open) {
    if (apiKeys.length === 0) throw new DomainError("request.unauthorized", NO_KEY_CONFIGURED);
    const given = c.req.header("x-api-key") ?? "";
    // Every key is compared, so that the time taken tells nothing of which one matched.
    const matches = await Promise.all(apiKeys.map((key) => timingSafeEqual(given, key)));
    if (!matches.includes(true)) {
      throw new DomainError("request.unauthorized", "x-api-key: missing, or not a key of this deployment");
    }
  }
  await next();
};
