/** Request headers that graphs find in `configurable`. */
import { describe, expect, it } from "vitest";
import { headerPicker } from "../../src/edge/configurable-headers";
import type { JsonObject } from "../../src/platform/json";
import type { Run } from "../../src/wire/runs/run";
import { call } from "../support/edge";
import { createThread } from "../support/threads";

const picked = (http: unknown, names: string[]): string[] =>
  Object.keys(headerPicker(http)(new Headers(names.map((name) => [name, "1"])))).sort();

describe("a run", () => {
  const headers = { "X-User-Id": "ada", "x-api-key": "right", "x-forwarded-for": "1.2.3.4", other: "o" };
  const config = { configurable: { "x-user-id": "somebody else", a: 1 } };

  it.each(["/runs/wait", "/threads/:id/runs/wait"])(
    "made by POST %s is configured with the request's own, over what its body says",
    async (path) => {
      const { thread_id: id } = await createThread();
      const body = { assistant_id: "seen", input: {}, config };
      const answer = await call<JsonObject>("POST", path.replace(":id", id), body, headers);
      const { configurable } = answer.body.seen as { configurable: JsonObject };
      expect(configurable).toMatchObject({ "x-user-id": "ada", a: 1 });
      expect(Object.keys(configurable).filter((key) => key in headers)).toEqual([]);
      expect(JSON.stringify(configurable)).not.toMatch(/right|1\.2\.3\.4/);
    },
  );

  it("shows them, as the rest of its config", async () => {
    const { thread_id: id } = await createThread();
    const { body: run } = await call<Run>("POST", `/threads/${id}/runs`, { assistant_id: "echo" }, headers);
    expect(run.kwargs).toMatchObject({ config: { configurable: { "x-user-id": "ada" } } });
  });
});

describe("a header whose name says that it is a secret", () => {
  const secret = [
    "x-client-secret",
    "x-user-token",
    "x-csrf-token",
    "x-xsrf-tokens",
    "x-accesstoken",
    "x-apikey",
    "x-functions-key",
    "x-password",
    "x-user_password",
    "x-auth",
    "x-auth-user",
    "x-authorization",
    "x-amz-security-token",
    "x-session",
    "x-session-id",
    "x-credential",
    "x-aws-credentials",
    "x-hub-signature",
    "x-sessionid",
    "x-sessions-count",
    "x-tokenid",
    "x-token-value",
    "x-secretvalue",
    "x-passwordhash",
    "x-passcode",
    "x-credentialid",
    "x-keyid",
    "x-clientauth",
    "x-authuser",
    "x-auth0-user",
    "x-authenticated-user",
    "x-csrf",
    "x-otp",
  ];

  it("stays out, also of patterns", () => {
    for (const http of [
      undefined,
      { configurable_headers: { includes: ["*"] } },
      { configurable_headers: { includes: ["x-client-*", "x-*token"] } },
    ]) {
      expect(picked(http, secret)).toEqual([]);
    }
  });

  it("is let in by exactly its name", () => {
    const http = { configurable_headers: { includes: ["X-Client-Secret", "x-user-*"] } };
    expect(picked(http, [...secret, "x-user-name"])).toEqual(["x-client-secret", "x-user-name"]);
  });

  it("is not one that only looks like it", () => {
    const names = [
      "x-author",
      "x-authority",
      "x-keyboard",
      "x-keyword",
      "x-request-id",
      "x-shopping",
      "x-tokenizer",
    ];
    expect(picked(undefined, names)).toEqual(names);
  });
});

describe("langgraph.json", () => {
  const all = ["authorization", "x-api-key", "x-real-ip", "x-tenant-id", "x-user-id", "x-user-name"];

  it("leaves it at x-… without what proxies add, unless it says otherwise", () => {
    for (const http of [undefined, {}, { cors: {} }, { configurable_headers: null }]) {
      expect(picked(http, all)).toEqual(["x-user-id", "x-user-name"]);
    }
  });

  it.each([
    [{ includes: ["X-User-*"] }, ["x-user-id", "x-user-name"]],
    [{ includes: ["*"], excludes: ["*-name"] }, ["x-real-ip", "x-user-id"]],
    [{ includes: ["authorization", "x.user-id"] }, ["authorization"]],
    [{ include: ["x-real-ip"], exclude: [] }, ["x-real-ip"]],
    [{ includes: [] }, []],
    [{ excludes: ["x-user-id"] }, ["x-user-name"]],
    [{ excludes: ["*"] }, []],
  ])("has %j, and never the server's keys", (configurable_headers, expected) => {
    expect(picked({ configurable_headers }, all)).toEqual(expected);
  });

  it("is told what is wrong with it", () => {
    for (const wrong of [
      { configurable_headers: { includes: "x-*" } },
      { configurable_headers: { inlcudes: [] } },
    ]) {
      expect(() => headerPicker(wrong)).toThrow(/langgraph\.json: http: .*(includes|inlcudes)/s);
    }
  });
});
