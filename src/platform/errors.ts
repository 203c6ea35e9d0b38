/**
 * Domain errors are the errors that a caller gets to see. Inner code throws them, and only `app.onError` makes HTTP answers of
 * them. Between objects they travel as values, see `rpc.ts`, because a class does not survive RPC.
 */

/**
 * The kinds of errors: the HTTP status of each, and whether it says that the thing that was asked for does not exist any more, or
 * that the owner of a cron may not have it any more. With 503 the same request may succeed later.
 */
const KINDS = {
  invalid: { status: 422, gone: false },
  not_found: { status: 404, gone: true },
  exists: { status: 409, gone: false },
  conflict: { status: 409, gone: false },
  too_large: { status: 413, gone: false },
  unauthorized: { status: 401, gone: false },
  forbidden: { status: 403, gone: false },
  refused: { status: 403, gone: true },
  misconfigured: { status: 503, gone: false },
  too_late: { status: 503, gone: false },
} as const;

type Resource = "server" | "request" | "assistant" | "graph" | "thread" | "run" | "cron";
type Kind = keyof typeof KINDS;

/** `resource.kind`: what the error is about, and what is wrong with it. Clients read it as `code`. */
export type ErrorCode = `${Resource}.${Kind}`;

/** The answer's `code` when the server itself has failed. */
export const SERVER_FAILED = "server.failed";

/** An error that the caller gets to see: `code` is for programs, and `detail` for people. */
export class DomainError extends Error {
  override readonly name = "DomainError";
  /** The HTTP status of the answer. */
  readonly status: (typeof KINDS)[Kind]["status"];
  /** Whether trying again is useless: a cron whose assistant is gone is paused, and one whose owner may not create runs. */
  readonly gone: boolean;

  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
  ) {
    super(detail);
    const kind = KINDS[code.slice(code.indexOf(".") + 1) as Kind];
    this.status = kind.status;
    this.gone = kind.gone;
  }
}

/** The error if it is a domain error; undefined for any other. */
export const asDomainError = (error: unknown): DomainError | undefined =>
  error instanceof DomainError ? error : undefined;

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
