/** The description of a route: the schemas that parse what it is sent, and what it answers. */
import { z } from "zod";
import type { AuthEvent } from "../../auth/events";
import { uuid } from "../../wire/fields";

export type Method = "get" | "post" | "put" | "patch" | "delete";

export const TAGS = {
  Assistants: "Configured graphs and their versions.",
  Threads: "Threads and their state.",
  Runs: "Runs, on a thread or stateless.",
  Crons: "Assistants on a schedule.",
  Store: "Items that all threads share.",
  A2A: "Assistants as agents of the Agent2Agent protocol.",
  MCP: "Assistants and crons as tools of the Model Context Protocol.",
  System: "The server itself.",
} as const;

/** An answer of an operation that succeeds. */
export interface Answer {
  status: 101 | 200 | 202 | 204;
  description: string;
  /** Undefined when there is no body. */
  schema?: z.ZodType;
  mediaType: "application/json" | "text/event-stream" | "text/html" | "text/plain";
  headers: readonly (keyof typeof HEADERS)[];
}

/** One method of one path. */
export interface Operation {
  method: Method;
  /** With its parameters in braces; {@link PATH_PARAMETERS} has them. */
  path: string;
  /** The document's `operationId`. */
  id: string;
  tag: keyof typeof TAGS;
  summary: string;
  description?: string;
  query?: z.ZodType;
  headers?: Readonly<Record<string, z.ZodType>>;
  body?: z.ZodType;
  answers: readonly Answer[];
  /** Failures beside those that every operation with a key, a body or parameters may answer. */
  failures?: readonly (404 | 409 | 413)[];
  /**
   * Who may use the operation: everyone, all callers that the deployment knows, or those who may do what the events say. The handler
   * of an `Auth` is asked about the first event each time, and about the others when the request needs it. See docs/auth.md.
   */
  allow: "everyone" | "callers" | readonly [AuthEvent, ...AuthEvent[]];
}

/** The schemas of parameters in paths, by their names. */
export const PATH_PARAMETERS: Readonly<Record<string, z.ZodType<string>>> = {
  // Without a limit of its length: no assistant has a longer id, so the answer is 404.
  assistant_id: z.string(),
  checkpoint_id: uuid,
  cron_id: uuid,
  namespace: z.string(),
  run_id: uuid,
  thread_id: uuid,
};

/** Headers of answers, and what they mean. */
export const HEADERS = {
  "Content-Location": "The path of the run.",
  Location: "Where to go on when the connection breaks.",
  "X-Pagination-Total":
    "How many match in all. Where more than some thousand rows would have to be read to tell, a lower bound: more match.",
  "X-Pagination-Next": "The offset of the next page, if there is one.",
} as const;

/** Answers with JSON. */
export const json = (
  description: string,
  schema: z.ZodType,
  headers: Answer["headers"] = [],
): readonly Answer[] => [{ status: 200, description, schema, mediaType: "application/json", headers }];

/** Answers with a page of a list. */
export const page = (description: string, schema: z.ZodType): readonly Answer[] =>
  json(description, z.array(schema), ["X-Pagination-Total", "X-Pagination-Next"]);

/** Answers without a body. */
export const empty = (description: string, status: 101 | 202 | 204 = 204): readonly Answer[] => [
  { status, description, mediaType: "application/json", headers: [] },
];

/** Answers with text. */
export const text = (
  description: string,
  mediaType: Answer["mediaType"],
  headers: Answer["headers"] = [],
): readonly Answer[] => [{ status: 200, description, schema: z.string(), mediaType, headers }];

/** Answers with server-sent events. */
export const events = (description: string, headers: Answer["headers"] = []): readonly Answer[] =>
  text(description, "text/event-stream", headers);
