/** The operations of the server itself. */
import { z } from "zod";
import { json, operationsOf } from "../operation";
import { okQuery, serverInfo } from "../../../wire/system";

export const systemOperations = operationsOf("System", [
  {
    method: "get",
    path: "/ok",
    id: "get_ok",
    summary: "Is it up?",
    query: okQuery,
    answers: json("It is.", z.strictObject({ ok: z.literal(true) })),
    open: true,
  },
  {
    method: "get",
    path: "/info",
    id: "get_info",
    summary: "Its version, and what it can do",
    answers: json("What it is.", serverInfo),
  },
  {
    method: "get",
    path: "/metrics",
    id: "get_metrics",
    summary: "The figures of all crons, for Prometheus",
    answers: [
      {
        status: 200,
        description: "In the text format of Prometheus.",
        schema: z.string(),
        mediaType: "text/plain",
        headers: [],
      },
    ],
  },
  {
    method: "get",
    path: "/openapi.json",
    id: "get_openapi",
    summary: "This document",
    answers: json("An OpenAPI 3.1 document.", z.looseObject({ openapi: z.string() })),
  },
  {
    method: "get",
    path: "/docs",
    id: "get_docs",
    summary: "This document as a page to read",
    answers: [
      {
        status: 200,
        description: "The page.",
        schema: z.string(),
        mediaType: "text/html",
        headers: [],
      },
    ],
  },
]);
