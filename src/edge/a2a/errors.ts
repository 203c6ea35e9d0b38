/** Errors in the words of A2A. */
import { A2AError, RequestMalformedError } from "@a2a-js/sdk/errors";
import { AuthRefusal } from "../../auth/refusal";
import { asDomainError } from "../../platform/errors";
import { logError } from "../../platform/log";
import { RouteRefusal } from "../inner-routes";

/** The error as one of the protocol. What the server itself fails in is logged, and tells nothing. */
export function ofProtocol(error: unknown): Error {
  if (error instanceof A2AError) return error;
  const isRefusal = error instanceof RouteRefusal || error instanceof AuthRefusal;
  const refusal = isRefusal ? error : asDomainError(error);
  if (refusal !== undefined && refusal.status < 500)
    return new RequestMalformedError({ message: refusal.detail });
  logError("a request of A2A failed", error);
  return new Error("internal error");
}

/** Does the work. @throws errors of the protocol only */
export async function inProtocol<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw ofProtocol(error);
  }
}

/** Passes the items on. @throws errors of the protocol only */
export async function* eachInProtocol<T>(
  items: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    throw ofProtocol(error);
  }
}
