/** The key or token that the user gave. It is kept in this tab only, and is gone when the tab is closed. */
import { useSyncExternalStore } from "react";

/** A key is sent as `x-api-key`, as LangGraph's SDKs send it. A token is sent as `Authorization: Bearer`, for a project's own `Auth`. */
export interface Credentials {
  readonly kind: "key" | "token";
  readonly value: string;
}

const STORED_AS = "edgecron.credentials";

let credentials = readStored();
/** What the server said when it last refused to serve without other credentials; null while it serves. */
let refusal: string | null = null;
const listeners = new Set<() => void>();

export const credentialsNow = (): Credentials | null => credentials;

/** Sends these from now on. Null: none. */
export function setCredentials(given: Credentials | null): void {
  credentials = given;
  refusal = null;
  if (given === null) sessionStorage.removeItem(STORED_AS);
  else sessionStorage.setItem(STORED_AS, JSON.stringify(given));
  tellAll();
}

/** Notes that the server asks for credentials, or for others. */
export function noteRefusal(message: string): void {
  if (refusal === message) return;
  refusal = message;
  tellAll();
}

export const useCredentials = (): Credentials | null => useSyncExternalStore(subscribe, credentialsNow);

/** What the server said when it refused to serve; null while it serves. */
export const useRefusal = (): string | null => useSyncExternalStore(subscribe, () => refusal);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tellAll(): void {
  for (const listener of listeners) listener();
}

function readStored(): Credentials | null {
  try {
    return JSON.parse(sessionStorage.getItem(STORED_AS) ?? "null") as Credentials | null;
  } catch {
    return null;
  }
}
