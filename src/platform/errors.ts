/**
 * Domain errors. Inner code throws them, only the error edge in app.ts turns them into responses. Classes do not
 * survive RPC between objects, so the code travels in the message: `(run.not_found) no run …`.
 */
const STATUS_OF_KIND = {
  invalid: 422,
  not_found: 404,
  exists: 409,
  conflict: 409,
  too_large: 413,
  unauthorized: 401,
  forbidden: 403,
  misconfigured: 503,
} as const;

type Resource = "server" | "request" | "assistant" | "graph" | "thread" | "run" | "cron";
type Kind = keyof typeof STATUS_OF_KIND;

/** `resource.kind`: what it is about, and what is the matter. */
export type ErrorCode = `${Resource}.${Kind}`;

/** An error that is the caller's to know: `code` for programs, `detail` for people. */
export class DomainError extends Error {
  override readonly name = "DomainError";
  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
  ) {
    super(`(${code}) ${detail}`);
  }

  /** The HTTP status that this error is answered with. */
  get status(): (typeof STATUS_OF_KIND)[Kind] {
    return STATUS_OF_KIND[this.code.split(".")[1] as Kind];
  }
}

const CODED = /\(((?:server|request|assistant|graph|thread|run|cron)\.(\w+))\) ([\s\S]*)$/;

/** The domain error that `error` is, or was before it crossed RPC; undefined for any other. */
export function asDomainError(error: unknown): DomainError | undefined {
  if (error instanceof DomainError) return error;
  if (!(error instanceof Error)) return undefined;
  const match = CODED.exec(error.message);
  if (match === null || !((match[2] ?? "") in STATUS_OF_KIND)) return undefined;
  return new DomainError(match[1] as ErrorCode, match[3] ?? "");
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
