/** Asks the handlers of an `Auth` whether a user may do something. */
import type { AccessFilter } from "../calls/access-filter";
import type { User } from "../calls/user";
import { DomainError } from "../platform/errors";
import type { AuthEvent, AuthValue } from "./events";
import type { AuthHandlers } from "./handlers";
import { readAnswer } from "./handler-answer";
import { asRefusal } from "./refusal";

/** What was allowed. */
export interface Permission<Event extends AuthEvent> {
  /** Only what passes this filter may be seen and changed. Undefined when everything may. */
  filter: AccessFilter | undefined;
  /** The value, as the handler has left it. */
  value: AuthValue<Event>;
}

/**
 * Asks the handler of an event: of those that there are the most specific one, in the order `threads:read`, `threads`, `*:read`,
 * `*`. Without a handler everything is allowed, as in LangGraph's own server.
 * @param value what is to be done. The handler may change it
 * @throws request.forbidden or AuthRefusal when it is not allowed, AuthMistake when the handler answers something unknown, and
 *   whatever else the handler throws
 */
export async function authorize<Event extends AuthEvent>(
  { callbacks = {} }: AuthHandlers,
  user: User,
  event: Event,
  value: AuthValue<Event>,
): Promise<Permission<Event>> {
  const [resource = "", action = ""] = event.split(":");
  const name = [event, resource, `*:${action}`, "*"].find((key) => Object.hasOwn(callbacks, key));
  const handler = name === undefined ? undefined : callbacks[name];
  if (handler === undefined) return { filter: undefined, value };
  let answer: unknown;
  try {
    const { permissions } = user;
    answer = await handler({ event, resource, action, value, permissions, user });
  } catch (error) {
    throw asRefusal(error);
  }
  const filter = readAnswer(event, answer);
  if (filter === false) throw new DomainError("request.forbidden", `not allowed: ${event}`);
  return { filter, value };
}
