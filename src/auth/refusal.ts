/** The errors of an `Auth`: a refusal that the caller gets to see, and a failure of its code, which only the log shows. */

/** A refusal, by an `HTTPException` that the project's `Auth` threw. */
export class AuthRefusal extends Error {
  override readonly name = "AuthRefusal";

  constructor(
    readonly status: number,
    readonly detail: string,
    readonly headers: Headers,
  ) {
    super(detail);
  }
}

/**
 * A mistake in the project's `Auth` that its author has to correct, such as a handler that returns a number. The request fails,
 * and nothing is allowed. The message names the handler and holds nothing of the request.
 */
export class AuthMistake extends Error {
  override readonly name = "AuthMistake";
}

/** These answers have no body, so they cannot carry the message of an exception. */
const WITHOUT_BODY = [304];

/**
 * What was thrown as the refusal that it is; any other error as it came. An exception may come from another copy of the package than
 * the server's, so the fields tell it and not the class: it is an error that has a status and headers of its own, and nothing else.
 */
export function asRefusal(thrown: unknown): Error {
  if (!(thrown instanceof Error))
    return new Error("the Auth threw something that is no error", { cause: thrown });
  const fields = Object.keys(thrown).filter((key) => key !== "cause" && key !== "name");
  if (fields.toSorted().join() !== "headers,status") return thrown;
  const { status, headers } = thrown as Error & { status: unknown; headers: unknown };
  if (typeof status !== "number" || !Number.isInteger(status)) return thrown;
  if (status < 300 || status > 599 || WITHOUT_BODY.includes(status)) return thrown;
  try {
    return new AuthRefusal(status, thrown.message, new Headers(headers as HeadersInit));
  } catch {
    // The headers are none.
    return thrown;
  }
}
