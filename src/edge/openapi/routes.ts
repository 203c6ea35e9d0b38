/** `GET /openapi.json` and `GET /docs`: what the API is, for programs and for people. */
import { Hono } from "hono";
import type { Env } from "../../platform/config";
import { docsPage } from "./docs-page";
import { makeDocument } from "./document";

/** Made when it is first asked for: most isolates never are. */
const once = (make: () => string): (() => string) => {
  let made: string | undefined;
  return () => (made ??= make());
};

const documentText = once(() => JSON.stringify(makeDocument()));
const pageText = once(() => docsPage(makeDocument()));

export const openApiRoutes = new Hono<{ Bindings: Env }>()
  .get("/openapi.json", (c) => c.body(documentText(), 200, { "Content-Type": "application/json" }))
  .get("/docs", (c) => {
    // The page is read and does nothing: no script, nothing from elsewhere.
    c.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    return c.html(pageText());
  });
