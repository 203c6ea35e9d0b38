/** Which pages of other origins may call: `http.cors` of langgraph.json, with the meaning that it has in LangGraph's own server. */
import { cors } from "hono/cors";
import { z } from "zod";
import { settings } from "../graphs/registry";
import { accessMode } from "../auth/access-mode";
import { readConfig, type Env } from "../platform/config";
import { DomainError, messageOf } from "../platform/errors";
import type { EdgeContext } from "./caller";

/** Clients of MCP read this header of the first answer, and send it with each further request. */
export const MCP_SESSION_HEADER = "Mcp-Session-Id";
const EXPOSED = [
  "Content-Location",
  "Location",
  "X-Pagination-Total",
  "X-Pagination-Next",
  MCP_SESSION_HEADER,
];

const texts = z.array(z.string()).nullish();

/** A regular expression that has to match the whole origin. */
const originPattern = z.string().transform((text, context) => {
  try {
    return new RegExp(`^(?:${text})$`);
  } catch (error) {
    context.addIssue({ code: "custom", message: messageOf(error) });
    return z.NEVER;
  }
});

const section = z
  .looseObject({
    cors: z
      .looseObject({
        allow_origins: texts,
        allow_origin_regex: originPattern.nullish(),
        allow_methods: texts,
        allow_headers: texts,
        allow_credentials: z.boolean().nullish(),
        expose_headers: texts,
        max_age: z.number().int().min(0).nullish(),
      })
      .nullish(),
  })
  .nullish();

/** What the `http.cors` section says. */
export interface CorsSettings {
  /** Whether the section names the origin; false when there is no section. */
  allows: (origin: string) => boolean;
  /** Whether it names origins at all. */
  namesOrigins: boolean;
  options: Omit<Parameters<typeof cors>[0] & object, "origin">;
}

/** Reads the `http` section of langgraph.json. @throws when `http.cors` is malformed */
export function corsSettingsOf(http: unknown): CorsSettings {
  const parsed = section.safeParse(http);
  if (!parsed.success) throw new Error(`langgraph.json: http: ${z.prettifyError(parsed.error)}`);
  const given = parsed.data?.cors ?? {};
  const origins = given.allow_origins ?? [];
  const pattern = given.allow_origin_regex ?? undefined;
  return {
    allows: (origin) => origins.includes("*") || origins.includes(origin) || pattern?.test(origin) === true,
    namesOrigins: origins.length > 0 || pattern !== undefined,
    options: {
      exposeHeaders: [...EXPOSED, ...(given.expose_headers ?? [])],
      ...(isList(given.allow_methods) ? { allowMethods: given.allow_methods } : {}),
      ...(isList(given.allow_headers) ? { allowHeaders: [...given.allow_headers, MCP_SESSION_HEADER] } : {}),
      ...(given.allow_credentials == null ? {} : { credentials: given.allow_credentials }),
      ...(given.max_age == null ? {} : { maxAge: given.max_age }),
    },
  };
}

/** Whether there is a list that restricts something. `*` means the same as no list. */
const isList = (list: string[] | null | undefined): list is string[] => list != null && !list.includes("*");

/** The settings of this deployment. */
export const corsSettings = corsSettingsOf(settings.http);

/** LangGraph Studio, which its users point at their own server. */
const STUDIO_ORIGIN = /^https:\/\/(?:[a-z0-9-]+\.)*smith\.langchain\.com$/;

/**
 * Whether pages of this origin may call a server with open access: those of this machine, LangGraph Studio, those that
 * `http.cors` names, and where it is deployed its own.
 */
export function isTrustedOrigin(origin: string, c: EdgeContext): boolean {
  if (!URL.canParse(origin)) return false;
  const { host, protocol } = new URL(origin);
  if (protocol !== "http:" && protocol !== "https:") return false;
  if (isLoopback(host) || STUDIO_ORIGIN.test(origin) || corsSettings.allows(origin)) return true;
  // Only https counts: with http, somebody else's host name could point to a `wrangler dev` that `npm run dev` did not start.
  return readConfig(c.env).dev === null && protocol === "https:" && host === new URL(c.req.url).host;
}

/** Whether a host, with or without a port, is a name or an address of this machine. */
export function isLoopback(host: string): boolean {
  if (!URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  const name = hostname.replace(/\.$/, "");
  return (
    name === "localhost" || name.endsWith(".localhost") || /^127(?:\.\d+){3}$/.test(name) || name === "[::1]"
  );
}

/** Answers preflights, and says which pages may read the answers. With keys or an `Auth` every page may, unless `http.cors` names origins. */
export const browserAccess = cors({
  ...corsSettings.options,
  origin: (origin, c) => {
    if (corsSettings.namesOrigins && corsSettings.allows(origin)) return origin;
    if (accessMode(c.env as Env) === "open") return isTrustedOrigin(origin, c as EdgeContext) ? origin : null;
    return corsSettings.namesOrigins ? null : "*";
  },
});

/**
 * Refuses a WebSocket of a page of another site that comes with the cookies of its user. Browsers keep such a page from reading what a
 * request with cookies is answered, unless `http.cors` lets it; they do not keep it from a WebSocket.
 * @throws request.forbidden
 */
export function requireSameSite(c: EdgeContext): void {
  const origin = c.req.header("origin");
  if (origin === undefined || c.req.header("cookie") === undefined || corsSettings.allows(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === new URL(c.req.url).host) return;
  throw new DomainError(
    "request.forbidden",
    `Origin: pages of "${origin}" may not open a WebSocket with cookies; name it in http.cors.allow_origins of langgraph.json`,
  );
}
