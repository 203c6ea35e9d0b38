/** Calls that a client of the former revision of MCP takes back by a message. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { createApp } from "../../../src/edge/app";
import { BETWEEN_LOOKS_MS } from "../../../src/edge/mcp/taken-back";
import type { Run } from "../../../src/wire/runs/run";
import { callAs, owners, restoreAuthAfterEach, useAuth } from "../../support/auth";
import { edgeFetch } from "../../support/edge";
import { gateReached, openGate } from "../../support/graphs/steps";
import { stretchTimers } from "../../support/timers";

restoreAuthAfterEach();
beforeEach(() => {
  useAuth(owners());
});

/** A call of a user, which waits at a gate. */
interface WaitingCall {
  session: string | undefined;
  takeBack: () => void;
  goOn: () => void;
  answer: Promise<unknown>;
}

async function callOf(user: string): Promise<WaitingCall> {
  const client = new Client({ name: "former", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${user}` } };
  const url = new URL("http://edge/mcp");
  const transport = new StreamableHTTPClientTransport(url, { fetch: edgeFetch, requestInit });
  await client.connect(transport);
  const [gate, taking] = [crypto.randomUUID(), new AbortController()];
  const goOn = (): void => {
    openGate(gate);
  };
  const call = { name: "steps", arguments: { gate } };
  const answer = client.callTool(call, undefined, { signal: taking.signal });
  answer.catch(() => undefined);
  onTestFinished(async () => {
    goOn();
    await client.close();
  });
  await gateReached(gate);
  const takeBack = (): void => {
    taking.abort();
  };
  return { session: transport.sessionId, takeBack, goOn, answer };
}

const statesOf = async (user: string): Promise<string[]> =>
  (await callAs<Run[]>(user, "POST", "/runs/search", {})).body.map(({ status }) => status).sort();

/** A run is in the index two seconds after it has begun, at the latest. */
const indexed = (user: string): ReturnType<typeof expect.poll> =>
  expect.poll(() => statesOf(user), { timeout: 10_000 });

const complete = { structuredContent: { trail: ["one", "two", "three"] } };

it("a call that is taken back is cancelled, and no other of the same user", async () => {
  // Each client counts its requests from zero, so the ids of these two are equal.
  const [leaving, staying] = [await callOf("alice"), await callOf("alice")];
  leaving.takeBack();
  await expect(leaving.answer).rejects.toThrow();
  await indexed("alice").toEqual(["interrupted", "running"]);
  staying.goOn();
  expect(await staying.answer).toMatchObject(complete);
});

/** Sends the message of a user that takes back a call. The server looks for the run when it has answered; that is done, too. */
async function takeBackAs(user: string, session: string | undefined): Promise<void> {
  const message = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
  const request = new Request("http://edge/mcp", {
    method: "POST",
    headers: {
      authorization: `Bearer ${user}`,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "mcp-session-id": session ?? "",
    },
    body: JSON.stringify(message),
  });
  stretchTimers(BETWEEN_LOOKS_MS, 0);
  const context = createExecutionContext();
  expect((await createApp({}).app.fetch(request, env, context)).status).toBe(202);
  await waitOnExecutionContext(context);
  vi.restoreAllMocks();
}

it("a call of another user cannot be taken back", async () => {
  const { session, goOn, answer } = await callOf("bob");
  await indexed("bob").toEqual(["running"]);
  await takeBackAs("carol", session);
  expect(await statesOf("bob")).toEqual(["running"]);
  goOn();
  expect(await answer).toMatchObject(complete);
});

it("a call is taken back although D1 fails when the run is looked for first", async () => {
  const { session } = await callOf("dora");
  await indexed("dora").toEqual(["running"]);
  const fail = (): never => {
    throw new Error("D1_ERROR: D1 is down");
  };
  vi.spyOn(env.DB, "prepare").mockImplementationOnce(fail).mockImplementationOnce(fail);
  await takeBackAs("dora", session);
  await indexed("dora").toEqual(["interrupted"]);
});
