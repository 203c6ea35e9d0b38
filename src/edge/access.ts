/**
 * Who calls: whom the project's `Auth` knows, clients with an `x-api-key`, or, where access is open, everybody except the web pages
 * of others.
 */
import type { MiddlewareHandler } from "hono";
import { timingSafeEqual } from "hono/utils/buffer";
import { authenticate } from "../auth/authenticate";
import { projectHandlers } from "../auth/handlers";
import type { User } from "../calls/user";
import { settings } from "../graphs/registry";
import { readConfig, type Config, type Env } from "../platform/config";
import { DomainError } from "../platform/errors";
import { logWarning } from "../platform/log";
import type { App, Caller, EdgeContext } from "./caller";
import { isLoopback, isTrustedOrigin } from "./cors";

const NO_KEY_CONFIGURED =
  "this deployment has no API key and refuses every request: set one with " +
  "`wrangler secret put API_KEYS` (several are separated by commas), " +
  'or set the variable AUTH to "open" if something in front of it checks access';

/**
 * Notes who calls, and refuses those who may not. The project's `Auth` decides, if there is one. Otherwise the `x-api-key` header
 * has to be one of the configured keys. With open access, {@link requireOwnCaller} decides.
 * @throws request.unauthorized or AuthRefusal; with what to set, when no key is configured at all
 */
export const requireAccess: MiddlewareHandler<App> = async (c, next) => {
  c.set("caller", await callerOf(c));
  await next();
};

async function callerOf(c: EdgeContext): Promise<Caller> {
  const handlers = projectHandlers();
  // LangGraph's SDKs and tools ask for it before they have credentials.
  if (handlers !== undefined && c.req.path === "/info") return "administrator";
  // The function gets a request of its own, so that the route can still read the body.
  if (handlers !== undefined) return authenticate(handlers, c.req.raw.clone());
  const config = readConfig(c.env);
  if (!config.open) return ownerOfKey(config, c.req.header("x-api-key") ?? "");
  requireOwnCaller(c, config);
  return "administrator";
}

/** Whose key it is. A key without a name is one of the administrators. @throws request.unauthorized */
async function ownerOfKey({ apiKeys }: Config, given: string): Promise<Caller> {
  if (apiKeys.length === 0) throw new DomainError("request.unauthorized", NO_KEY_CONFIGURED);
  // Every key is compared, so that the time that this takes does not reveal which key matched.
  const matches = await Promise.all(apiKeys.map(({ key }) => timingSafeEqual(given, key)));
  const found = apiKeys[matches.indexOf(true)];
  if (found === undefined) {
    throw new DomainError("request.unauthorized", "x-api-key: missing, or not a key of this deployment");
  }
  return found.name === null ? "administrator" : userNamed(found.name);
}

const userNamed = (name: string): User => ({
  identity: name,
  permissions: [],
  display_name: name,
  is_authenticated: true,
});

/**
 * Refuses the requests of web pages of others, which a developer may have open in a browser. A server without keys can tell them
 * from the requests of its owner by these headers only. Command lines and SDKs outside a browser do not send the headers.
 * @throws request.forbidden
 */
function requireOwnCaller(c: EdgeContext, { dev }: Config): void {
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

/** Logs a warning when a deployment starts that anybody may use, because that is seldom intended. */
export function warnOfOpenAccess({ AUTH, EDGECRON_DEV }: Env): void {
  if (AUTH !== "open" || EDGECRON_DEV !== undefined || settings.auth !== undefined) return;
  logWarning("AUTH is open: whoever reaches this deployment may read and change everything");
}
