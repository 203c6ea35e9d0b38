/** Who may call: clients with an `x-api-key`, or, where access is open, everybody except the web pages of others. */
import type { Context, MiddlewareHandler } from "hono";
import { timingSafeEqual } from "hono/utils/buffer";
import { readConfig, type Config, type Env } from "../platform/config";
import { DomainError } from "../platform/errors";
import { logWarning } from "../platform/log";
import { isLoopback, isTrustedOrigin } from "./cors";

const NO_KEY_CONFIGURED =
  "this deployment has no API key and refuses every request: set one with " +
  "`wrangler secret put API_KEYS` (several are separated by commas), " +
  'or set the variable AUTH to "open" if something in front of it checks access';

let warned = false;

/**
 * Lets a request pass when its `x-api-key` header is one of the configured keys. With open access, {@link requireOwnCaller}
 * decides.
 * @throws request.unauthorized otherwise; with what to set, when no key is configured at all
 */
export const requireAccess: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  const config = readConfig(c.env);
  if (config.open) {
    warnOnce(config);
    requireOwnCaller(c, config);
  } else {
    await requireApiKey(config, c.req.header("x-api-key") ?? "");
  }
  await next();
};

async function requireApiKey({ apiKeys }: Config, given: string): Promise<void> {
  if (apiKeys.length === 0) throw new DomainError("request.unauthorized", NO_KEY_CONFIGURED);
  // Every key is compared, so that the time that this takes does not reveal which key matched.
  const matches = await Promise.all(apiKeys.map((key) => timingSafeEqual(given, key)));
  if (!matches.includes(true)) {
    throw new DomainError("request.unauthorized", "x-api-key: missing, or not a key of this deployment");
  }
}

/**
 * Refuses the requests of web pages of others, which a developer may have open in a browser. A server without keys can tell them
 * from the requests of its owner by these headers only. Command lines and SDKs outside a browser do not send the headers.
 * @throws request.forbidden
 */
function requireOwnCaller(c: Context<{ Bindings: Env }>, { dev }: Config): void {
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  if (dev === "loopback" && !isLoopback(host)) {
    throw new DomainError(
      "request.forbidden",
      `Host: "${host}" is not this machine; start the server with --ip to be reached by other names, or with AUTH=keys`,
    );
  }
  const origin = c.req.header("origin");
  if (origin !== undefined) {
    if (isTrustedOrigin(origin, c)) return;
    throw new DomainError(
      "request.forbidden",
      `Origin: pages of "${origin}" may not call a server with open access; name it in http.cors.allow_origins of ` +
        "langgraph.json, or use AUTH=keys",
    );
  }
  // Following a link only reads. Browsers send an Origin with every other kind of navigation.
  const isLink = c.req.method === "GET" && c.req.header("sec-fetch-mode") === "navigate";
  if (c.req.header("sec-fetch-site") === "cross-site" && !isLink) {
    throw new DomainError(
      "request.forbidden",
      "Sec-Fetch-Site: pages of other sites may not call a server with open access",
    );
  }
}

/** Logs a warning, because a deployment that anybody may use is seldom intended. */
function warnOnce({ dev }: Config): void {
  if (dev !== null || warned) return;
  warned = true;
  logWarning("AUTH is open: whoever reaches this deployment may read and change everything");
}
