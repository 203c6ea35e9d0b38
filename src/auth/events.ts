/** The events about which a handler of an `Auth` is asked, as the types of `@langchain/langgraph-sdk/auth` have them. */
import type { AuthEventValueMap } from "@langchain/langgraph-sdk/auth";

/** A resource and an action, such as `threads:read`. */
export type AuthEvent = keyof AuthEventValueMap;

export type AuthResource = AuthEvent extends infer Event
  ? Event extends `${infer Resource}:${string}`
    ? Resource
    : never
  : never;

/**
 * The value that a handler gets. A handler may change it, and what it has changed is what happens. It has the fields of the SDK's
 * types; those for which the SDK has no field are there, too, such as the metadata of a cron.
 */
export type AuthValue<Event extends AuthEvent = AuthEvent> = AuthEventValueMap[Event] & {
  [field: string]: unknown;
};
