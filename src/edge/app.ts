/** The Hono app: middleware, the routes of every resource, and the one place where errors become answers. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { AuthMistake, AuthRefusal } from "../auth/refusal";
import { asDomainError, DomainError, SERVER_FAILED } from "../platform/errors";
import { logError } from "../platform/log";
import { requireAccess } from "./access";
import { assistantRoutes } from "./assistants";
import type { App } from "./caller";
import { browserAccess } from "./cors";
import { cronControlRoutes } from "./cron-control";
import { cronHistoryRoutes } from "./cron-history";
import { cronRoutes } from "./crons";
import type { DescribedRoutes } from "./described-routes";
import type { Operation } from "./openapi/operation";
import { documentRoutes } from "./openapi/routes";
import { runRoutes } from "./runs";
import { stateRoutes } from "./states";
import { storeRoutes } from "./store";
import { streamRoutes } from "./streams";
import { openRoutes, systemRoutes } from "./system";
import { threadRoutes } from "./threads";

/** An object's SQLite row holds at most 2 MB, and the body is stored with what is derived from it. */
const MAX_BODY_BYTES = 1_000_000;

/** The routes that need access. When several routes match a request, the first one answers. */
const resources: readonly DescribedRoutes[] = [
  systemRoutes,
  documentRoutes(() => operations),
  assistantRoutes,
  cronControlRoutes,
  // Before the runs: the paths of crons begin like those of runs.
  cronRoutes,
  cronHistoryRoutes,
  runRoutes,
  streamRoutes,
  threadRoutes,
  stateRoutes,
  storeRoutes,
];

/** The description of every route. */
export const operations: readonly Operation[] = [openRoutes, ...resources].flatMap(
  (resource) => resource.operations,
);

export const app = new Hono<App>()
  .use(browserAccess)
  .route("/", openRoutes.routes)
  // Before access is checked, because the project's `Auth` may read the body.
  .use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new DomainError("request.too_large", `body: at most ${MAX_BODY_BYTES} bytes`);
      },
    }),
  )
  .use(requireAccess);

for (const { routes } of resources) app.route("/", routes);

app
  .notFound((c) =>
    c.json({ detail: `no route ${c.req.method} ${c.req.path}`, code: "request.not_found" }, 404),
  )
  .onError((error, c) => {
    if (error instanceof AuthRefusal) return refusalAnswer(error);
    if (error instanceof AuthMistake) {
      logError("request failed", error, { method: c.req.method, path: c.req.path });
      return c.json({ detail: error.message, code: SERVER_FAILED }, 500);
    }
    const { status = 500, detail = "internal error", code = SERVER_FAILED } = asDomainError(error) ?? {};
    if (status >= 500) logError("request failed", error, { method: c.req.method, path: c.req.path });
    return c.json({ detail, code }, status);
  });

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
