/** The example of docs/auth.md, executed as it stands: JWTs of an identity provider, whose keys it fetches. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Auth } from "@langchain/langgraph-sdk/auth";
import { build } from "esbuild";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ISSUER = "https://login.example.com/";

let handlers: Auth["~handlerCache"];
let provider: Server;
let own: CryptoKey;
let foreign: CryptoKey;

/** The code of the example. */
function exampleOf(document: string): string {
  const [, code] = /### An example: JWTs.*?```ts\n(.*?)```/s.exec(document) ?? [];
  if (code === undefined) throw new Error("docs/auth.md has no example of JWTs");
  return code;
}

async function load(code: string): Promise<Auth> {
  const stdin = { contents: code, resolveDir: process.cwd(), loader: "ts" as const };
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
  });
  const bundle = encodeURIComponent(outputFiles[0]?.text ?? "");
  const module = (await import(`data:text/javascript,${bundle}`)) as { auth: Auth };
  return module.auth;
}

beforeAll(async () => {
  const [ours, theirs] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
  own = ours.privateKey;
  foreign = theirs.privateKey;
  const jwk = { ...(await exportJWK(ours.publicKey)), alg: "ES256", kid: "1" };
  provider = createServer((_request, response) => {
    response.setHeader("Content-Type", "application/json").end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((listening) => provider.listen(0, "127.0.0.1", listening));
  process.env.JWKS_URL = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/jwks`;
  process.env.JWT_ISSUER = ISSUER;
  handlers = (await load(exampleOf(readFileSync("docs/auth.md", "utf8"))))["~handlerCache"];
});

afterAll(() => {
  provider.close();
  delete process.env.JWKS_URL;
  delete process.env.JWT_ISSUER;
});

interface Token {
  claims?: JWTPayload;
  issuer?: string;
  audience?: string;
  expires?: string;
  key?: CryptoKey;
}

const tokenOf = ({ claims, issuer, audience, expires, key }: Token): Promise<string> =>
  new SignJWT(claims ?? { sub: "user-1" })
    .setProtectedHeader({ alg: "ES256", kid: "1" })
    .setIssuer(issuer ?? ISSUER)
    .setAudience(audience ?? "edgecron")
    .setExpirationTime(expires ?? "1h")
    .sign(key ?? own);

async function authenticate(headers: Record<string, string>): Promise<unknown> {
  return handlers.authenticate?.(new Request("http://localhost/threads/search", { headers }));
}

const withToken = async (token: Token): Promise<unknown> =>
  authenticate({ Authorization: `Bearer ${await tokenOf(token)}` });

describe("the example of docs/auth.md", () => {
  it("knows whose token it is", async () => {
    expect(await withToken({ claims: { sub: "user-1", name: "Una", permissions: ["admin"] } })).toEqual({
      identity: "user-1",
      display_name: "Una",
      permissions: ["admin"],
    });
    expect(await withToken({})).toEqual({ identity: "user-1", display_name: "user-1", permissions: [] });
  });

  it.each<[string, Token]>([
    ["of another issuer", { issuer: "https://login.example.org/" }],
    ["for another audience", { audience: "payroll" }],
    ["that has expired", { expires: "1 minute ago" }],
    ["that names nobody", { claims: {} }],
  ])("refuses a token %s", async (_what, token) => {
    await expect(withToken(token)).rejects.toMatchObject({ status: 401 });
  });

  it("refuses what is signed by another, what is no token, and who has none", async () => {
    await expect(withToken({ key: foreign })).rejects.toMatchObject({
      status: 401,
      message: "the token is not valid",
    });
    await expect(authenticate({ Authorization: "Bearer abc" })).rejects.toMatchObject({ status: 401 });
    await expect(authenticate({})).rejects.toMatchObject({ status: 401, message: "no token" });
  });

  it("stamps the owner on what is made, and shows to owners their own", async () => {
    const [threads, store] = [handlers.callbacks?.threads, handlers.callbacks?.store];
    const asked = (action: string, value: object, permissions: string[]): unknown =>
      threads?.({ action, value, permissions, user: { identity: "user-1" } } as never);
    const value = { metadata: { topic: "weather" } };
    expect(await asked("create", value, [])).toEqual({ owner: "user-1" });
    expect(value.metadata).toEqual({ topic: "weather", owner: "user-1" });
    expect(await asked("search", {}, ["admin"])).toBe(true);
    const item = { namespace: ["notes"] };
    await store?.({ action: "put", value: item, permissions: [], user: { identity: "a.user" } } as never);
    expect(item.namespace).toEqual(["a-user", "notes"]);
  });
});
