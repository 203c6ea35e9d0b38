/**
 * Calls between objects. A refusal (a domain error) is a result like any other and travels as one: thrown through RPC it
 * would lose its class, and count and be logged as a crash of the object that it comes from.
 */
import { asDomainError, DomainError, type ErrorCode } from "./errors";

/** What a call came to. */
export type Answer = { value: unknown } | { refusal: { code: ErrorCode; detail: string } };

/** An object that is called through {@link calls}. */
interface Callee {
  call: (method: string, args: unknown[]) => Promise<Answer>;
}

/** Makes the call on the object's side. @throws what is no refusal */
export async function answer(target: object, method: string, args: unknown[]): Promise<Answer> {
  try {
    const implementation = Reflect.get(target, method) as (...args: unknown[]) => unknown;
    return { value: await Reflect.apply(implementation, target, args) };
  } catch (error) {
    const refusal = asDomainError(error);
    if (refusal === undefined) throw error;
    return { refusal: { code: refusal.code, detail: refusal.detail } };
  }
}

/** The methods of a remote object, as if it were here: a refusal is thrown as the domain error that it is. */
// T says which methods the remote object has, which only the caller knows.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function calls<T extends object>(remote: Callee): T {
  return new Proxy({} as T, {
    get:
      (_target, method) =>
      async (...args: unknown[]) => {
        const result = await remote.call(String(method), args);
        if ("refusal" in result) throw new DomainError(result.refusal.code, result.refusal.detail);
        return result.value;
      },
  });
}
