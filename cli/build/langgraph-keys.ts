/**
 * Which keys of langgraph.json the server uses, which are about images that other servers are built as, and which ask for
 * something that is not there: these are named, so that nobody relies on them.
 */
import { closest, distance } from "fastest-levenshtein";

/** The server does what these say. */
const USED = new Set([
  "$schema",
  "graphs",
  "env",
  "crons",
  "checkpointer",
  "checkpointer.ttl",
  "store",
  "store.ttl",
  "http",
  "http.cors",
  "http.configurable_headers",
  "auth",
  "auth.path",
  "auth.disable_studio_auth",
]);

/** About the image, the packages and the tools of other servers: nothing is missing without them. */
const OF_OTHER_SERVERS = new Set([
  "dependencies",
  "node_version",
  "python_version",
  "api_version",
  "dockerfile_lines",
  "base_image",
  "image_distro",
  "internal_docker_tag",
  "_INTERNAL_docker_tag",
  "keep_pkg_tools",
  "pip_config_file",
  "pip_installer",
  "source",
]);

/** Known to the ecosystem, and not done here; with what that means. */
const NOT_DONE: Readonly<Record<string, string>> = {
  ui: "there is no page for it",
  ui_config: "there is no page for it",
  webhooks: "webhooks are as docs/run-lifecycle.md says",
  "checkpointer.type": "state is kept in the thread's object",
  "checkpointer.path": "state is kept in the thread's object",
  "checkpointer.serde": "state is stored as LangGraph's own serializer writes it",
  "store.index": "items are found by namespace and filter, not by meaning",
  "store.path": "items are kept in D1",
  "auth.openapi": "/docs and /openapi.json do not show it",
  "auth.cache": "authenticate is asked at each request",
  "http.app": "its routes are not served",
  "http.middleware_order": "there are no middlewares of your own",
  "http.enable_custom_route_auth": "there are no routes of your own",
  "http.mount_prefix": "the routes begin at /",
  "http.logging_headers": "headers are not logged",
  "http.disable_assistants": "the routes stay open",
  "http.disable_threads": "the routes stay open",
  "http.disable_runs": "the routes stay open",
  "http.disable_store": "the routes stay open",
  "http.disable_webhooks": "webhooks are called",
  "http.disable_meta": "/info, /docs and /openapi.json stay open",
  "http.disable_mcp": "there is none",
  "http.disable_a2a": "there is none",
  "http.disable_ui": "there is none",
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

/** The keys of the file, and those of its sections by a dotted path. */
function keysOf(config: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(config).flatMap(([key, value]) => {
    const isSection = ["checkpointer", "store", "http", "auth"].includes(key) && isRecord(value);
    return isSection
      ? Object.entries(value).map(([inner, part]): [string, unknown] => [`${key}.${inner}`, part])
      : [[key, value] satisfies [string, unknown]];
  });
}

function noteOn(key: string, value: unknown): string[] {
  if (value === undefined || value === null || USED.has(key) || OF_OTHER_SERVERS.has(key)) return [];
  // What is turned off, and is not there, is as it was asked for.
  if (/^http\.(?:disable|enable)_/.test(key) && value === false) return [];
  if (/^http\.disable_(?:mcp|a2a|ui)$/.test(key)) return [];
  if (key in NOT_DONE) return [`"${key}" has no effect here: ${NOT_DONE[key]}`];
  const near = closest(key, KNOWN);
  const meant = distance(key, near) <= MAX_EDITS ? `; did you mean "${near}"?` : "";
  return [`"${key}" is not a key of langgraph.json${meant}`];
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
