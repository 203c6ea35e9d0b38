/** What went wrong, in words for people and as an exit code for scripts. */

/** The exit codes of `edgecron crons`. They are part of its documentation, so none changes its meaning. */
export const EXIT = { failed: 1, usage: 2, notFound: 3, notAllowed: 4, unreachable: 5 } as const;
export type FailureKind = keyof typeof EXIT;

/** A failure whose message says all that its reader needs: no stack is shown. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly kind: FailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What the SDK throws when the server has answered with an error. */
const isHttpError = (error: unknown): error is Error & { status: number; text: string } =>
  error instanceof Error && "status" in error && typeof error.status === "number" && "text" in error;

/** A failed call of the SDK's client as a {@link Failure}: with the server's own `detail`, or saying that nobody has answered. */
export function failureOf(error: unknown, url: string): Failure {
  if (error instanceof Failure) return error;
  if (isHttpError(error)) return new Failure(kindOf(error.status), detailOf(error, url), { cause: error });
  return new Failure("unreachable", `${url} does not answer: ${reasonOf(error)}`, { cause: error });
}

function kindOf(status: number): FailureKind {
  if (status === 404) return "notFound";
  if (status === 401 || status === 403) return "notAllowed";
  return status >= 500 ? "unreachable" : "failed";
}

/** The `detail` of the answer. What answers without one is no LangGraph server, or something in front of it. */
function detailOf({ status, text }: { status: number; text: string }, url: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    if (typeof detail === "string" && detail !== "") return detail;
  } catch {
    // Said below.
  }
  return `${url} answered ${status}, and without a reason: is this an EdgeCron server?`;
}

/** What the network's own codes mean. */
const REASONS: Record<string, string> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection broke off",
  UND_ERR_SOCKET: "the connection broke off",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the name of the host cannot be looked up",
  EHOSTUNREACH: "there is no way to the host",
  ENETUNREACH: "there is no way to the host",
  ETIMEDOUT: "it took too long",
  UND_ERR_CONNECT_TIMEOUT: "it took too long",
};

/** The deepest cause, which is what the network said: the errors around it say only that a fetch has failed. */
function reasonOf(error: unknown): string {
  let reason = error;
  for (;;) {
    if (reason instanceof AggregateError && reason.errors.length > 0) reason = reason.errors[0] as unknown;
    else if (reason instanceof Error && reason.cause !== undefined) reason = reason.cause;
    else break;
  }
  if (!(reason instanceof Error)) return String(reason);
  if (reason.name === "TimeoutError") return "it took too long";
  const code = "code" in reason ? String(reason.code) : "";
  return REASONS[code] ?? (reason.message === "" ? code || "it said no reason" : reason.message);
}
