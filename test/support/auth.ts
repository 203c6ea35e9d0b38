/** The project's `Auth` under test, in place of the one that langgraph.json would name, and clients with tokens. */
import { Auth, HTTPException } from "@langchain/langgraph-sdk/auth";
import { afterEach } from "vitest";
import { settings } from "../../src/graphs/registry";
import { call, type Answer } from "./edge";

const mutable = settings as { auth?: unknown };

/** From now on the server asks this `Auth`, until the test is over. */
export function useAuth(auth: unknown): void {
  mutable.auth = auth;
}

/** After each test of the file no `Auth` is asked. */
export function restoreAuthAfterEach(): void {
  afterEach(() => {
    mutable.auth = undefined;
  });
}

/**
 * An `Auth` that knows everybody: the token is the name, and after a comma the permissions. Everybody owns what they create, and sees
 * nothing else. Those with the permission `admin` see and change everything.
 */
export const owners = (): Auth =>
  new Auth()
    .authenticate((request) => {
      const [, token] = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
      if (token === undefined) {
        throw new HTTPException(401, { message: "who are you?", headers: { "WWW-Authenticate": "Bearer" } });
      }
      const [identity = "", ...permissions] = token.split(",");
      return { identity, permissions, display_name: `The ${identity}`, secret: `secret-of-${identity}` };
    })
    .on(["threads", "assistants", "crons"], ({ action, value, user }) => {
      const stored = value as { metadata?: Record<string, unknown> | null };
      if (["create", "update", "create_run"].includes(action)) {
        stored.metadata = { ...stored.metadata, owner: user.identity };
      }
      return user.permissions.includes("admin") ? true : { owner: user.identity };
    })
    .on("store", ({ value, user }) => {
      value.namespace = [user.identity, ...(value.namespace ?? [])];
    });

/** A request by whoever has the token. */
export const callAs = <T = { detail: string }>(
  token: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> => call<T>(method, path, body, { authorization: `Bearer ${token}`, ...headers });
