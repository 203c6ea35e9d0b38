/** The Hono context of the routes, which says who calls. */
import type { Context } from "hono";
import type { PlanningRun } from "../calls/cron-planning";
import type { User } from "../calls/user";
import type { Env } from "../platform/config";

/** A caller: a user that the deployment knows, or somebody who may do everything and has no name. */
export type Caller = User | "administrator";

export type App = {
  Bindings: Env;
  Variables: {
    caller: Caller;
    /** The run whose graph makes the request, by a tool for crons. Undefined when it is a client. */
    planningRun?: PlanningRun | undefined;
  };
};
export type EdgeContext = Context<App>;

/** The user; null when somebody without a name calls. */
export const userOf = (c: EdgeContext): User | null =>
  c.var.caller === "administrator" ? null : c.var.caller;
