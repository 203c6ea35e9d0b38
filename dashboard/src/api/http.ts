/** Calls of the API: credentials go with each, and a failure is an {@link ApiError} with what the server said. */
import { noteServerTime } from "../format/server-time";
import { credentialsNow, noteRefusal } from "./credentials";

/** Where the paths of the API begin, without a slash at the end: the address of the server, with its prefix if it has one. */
export const API_URL = new URL(".", document.baseURI).href.replace(/\/$/, "");

/** The server did not do what it was asked. The message is for people. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    /** The HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** What was wrong, for programs. */
    readonly code: string,
  ) {
    super(message);
  }
}

export const isNotFound = (error: Error | null): boolean => error instanceof ApiError && error.status === 404;

/** What a call sends. A value of `query` that is undefined is not sent. */
export interface CallOptions {
  readonly method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** One page of a list. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** How many match in all. Where the server counts no further, this many or more. */
  readonly total: number;
  /** Where the next page begins; null when this is the last. */
  readonly next: number | null;
}

/** `fetch` with the credentials. It is also what the SDK calls the server with. @throws ApiError unless the answer is good */
export async function callServer(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const credentials = credentialsNow();
  if (credentials?.kind === "key") headers.set("x-api-key", credentials.value);
  if (credentials?.kind === "token") headers.set("Authorization", `Bearer ${credentials.value}`);
  let response: Response;
  try {
    response = await fetch(input, { ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer.", 0, "network");
  }
  noteServerTime(response.headers.get("Date"));
  if (response.ok) return response;
  const error = await errorOf(response, init.signal);
  // Only if they are still what the user gave: the user may have given others meanwhile.
  if (error.status === 401 && credentials === credentialsNow()) noteRefusal(error.message);
  throw error;
}

/** Calls a route that answers with JSON. @param path begins with a slash */
export async function call<Answer>(path: string, options: CallOptions = {}): Promise<Answer> {
  const response = await send(path, options);
  return (await response.json()) as Answer;
}

/** Calls a route that answers with a page of a list. */
export async function callPage<Item>(path: string, options: CallOptions = {}): Promise<ListPage<Item>> {
  const response = await send(path, options);
  const items = (await response.json()) as Item[];
  const next = response.headers.get("X-Pagination-Next");
  return {
    items,
    total: Number(response.headers.get("X-Pagination-Total") ?? items.length),
    next: next === null ? null : Number(next),
  };
}

function send(path: string, { method = "GET", query = {}, body, signal }: CallOptions): Promise<Response> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return callServer(`${API_URL}${path}${search === "" ? "" : `?${search}`}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    }),
    ...(signal && { signal }),
  });
}

/** An error of the server has `detail` and `code`; one of something between, such as a proxy, has neither. */
async function errorOf(response: Response, signal: AbortSignal | null | undefined): Promise<ApiError> {
  const { status } = response;
  try {
    const { detail, code } = (await response.json()) as { detail?: unknown; code?: unknown };
    if (typeof detail === "string") return new ApiError(detail, status, typeof code === "string" ? code : "");
  } catch {
    // Nobody waits for what it says: it may have been read in part.
    signal?.throwIfAborted();
    // What is no JSON is not shown.
  }
  return new ApiError(`The server answered with the status ${status}.`, status, "");
}
