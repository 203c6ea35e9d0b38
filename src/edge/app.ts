/** The Hono app: middleware, one mount per resource, one error edge. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Env } from "../platform/config";
import { asDomainError, DomainError, SERVER_FAILED } from "../platform/errors";
import { logError } from "../platform/log";
import { requireAccess } from "./access";
import { assistantRoutes } from "./assistants";
import { browserAccess } from "./cors";
import { cronRoutes } from "./crons";
import { openApiRoutes } from "./openapi/routes";
import { runRoutes } from "./runs";
import { stateRoutes } from "./states";
import { storeRoutes } from "./store";
import { streamRoutes } from "./streams";
import { health, info } from "./system";
import { threadRoutes } from "./threads";

/** An object's SQLite row holds at most 2 MB, and the body is stored with what is derived from it. */
const MAX_BODY_BYTES = 1_000_000;

export const app = new Hono<{ Bindings: Env }>()
  .use(browserAccess)
  .route("/", health)
  .use(requireAccess)
  .use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new DomainError("request.too_large", `body: at most ${MAX_BODY_BYTES} bytes`);
      },
    }),
  )
  .route("/", info)
  .route("/", openApiRoutes)
  .route("/", assistantRoutes)
  // Before the runs: `/threads/{id}/runs/crons` would be read as a run id otherwise.
  .route("/", cronRoutes)
  .route("/", streamRoutes)
  .route("/", runRoutes)
  .route("/", stateRoutes)
  .route("/", threadRoutes)
  .route("/", storeRoutes)
  .notFound((c) =>
    c.json({ detail: `no route ${c.req.method} ${c.req.path}`, code: "request.not_found" }, 404),
  )
  .onError((error, c) => {
    const { status = 500, detail = "internal error", code = SERVER_FAILED } = asDomainError(error) ?? {};
    if (status >= 500) logError("request failed", error, { method: c.req.method, path: c.req.path });
    return c.json({ detail, code }, status);
  });
