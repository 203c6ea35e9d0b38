/** How this deployment knows its callers, and which handlers it asks about them. */
import { readConfig, type Env } from "../platform/config";
import { handlersOf, projectHandlers, type AuthHandlers } from "./handlers";
import { tenants } from "./tenants";

/** `custom`: by the project's `Auth`. `keys`: by API keys. `open`: not at all. */
export type AccessMode = "custom" | "keys" | "open";

/** @throws server.misconfigured */
export function accessMode(env: Env): AccessMode {
  if (projectHandlers() !== undefined) return "custom";
  return readConfig(env).open ? "open" : "keys";
}

/**
 * The handlers that are asked about what a user does; undefined when everybody who may call may do everything. A wrong value of
 * `TENANTS` is not refused here but with the other settings, since crons go on while the operator corrects it.
 * @throws Error when what langgraph.json names is no `Auth`
 */
export function handlersFor(env: Env): AuthHandlers | undefined {
  return projectHandlers() ?? (env.TENANTS === "isolated" ? handlersOf(tenants) : undefined);
}
