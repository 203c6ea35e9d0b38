/** The Hono app: middleware, the routes of every resource, and the one place where errors become answers. */
import { Hono, type Context, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { mount } from "hono/mount";
import { AuthMistake, AuthRefusal } from "../auth/refusal";
import { settings as deployedSettings } from "../graphs/registry";
import { asDomainError, DomainError, SERVER_FAILED } from "../platform/errors";
import { logError } from "../platform/log";
import { requireAccess } from "./access";
import { assistantRoutes } from "./assistants";
import type { App } from "./caller";
import { browserAccess } from "./cors";
import { cronControlRoutes } from "./cron-control";
import { cronOverviewRoutes } from "./cron-overview";
import { cronHistoryRoutes } from "./cron-history";
import { cronRoutes } from "./crons";
import { addCustomApp, answerOf } from "./custom-app";
import type { DescribedRoutes } from "./described-routes";
import { httpSettingsOf, type Group, type HttpSettings } from "./http-settings";
import { InnerRoutes } from "./inner-routes";
import { a2aRoutes } from "./a2a/routes";
import { mcpRoutes } from "./mcp/routes";
import type { Operation } from "./openapi/operation";
import { documentRoutes } from "./openapi/routes";
import { protocolRoutes } from "./protocol";
import { runRoutes } from "./runs";
import { stateRoutes } from "./states";
import { storeRoutes } from "./store";
import { streamRoutes } from "./streams";
import { openRoutes, systemRoutes } from "./system";
import { threadRoutes } from "./threads";

/** An object's SQLite row holds at most 2 MB, and the body is stored with what is derived from it. */
const MAX_BODY_BYTES = 1_000_000;

type Server = Hono<App>;

/** The sections of langgraph.json from which the app is made. */
export type AppSettings = Pick<typeof deployedSettings, "http" | "app" | "mcp">;

/**
 * Makes the app.
 * @returns beside it, the descriptions of its routes, and the routes as the server itself calls them
 * @throws when a setting is malformed
 */
export function createApp(settings: AppSettings): {
  app: Server;
  operations: readonly Operation[];
  inner: InnerRoutes;
} {
  const http = httpSettingsOf(settings.http, settings.mcp);
  const inner = new InnerRoutes(
    RESOURCES.map(([, routes]) => routes),
    answerError,
  );
  const resources = resourcesBut(http, inner, () => operations);
  const operations = [openRoutes, ...resources].flatMap((resource) => resource.operations);
  const addOwnRoutes = (to: Server): void => {
    if (settings.app !== undefined) addCustomApp(to, settings.app as Server, answerError);
  };

  const app = new Hono<App>();
  app.use(throwErrors);
  app.use(browserAccess);
  app.route("/", openRoutes.routes);
  if (!http.protectsCustomRoutes) addOwnRoutes(app);
  // Before access is checked, because the project's `Auth` may read the body. The project's own routes have no limit.
  const limitsLater = settings.app !== undefined && http.protectsCustomRoutes;
  if (!limitsLater) app.use(limitBody);
  app.use(requireAccess);
  if (http.protectsCustomRoutes) addOwnRoutes(app);
  if (limitsLater) app.use(limitBody);
  for (const { routes } of resources) app.route("/", routes);
  app
    .notFound((c) =>
      c.json({ detail: `no route ${c.req.method} ${c.req.path}`, code: "request.not_found" }, 404),
    )
    .onError(answerError);
  return { app: http.mountPrefix === "" ? app : mountedAt(http.mountPrefix, app), operations, inner };
}

/** The resources of the API, each with the group in which langgraph.json can switch it off. */
const RESOURCES: readonly [Group, DescribedRoutes][] = [
  ["assistants", assistantRoutes],
  ["runs", cronControlRoutes],
  ["runs", cronOverviewRoutes],
  // Before the runs: the paths of crons begin like those of runs.
  ["runs", cronRoutes],
  ["runs", cronHistoryRoutes],
  ["runs", runRoutes],
  ["runs", streamRoutes],
  ["runs", protocolRoutes],
  ["threads", threadRoutes],
  ["threads", stateRoutes],
  ["store", storeRoutes],
];

/**
 * The routes that need access, without the groups that are switched off. When several routes match a request, the first one
 * answers.
 * @param inner by these routes the other protocols do what they do, also when the API's own are switched off
 * @param operations returns what the OpenAPI document describes
 */
function resourcesBut(
  { disabled, mountPrefix }: HttpSettings,
  inner: InnerRoutes,
  operations: () => readonly Operation[],
): readonly DescribedRoutes[] {
  const groups: readonly [Group, DescribedRoutes][] = [
    ["meta", systemRoutes],
    ["meta", documentRoutes(operations)],
    ...RESOURCES,
    ["mcp", mcpRoutes(inner)],
    ["a2a", a2aRoutes(inner, mountPrefix)],
  ];
  return groups.filter(([group]) => !disabled.has(group)).map(([, routes]) => routes);
}

/** The routes under a prefix. Whether the server is up can also be asked without it. */
function mountedAt(prefix: string, app: Server): Server {
  const outer = new Hono<App>();
  outer.route("/", openRoutes.routes);
  outer.all(`${prefix}/*`, mount(app.fetch));
  outer
    .notFound((c) =>
      c.json(
        {
          detail: `no route ${c.req.method} ${c.req.path}: the routes begin with ${prefix}`,
          code: "request.not_found",
        },
        404,
      ),
    )
    .onError(answerError);
  return outer;
}

const limitUnreadBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw tooLarge();
  },
});

