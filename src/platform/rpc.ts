/**
 * Calls between objects, and from the edge to an object. A refusal (a domain error) travels as a result: an error that is thrown
 * through RPC loses its class, and the platform counts and logs it as a crash of the object that threw it.
 */
import { asDomainError, DomainError, type ErrorCode } from "./errors";

/** What a call came to. */
export type Answer = { value: unknown } | { refusal: { code: ErrorCode; detail: string } };

/**
 * A Durable Object that answers {@link remoteCalls}: its one RPC method takes the name of the call and its arguments, and what the
 * caller may see, if that is not everything.
 */
export interface CallableObject extends Rpc.DurableObjectBranded {
  call(method: string, args: unknown[], visible?: unknown): Promise<Answer>;
}

/**
 * Makes a call on the side of the object that is called.
 * @param guard looks before the call whether the caller may see what the call is about, and refuses the call when not
 * @throws whatever the implementation throws that is no refusal
 */
export async function answerCall(
  target: object,
  method: string,
  args: unknown[],
  guard?: () => void | Promise<void>,
): Promise<Answer> {
  try {
    if (guard !== undefined) await guard();
    const implementation = Reflect.get(target, method) as ((...args: unknown[]) => unknown) | undefined;
    if (implementation === undefined)
      throw new Error(`no call "${method}" here: the caller is of another version, and may try again`);
    return { value: await Reflect.apply(implementation, target, args) };
  } catch (error) {
    const refusal = asDomainError(error);
    if (refusal === undefined) throw error;
    return { refusal: { code: refusal.code, detail: refusal.detail } };
  }
}

/**
 * The calls `T` of a remote object, as if the object were here. A refusal is thrown as the domain error that it is.
 * @param visible what the caller may see; the object knows nothing else. Undefined when that is everything
 * The interface `T` (CronCalls, ThreadCalls) says which calls there are; the class of the object implements it.
 */
// Only the caller knows which calls the remote object answers.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function remoteCalls<T extends object>(remote: Pick<CallableObject, "call">, visible?: unknown): T {
  return new Proxy({} as T, {
    get: (_target, method) => {
      // Whoever awaits the calls themselves asks for this. There is no such call, and they are no promise.
      if (method === "then") return undefined;
      return async (...args: unknown[]) => {
        const result = await (visible === undefined
          ? remote.call(String(method), args)
          : remote.call(String(method), args, visible));
        if ("refusal" in result) throw new DomainError(result.refusal.code, result.refusal.detail);
        return result.value;
      };
    },
  });
}
