/** Webhooks that are signed, checked with the library that their receivers use. */
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { webhookSecrets } from "../../src/platform/config";
import type { Run } from "../../src/wire/runs/run";
import { atClock, threadStub } from "../support/crons";
import { rebind } from "../support/outage";
import { createRun, createThread } from "../support/threads";
import { attempted, receiver, ringForNextAttempt, type Received } from "../support/webhooks";

atClock("2040-01-01T00:00:00.000Z");

const newSecret = (bytes = 32): string =>
  `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes))))}`;

/** Makes a run with a webhook in an object that has these settings. */
async function runWith(settings: object, webhook: string): Promise<Run> {
  const { thread_id: id } = await createThread();
  await rebind(threadStub(id), () => settings);
  return createRun(id, { assistant_id: "echo", input: { text: "ä 漢 😀" }, webhook });
}

const headersOf = (received: Received): Record<string, string> => Object.fromEntries(received.headers);

describe("with a secret", () => {
  it("each call is signed anew, under one id", async () => {
    const secret = newSecret();
    const { url, calls } = receiver(500, 200);
    const run = await runWith({ WEBHOOK_SECRET: secret }, url);
    await attempted(run, 1);
    await ringForNextAttempt(run);
    expect(calls.map(({ headers }) => headers.get("webhook-id"))).toEqual(Array(2).fill(`msg_${run.run_id}`));
    const times = calls.map(({ headers }) => Number(headers.get("webhook-timestamp")));
    expect(times[0]).toBe(Date.parse("2040-01-01T00:00:00.000Z") / 1000);
    expect(times[1]).toBeGreaterThanOrEqual((times[0] ?? 0) + 10);
    for (const received of calls) {
      expect(received.headers.get("webhook-signature")).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
      expect(new Webhook(secret).verify(received.text, headersOf(received))).toEqual(received.body);
      expect(() => new Webhook(newSecret()).verify(received.text, headersOf(received))).toThrow();
      expect(() => new Webhook(secret).verify(`${received.text} `, headersOf(received))).toThrow();
      const other = { ...headersOf(received), "webhook-id": "msg_other" };
      expect(() => new Webhook(secret).verify(received.text, other)).toThrow();
    }
  });

  it("and another that replaces it, either verifies", async () => {
    const secrets = [newSecret(24), newSecret(64)];
    const { url, calls } = receiver();
    await attempted(await runWith({ WEBHOOK_SECRET: secrets.join(" ") }, url), 1);
    const [received] = calls;
    if (received === undefined) throw new Error("no call came");
    for (const secret of secrets) new Webhook(secret).verify(received.text, headersOf(received));
    expect(() => new Webhook(newSecret()).verify(received.text, headersOf(received))).toThrow();
  });
});

it.each([{}, { WEBHOOK_SECRET: "" }])("with %j nothing is signed", async (settings) => {
  const { url, calls } = receiver();
  const run = await runWith(settings, url);
  await attempted(run, 1);
  expect(calls[0]?.headers.has("webhook-signature")).toBe(false);
  expect(calls[0]?.id).toBe(`msg_${run.run_id}`);
});

it.each(["secret", "whsec_", "whsec_c2hvcnQ=", newSecret(66), `whsec_${"-".repeat(32)}`, newSecret(23)])(
  "%s is no secret",
  (secret) => {
    expect(() => webhookSecrets({ ...env, WEBHOOK_SECRET: secret })).toThrow(/WEBHOOK_SECRET/);
  },
);
