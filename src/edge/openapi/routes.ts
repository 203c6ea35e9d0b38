/** `GET /openapi.json` and `GET /docs`: what the API is, for programs and for people. */
import { z } from "zod";
import { DescribedRoutes } from "../described-routes";
import { docsPage } from "./docs-page";
import { makeDocument } from "./document";
import { json, text, type Operation } from "./operation";

/**
 * The routes of the document.
 * @param operations returns what the document describes, these routes included; called when the document is first asked for
 */
export function documentRoutes(operations: () => readonly Operation[]): DescribedRoutes {
  const documentText = once(() => JSON.stringify(makeDocument(operations())));
  const pageText = once(() => docsPage(makeDocument(operations())));
  return new DescribedRoutes("System")
    .add(
      "GET /openapi.json",
      {
        id: "get_openapi",
        allow: "callers",
        summary: "Read this document",
        answers: json("An OpenAPI 3.1 document.", z.looseObject({ openapi: z.string() })),
      },
      (c) => c.body(documentText(), 200, { "Content-Type": "application/json" }),
    )
    .add(
      "GET /docs",
      {
        id: "get_docs",
        allow: "callers",
        summary: "Read this document as a page",
        answers: text("The page.", "text/html"),
      },
      (c) => {
        // The page is read and does nothing: no script, nothing from elsewhere.
        c.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
        return c.html(pageText());
      },
    );
}

/** A function that calls `make` once, when it is first called. Most isolates are never asked for the document. */
function once(make: () => string): () => string {
  let made: string | undefined;
  return () => (made ??= make());
}
