/** Whether the deployed server answers. A new address of workers.dev needs up to a minute until it is known everywhere. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "../libraries.js";
import { StepFailure } from "./steps.js";

export interface Patience {
  /** For how long it is asked again, in ms. */
  limitMs: number;
  everyMs: number;
}

const ONE_ANSWER_MS = 10_000;
const DEFAULT: Patience = { limitMs: 120_000, everyMs: 1_500 };

const isUp = z.object({ ok: z.literal(true) });
const refusal = z.object({ detail: z.string(), code: z.string() });

/** @throws StepFailure when it does not answer as EdgeCron does, in time */
export async function waitUntilUp(url: string, { limitMs, everyMs } = DEFAULT): Promise<void> {
  const until = Date.now() + limitMs;
  for (;;) {
    const answer = await ask(url);
    if (answer === null) return;
    if (answer.isFinal) throw answer.failure;
    if (Date.now() >= until) throw answer.failure;
    await sleep(everyMs);
  }
}

/** @returns null when it is up */
async function ask(url: string): Promise<{ failure: StepFailure; isFinal: boolean } | null> {
  let response: Response;
  let text: string;
  try {
    const signal = AbortSignal.timeout(ONE_ANSWER_MS);
    response = await fetch(`${url}/ok?check_db=1`, { signal, redirect: "manual" });
    text = await response.text();
  } catch (error) {
    return { failure: unreachable(url, error), isFinal: false };
  }
  const body = asJson(text);
  if (response.ok && isUp.safeParse(body).success) return null;
  const { data: refused } = refusal.safeParse(body);
  // `http.disable_meta` takes /ok away. That is an answer of the server, too.
  if (refused !== undefined && response.status === 404) return null;
  const misconfigured = refused?.code === "server.misconfigured";
  return { failure: wrongAnswer(url, response.status, refused?.detail ?? text), isFinal: misconfigured };
}

function unreachable(url: string, error: unknown): StepFailure {
  const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause : error) : null;
  return new StepFailure(
    `${url} does not answer`,
    "The Worker is uploaded. A new address may need some minutes: repeat the command then. If it answers at another address, give that by --url.",
    reason?.message ?? String(error),
  );
}

function wrongAnswer(url: string, status: number, text: string): StepFailure {
  return new StepFailure(
    `${url}/ok?check_db=1 answers ${status}`,
    status === 503
      ? "The Worker is uploaded and says what is wrong. Correct the setting or secret that it names, and repeat the command."
      : status >= 300 && status < 404
        ? "Something in front of the Worker answers in its place, such as Cloudflare Access. If the server answers at another address, give that by --url."
        : "The Worker is uploaded. `npx wrangler tail` shows what it logs. If the server answers at another address, give that by --url.",
    text.slice(0, 500),
  );
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
