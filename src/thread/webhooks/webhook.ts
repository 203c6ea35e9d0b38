/** Calls the webhooks of ended runs, again and again until each is delivered or given up. */
import { backoffMs, WEBHOOK_BACKOFF } from "../../platform/backoff";
import { now } from "../../platform/clock";
import { messageOf } from "../../platform/errors";
import { logError } from "../../platform/log";
import { WEBHOOK_CALL_MS } from "../../platform/time-limits";
import { callWebhook, FinalFailure, MAX_WEBHOOK_ATTEMPTS } from "../../platform/webhook-call";
import type { StoredRun } from "../runs/run-row";
import type { RunStore } from "../runs/run-store";
import { webhookBody, webhookEnd } from "./webhook-payload";
import type { WebhookStore } from "./webhook-store";
import { WebhookValues } from "./webhook-values";

/** Webhooks called at the same time, one of each cron. An object has six connections, and its runs need some of them. */
const LANES = 3;
/** Webhooks of one cron that may wait in one object. */
export const MAX_WAITING = 200;
const MAX_ERROR_LENGTH = 500;

/** What the webhooks need from the thread object. */
export interface WebhookHost {
  /** Whether the object still has its tables: it may be emptied during a call. */
  exists: () => boolean;
  /** The values that the run has ended with. @throws when they cannot be read */
  valuesOf: (run: StoredRun) => Promise<unknown>;
  /** The secrets with which the body is signed. @throws when the server is misconfigured */
  secrets: () => string[];
  /** Called after each attempt, when the run's row says how it went. */
  changed: () => Promise<void>;
}

export class Webhooks {
  /** Each lane calls one webhook after the other. */
  private readonly lanes = new Set<Promise<void>>();
  /** The runs whose webhooks are being called. */
  private readonly calling = new Set<string>();

  constructor(
    private readonly runs: RunStore,
    private readonly store: WebhookStore,
    private readonly values: WebhookValues,
    private readonly host: WebhookHost,
  ) {}

  /** Stores the values of ended runs whose webhooks are still to be called, so that their threads can be removed. */
  async keepValues(): Promise<void> {
    for (const runId of this.host.exists() ? this.store.withoutValues() : []) {
      const run = this.runs.get(runId);
      if (run !== undefined) await this.endOf(run);
    }
    if (this.host.exists()) this.values.removeUnneeded();
  }

  /** The fixed part of the run's webhook body. It is computed once and then stored. */
  private async endOf(run: StoredRun): Promise<string> {
    const kept = this.values.read(run.runId);
    if (kept !== null) return kept;
    const end = await webhookEnd(() => this.host.valuesOf(run));
    if (this.host.exists()) this.values.keep(run.runId, end);
    return end;
  }

  /** Calls all webhooks that are due, at most {@link LANES} at the same time. Returns at once and never throws. */
  callDue(): void {
    if (this.nextDue() === undefined) return;
    this.store.giveUpOldest(MAX_WAITING);
    while (this.lanes.size < LANES) {
      const run = this.countNextAttempt();
      if (run === undefined) return;
      const lane = this.callFrom(run)
        .catch((error: unknown) => {
          // The run's row says when the next attempt is due, and the alarm makes it.
          logError("the calling of webhooks broke off", error);
        })
        .finally(() => this.lanes.delete(lane));
      this.lanes.add(lane);
    }
  }

  isIdle(): boolean {
    return this.lanes.size === 0;
  }

  /** Settles when nothing is being called. */
  async idle(): Promise<void> {
    while (this.lanes.size > 0) await Promise.all(this.lanes);
  }

  /** Calls the webhook of `first`, then all further webhooks that are due. */
  private async callFrom(first: StoredRun): Promise<void> {
    for (let run: StoredRun | undefined = first; run !== undefined; run = this.countNextAttempt()) {
      this.calling.add(run.runId);
      try {
        await this.attempt(run);
      } finally {
        this.calling.delete(run.runId);
      }
      await this.host.changed();
    }
  }

  /** The next run whose webhook is due, with its attempt counted; undefined when none is due. */
  private countNextAttempt(): StoredRun | undefined {
    for (;;) {
      const runId = this.nextDue();
      const run = runId === undefined ? undefined : this.runs.get(runId);
      if (run === undefined) return undefined;
      if (run.webhookAttempts < MAX_WEBHOOK_ATTEMPTS) {
        const attempts = run.webhookAttempts + 1;
        this.store.countAttempt(
          run.runId,
          now() + WEBHOOK_CALL_MS + backoffMs(WEBHOOK_BACKOFF, attempts, run.runId),
        );
        return { ...run, webhookAttempts: attempts };
      }
      this.store.giveUp(run.runId, "the host died in the last attempt");
    }
  }

  private nextDue(): string | undefined {
    return this.host.exists() ? this.store.nextDue([...this.calling]) : undefined;
  }

  /** Makes one attempt and notes in the run's row how it went. */
  private async attempt(run: StoredRun): Promise<void> {
    try {
      const body = webhookBody(run, await this.endOf(run));
      const secrets = this.host.secrets();
      await callWebhook({ url: run.kwargs.webhook ?? "", id: `msg_${run.runId}`, body, secrets });
    } catch (error) {
      const { runId, webhookAttempts: attempts } = run;
      logError("the webhook could not be called", error, { run_id: runId, attempt: attempts });
      if (!this.host.exists()) return;
      const message = messageOf(error).slice(0, MAX_ERROR_LENGTH);
      if (attempts >= MAX_WEBHOOK_ATTEMPTS || error instanceof FinalFailure)
        this.store.giveUp(runId, message);
      else this.store.noteFailure(runId, message, now() + backoffMs(WEBHOOK_BACKOFF, attempts, runId));
      return;
    }
    if (!this.host.exists()) return;
    this.store.noteDelivery(run.runId);
    this.values.removeUnneeded();
  }
}
