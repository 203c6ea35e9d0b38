/** The handlers of an `Auth`, and the `Auth` that langgraph.json names. */
import type { Auth } from "@langchain/langgraph-sdk/auth";
import { settings } from "../graphs/registry";

/** What an `Auth` was given by `authenticate` and `on`. */
export type AuthHandlers = Auth["~handlerCache"];

/** The handlers of an `Auth`, whatever copy of the package it is of. @throws Error when it is no `Auth` */
export function handlersOf(auth: unknown): AuthHandlers {
  if (typeof auth === "object" && auth !== null && "~handlerCache" in auth) {
    return (auth as { "~handlerCache": AuthHandlers })["~handlerCache"];
  }
  throw new Error(
    'auth: what langgraph.json names is no Auth of "@langchain/langgraph-sdk/auth"; every request is refused',
  );
}

/** The handlers of the `Auth` that langgraph.json names; undefined when it names none. @throws Error when it is no `Auth` */
export const projectHandlers = (): AuthHandlers | undefined =>
  settings.auth === undefined ? undefined : handlersOf(settings.auth);
