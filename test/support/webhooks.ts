/** Receivers of webhooks: what is sent to them is kept, and they answer as they are told to. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, vi } from "vitest";
import type { JsonObject } from "../../src/platform/json";
import type { ThreadDO } from "../../src/thread/thread-do";
import type { Run, WebhookDelivery } from "../../src/wire/runs/run";
import { setClock, threadStub, untilWritten } from "./crons";
import { getRun } from "./threads";
import { until } from "./until";

/** A status, or never an answer, or a connection that breaks. */
export type Reply = number | "hangs" | "breaks";

/** A call that was received. */
export interface Received {
  id: string;
  headers: Headers;
  text: string;
  body: JsonObject;
}

export interface Receiver {
  url: string;
  calls: Received[];
  /** To the calls in turn; the last goes for all that follow. */
  replies: Reply[];
  /** Calls that have no answer yet. */
  hanging: () => number;
  /** Answers all calls of this object that hang. */
  release: (stub: DurableObjectStub<ThreadDO>) => Promise<void>;
}

const hosts = new Map<string, (init: RequestInit) => Promise<Response>>();

afterEach(() => {
  hosts.clear();
  vi.restoreAllMocks();
});

/** Sets up a receiver at a host of its own; no call leaves the machine. */
export function receiver(...replies: Reply[]): Receiver {
  const host = `${crypto.randomUUID()}.example.com`;
  const waiting = new Set<() => void>();
  const receiving: Receiver = {
    url: `https://${host}/hook`,
    calls: [],
    replies,
    hanging: () => waiting.size,
    release: (stub) =>
      // In the object itself: elsewhere nothing of it may be touched.
      runInDurableObject(stub, () => {
        for (const resolve of waiting) resolve();
        waiting.clear();
      }),
  };
  hosts.set(host, (init) => {
    const reply = receiving.replies[Math.min(receiving.calls.length, receiving.replies.length - 1)] ?? 200;
    const headers = new Headers(init.headers);
    const text = init.body as string;
    const body = JSON.parse(text) as JsonObject;
    receiving.calls.push({ id: headers.get("webhook-id") ?? "", headers, text, body });
    expect([init.method, init.redirect]).toEqual(["POST", "manual"]);
    if (reply === "breaks") return Promise.reject(new TypeError("connection refused"));
    if (reply !== "hangs") return Promise.resolve(answer(reply));
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const goOn = (): void => {
      resolve(undefined);
    };
    waiting.add(goOn);
    init.signal?.addEventListener("abort", () => {
      waiting.delete(goOn);
      reject(new DOMException("The operation was aborted", "AbortError"));
    });
    return promise.then(() => answer(200));
  });
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init: RequestInit = {}) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input);
    const receive = hosts.get(hostname);
    if (receive === undefined) throw new Error(`nobody is at ${hostname}`);
    return receive(init);
  });
  return receiving;
}

const answer = (status: number): Response =>
  new Response(status === 204 ? null : "an answer", {
    status,
    headers: status >= 300 && status < 400 ? { location: "https://elsewhere.example.com/" } : {},
  });

/** How far the run's webhook has got. */
export async function deliveryOf(run: Run): Promise<WebhookDelivery> {
  const { webhook } = await getRun(run);
  if (webhook === undefined) throw new Error("the run has no webhook");
  return webhook;
}

/** Waits until so many attempts at the run's webhook are over, and what its object then writes to D1 is written. */
export async function attempted(run: Run, attempts: number): Promise<WebhookDelivery> {
  let delivery: WebhookDelivery | undefined;
  await until(async () => {
    delivery = await deliveryOf(run);
    return delivery.attempts >= attempts && (delivery.last_error !== null || delivery.status === "delivered");
  });
  await untilWritten(threadStub(run.thread_id));
  return delivery as WebhookDelivery;
}

/** Sets the clock to when the next attempt is due, and runs the alarm. */
export async function ringForNextAttempt(run: Run): Promise<void> {
  const { next_attempt_at: at } = await deliveryOf(run);
  if (at === null) throw new Error("no attempt is to come");
  setClock(at);
  await runDurableObjectAlarm(threadStub(run.thread_id));
}
