/**
 * Which keys of langgraph.json the server uses, which are about images that other servers are built as, and which ask for
 * something that is not there: these are named, so that nobody relies on them.
 */
import { closest, distance } from "fastest-levenshtein";

/** The server does what these say. A key within a section is written with the section before it. */
const USED = new Set([
  "$schema",
  "graphs",
  "crons",
  "env",
  "checkpointer",
  "checkpointer.ttl",
  "checkpointer.ttl.strategy",
  "checkpointer.ttl.default_ttl",
  "store",
  "store.ttl",
  "store.ttl.default_ttl",
  "store.ttl.refresh_on_read",
  "store.ttl.sweep_interval_minutes",
  "http",
  "http.app",
  "http.enable_custom_route_auth",
  "http.mount_prefix",
  "http.disable_assistants",
  "http.disable_threads",
  "http.disable_runs",
  "http.disable_store",
  "http.disable_meta",
  "http.disable_ui",
  "http.disable_webhooks",
  "http.disable_mcp",
  "http.disable_a2a",
  "http.cors",
  "http.cors.allow_origins",
  "http.cors.allow_origin_regex",
  "http.cors.allow_methods",
  "http.cors.allow_headers",
  "http.cors.allow_credentials",
  "http.cors.expose_headers",
  "http.cors.max_age",
  "http.configurable_headers",
  "auth",
  "auth.path",
  "auth.disable_studio_auth",
  "http.configurable_headers.includes",
  "http.configurable_headers.excludes",
  "http.configurable_headers.include",
  "http.configurable_headers.exclude",
  "mcp",
  "mcp.disabled",
  "webhooks",
  "webhooks.env_prefix",
  "webhooks.headers",
  "webhooks.url",
  "webhooks.url.require_https",
  "webhooks.url.allowed_domains",
  "webhooks.url.allowed_ports",
  "webhooks.url.max_url_length",
]);

/** About the image, the packages and the tools of other servers: nothing is missing without them. */
const OF_OTHER_SERVERS = new Set([
  "dependencies",
  "node_version",
  "node_loader",
  "python_version",
  "api_version",
  "dockerfile_lines",
  "docker_compose_file",
  "base_image",
  "image_distro",
  "internal_docker_tag",
  "_INTERNAL_docker_tag",
  "keep_pkg_tools",
  "pip_config_file",
  "pip_installer",
  "source",
  // Threads expire by the alarms of their objects, each at its time.
  "checkpointer.ttl.sweep_interval_minutes",
  "checkpointer.ttl.sweep_limit",
  // They switch off what is not there.
  "webhooks.url.disable_loopback",
]);

/** Known to the ecosystem, and not done here; with what that means. */
const NOT_DONE: Readonly<Record<string, string>> = {
  ui: "components are not served",
  ui_config: "components are not served",
  "checkpointer.type": "state is kept in the thread's object",
  "checkpointer.path": "state is kept in the thread's object",
  "checkpointer.serde": "state is stored as LangGraph's own serializer writes it",
  "store.index": "items are found by namespace and filter, not by meaning",
  "store.path": "items are kept in D1",
  "auth.openapi": "/docs and /openapi.json do not show it",
  "auth.cache": "authenticate is asked at each request",
  "http.middleware_order":
    'access is checked before your app, or after it with "http.enable_custom_route_auth": false',
  "http.logging_headers": "headers are not logged",
};

/** These would protect something: a server that goes on without them is open. */
const PROTECTING: Readonly<Record<string, string>> = {
  encryption: 'nothing would be encrypted; remove "encryption" until it is supported',
};

const KNOWN = [...USED, ...OF_OTHER_SERVERS, ...Object.keys(NOT_DONE), ...Object.keys(PROTECTING)];
const MAX_EDITS = 3;

/** Why the file cannot be used; and what of it has no effect. */
export function judgeKeys(config: Readonly<Record<string, unknown>>): {
  refusal: string | undefined;
  notes: string[];
} {
  for (const [key, reason] of Object.entries(PROTECTING)) {
    if (config[key] !== undefined && config[key] !== null) {
      return { refusal: `"${key}" is not supported, and without it ${reason}`, notes: [] };
    }
  }
  return { refusal: undefined, notes: keysOf(config).flatMap(([key, value]) => noteOn(key, value)) };
}

/** The keys of the file, and those of the sections that are known, by a dotted path. */
function keysOf(section: Readonly<Record<string, unknown>>, path = ""): [string, unknown][] {
  return Object.entries(section).flatMap(([name, value]) => {
    const key = `${path}${name}`;
    const isSection = isRecord(value) && KNOWN.some((known) => known.startsWith(`${key}.`));
    return isSection ? keysOf(value, `${key}.`) : [[key, value] satisfies [string, unknown]];
  });
}

function noteOn(key: string, value: unknown): string[] {
  if (value === undefined || value === null || USED.has(key) || OF_OTHER_SERVERS.has(key)) return [];
  if (key in NOT_DONE) return [`"${key}" has no effect here: ${NOT_DONE[key]}`];
  const near = closest(key, KNOWN);
  const meant = distance(key, near) <= MAX_EDITS ? `; did you mean "${near}"?` : "";
  return [`"${key}" is not a key of langgraph.json${meant}`];
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