/** Refuses large bodies. Hono's own middleware does so while the body is read, which the project's middlewares may have done before. */
const limitBody: MiddlewareHandler<App> = async (c, next) => {
  if (!c.req.raw.bodyUsed) return limitUnreadBody(c, next);
  if ((await c.req.arrayBuffer()).byteLength > MAX_BODY_BYTES) throw tooLarge();
  return next();
};

const tooLarge = (): DomainError =>
  new DomainError("request.too_large", `body: at most ${MAX_BODY_BYTES} bytes`);

/** Makes an error of whatever else the project's own code throws: Hono answers errors only. */
async function throwErrors(_c: Context, next: () => Promise<void>): Promise<void> {
  try {
    await next();
  } catch (error) {
    throw error instanceof Error ? error : new Error(String(error));
  }
}

/** The answer to a request that failed. What has failed is logged, and only a domain error or the error's own answer tells it. */
function answerError(error: Error, c: Context): Response {
  if (error instanceof AuthRefusal) return refusalAnswer(error);
  if (error instanceof AuthMistake) {
    logError("request failed", error, { method: c.req.method, path: c.req.path });
    return c.json({ detail: error.message, code: SERVER_FAILED }, 500);
  }
  const { status = 500, detail = "internal error", code = SERVER_FAILED } = asDomainError(error) ?? {};
  const answer = answerOf(error, c) ?? c.json({ detail, code }, status);
  if (answer.status >= 500) logError("request failed", error, { method: c.req.method, path: c.req.path });
  return answer;
}

/**
 * The answer to a request that the project's `Auth` refused: the status, the headers and the message of its exception. LangGraph's own
 * server answers with the message alone, and its SDKs show the whole body. So the body also has the text that they show of such an answer.
 */
function refusalAnswer({ status, detail, headers }: AuthRefusal): Response {
  const answer = new Headers(headers);
  answer.set("Content-Type", "application/json");
  const body = { detail, code: "auth.refused", title: `HTTP ${status}: ${detail}` };
  return new Response(JSON.stringify(body), { status, headers: answer });
}

/** The app as langgraph.json configures it, the description of every route, and the routes as the server itself calls them. */
export const { app, operations, inner } = createApp(deployedSettings);
