/** Refusals: what they are answered with, and that nothing else passes for one. */
import { expect, it } from "vitest";
import { asDomainError, DomainError, type ErrorCode } from "../../src/platform/errors";
import { call } from "../support/edge";
import { createThread, joinRun, createRun } from "../support/threads";

it.each([
  ["request.invalid", 422, false],
  ["cron.not_found", 404, true],
  ["thread.exists", 409, false],
  ["run.conflict", 409, false],
  ["thread.too_large", 413, false],
  ["request.unauthorized", 401, false],
  ["request.forbidden", 403, false],
  ["server.misconfigured", 503, false],
] as [ErrorCode, number, boolean][])("%s is answered with %i", (code, status, gone) => {
  const error = new DomainError(code, "why");
  expect(error).toMatchObject({ code, detail: "why", message: "why", status, gone });
  expect(asDomainError(error)).toBe(error);
});

it.each([new Error("(run.not_found) x"), "(run.not_found) x", null])("%s is none", (error) => {
  expect(asDomainError(error)).toBeUndefined();
});

it("the code is on the wire, also of what an object refuses, and of a route that is not there", async () => {
  const { thread_id: id } = await createThread();
  for (const [method, path, code] of [
    ["GET", `/runs/crons/${crypto.randomUUID()}`, "cron.not_found"],
    ["GET", `/threads/${crypto.randomUUID()}`, "thread.not_found"],
    ["GET", `/threads/${id}/runs/${crypto.randomUUID()}`, "run.not_found"],
    ["GET", "/assistants/nobody", "assistant.not_found"],
    ["GET", "/threads/x", "request.invalid"],
    ["GET", "/no-such-route", "request.not_found"],
  ] as const) {
    expect((await call<{ code: string }>(method, path)).body.code, path).toBe(code);
  }
});

it("an error of a graph that looks like one stays an error of the graph", async () => {
  const { thread_id: id } = await createThread();
  const run = await createRun(id, { assistant_id: "fails", input: { message: "(run.not_found) x" } });
  expect(await joinRun(run)).toHaveProperty("__error__");
});
