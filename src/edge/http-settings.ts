/** What the `http` section of langgraph.json says about routes. What it says about browsers and headers is read elsewhere. */
import { z } from "zod";

/** The groups of routes that langgraph.json can switch off. */
export const GROUPS = ["assistants", "threads", "runs", "store", "meta"] as const;
export type Group = (typeof GROUPS)[number];

const flag = z.boolean().nullish();

const section = z
  .looseObject({
    ...(Object.fromEntries(GROUPS.map((group) => [`disable_${group}`, flag])) as Record<
      `disable_${Group}`,
      typeof flag
    >),
    disable_ui: flag,
    enable_custom_route_auth: flag,
    mount_prefix: z.string("expected a path such as /api").nullish(),
  })
  .nullish();

export interface HttpSettings {
  /** Groups of routes that are not served. */
  readonly disabled: ReadonlySet<Group>;
  /** Whether callers need access to reach the project's own routes, as they do for the server's. */
  readonly protectsCustomRoutes: boolean;
  /** Whether the dashboard is among the static files of the Worker. */
  readonly servesDashboard: boolean;
  /** The path under which all routes are served, without a slash at its end; empty when there is none. */
  readonly mountPrefix: string;
}

/** Reads the `http` section of langgraph.json. @throws when a setting is malformed */
export function httpSettingsOf(http: unknown): HttpSettings {
  const parsed = section.safeParse(http);
  if (!parsed.success) throw new Error(`langgraph.json: http: ${z.prettifyError(parsed.error)}`);
  const given = parsed.data ?? {};
  const path = (given.mount_prefix ?? "").replace(/^\/+|\/+$/g, "");
  return {
    disabled: new Set(GROUPS.filter((group) => given[`disable_${group}`] === true)),
    protectsCustomRoutes: given.enable_custom_route_auth !== false,
    servesDashboard: given.disable_ui !== true,
    mountPrefix: path === "" ? "" : `/${path}`,
  };
}
