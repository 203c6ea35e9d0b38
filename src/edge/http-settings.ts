/** What the `http` section of langgraph.json says about routes. What it says about browsers and headers is read elsewhere. */
import { z } from "zod";

/** The groups of routes that langgraph.json can switch off. */
export const GROUPS = ["assistants", "threads", "runs", "store", "meta", "mcp", "a2a"] as const;
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

const protocolSection = z.looseObject({ disabled: flag }).nullish();

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

/**
 * Reads the `http` section of langgraph.json, and the section `mcp`, which has a switch of its own.
 * @throws when a setting is malformed
 */
export function httpSettingsOf(http: unknown, mcp?: unknown): HttpSettings {
  const given = parsedSection("http", section, http) ?? {};
  const isMcpDisabled =
    given.disable_mcp === true || parsedSection("mcp", protocolSection, mcp)?.disabled === true;
  const path = (given.mount_prefix ?? "").replace(/^\/+|\/+$/g, "");
  return {
    disabled: new Set(
      GROUPS.filter((group) => (group === "mcp" ? isMcpDisabled : given[`disable_${group}`] === true)),
    ),
    protectsCustomRoutes: given.enable_custom_route_auth !== false,
    servesDashboard: given.disable_ui !== true,
    mountPrefix: path === "" ? "" : `/${path}`,
  };
}

function parsedSection<S extends z.ZodType>(name: string, schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(`langgraph.json: ${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
