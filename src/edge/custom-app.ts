/**
 * The project's own Hono app, which `http.app` of langgraph.json names. Its routes and its middlewares come before the server's routes, so
 * that a route of the project replaces one of the server with the same path. The project may have another version of Hono.
 */
import type { Context, Hono } from "hono";
import type { App } from "./caller";

type ServerApp = Hono<App>;
type ErrorHandler = Parameters<ServerApp["onError"]>[0];

/**
 * Adds the routes and middlewares of the project's app.
 * @param onError answers what they throw, unless the app has an error handler of its own
 */
export function addCustomApp(app: ServerApp, custom: ServerApp, onError: ErrorHandler): void {
  if (!hasOwnErrorHandler(custom)) custom.onError(onError);
  app.route("/", custom);
}

/** Hono keeps the handler in a private field, and shares one default among all apps. */
function hasOwnErrorHandler(custom: ServerApp): boolean {
  const fresh = Reflect.construct(custom.constructor, []) as ServerApp;
  return handlerOf(fresh) !== handlerOf(custom);
}

const handlerOf = (app: ServerApp): unknown => (app as unknown as { errorHandler: unknown }).errorHandler;

/** The answer that an error of Hono's brings with it, such as an HTTPException of whatever version; undefined for other errors. */
export function answerOf(error: Error, c: Context): Response | undefined {
  const { getResponse } = error as { getResponse?: () => unknown };
  if (typeof getResponse !== "function") return undefined;
  const answer = getResponse.call(error);
  return answer instanceof Response ? c.newResponse(answer.body, answer) : undefined;
}
