/** Calling the webhooks of runs that have ended, until they are answered or given up. */
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

/** Calls at once, of a cron one. An object has six connections, and its runs need some to talk to their models. */
const LANES = 3;
/** Webhooks that may wait in one object, of each cron. */
export const MAX_WAITING = 200;
const MAX_ERROR_LENGTH = 500;

/** What the webhooks need of the object that holds their runs. */
export interface WebhookHost {
  /** Whether the object still has its tables: what is called may be deleted meanwhile. */
  exists: () => boolean;
  /** The values that a run has ended with. @throws when they cannot be read */
  valuesOf: (run: StoredRun) => Promise<unknown>;
  /** What to sign with. @throws when the server is misconfigured */
  secrets: () => string[];
  /** An attempt is over, and the run's row says how. */
  changed: () => Promise<void>;
}

export class Webhooks {
  private readonly lanes = new Set<Promise<void>>();
  /** The runs whose webhooks are being called. */
  private readonly calling = new Set<string>();

  constructor(
    private readonly runs: RunStore,
    private readonly store: WebhookStore,
    private readonly values: WebhookValues,
    private readonly host: WebhookHost,
  ) {}

  /** Keeps the values that ended runs are to send, so that their threads can go. */
  async keepValues(): Promise<void> {
    for (const runId of this.host.exists() ? this.store.withoutValues() : []) {
      const run = this.runs.get(runId);
      if (run !== undefined) await this.endOf(run);
    }
    if (this.host.exists()) this.values.removeUnneeded();
  }

  /** The fixed part of the run's webhook, kept from its end on. */
  private async endOf(run: StoredRun): Promise<string> {
    const kept = this.values.read(run.runId);
    if (kept !== null) return kept;
    const end = await webhookEnd(() => this.host.valuesOf(run));
    if (this.host.exists()) this.values.keep(run.runId, end);
    return end;
  }

  /** Begins to call what is due, a few at a time, and goes on while something is. Never throws. */
  callDue(): void {
    if (this.nextDue() === undefined) return;
    this.store.giveUpOldest(MAX_WAITING);
    while (this.lanes.size < LANES) {
      const run = this.take();
      if (run === undefined) return;
      const lane = this.callFrom(run)
        .catch((error: unknown) => {
          // The row is as it was booked: the alarm comes back to it.
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

  private async callFrom(first: StoredRun): Promise<void> {
    for (let run: StoredRun | undefined = first; run !== undefined; run = this.take()) {
      this.calling.add(run.runId);
      try {
        await this.attempt(run);
      } finally {
        this.calling.delete(run.runId);
      }
      await this.host.changed();
    }
  }

  /** The next run whose webhook is due, its attempt booked. */
  private take(): StoredRun | undefined {
    for (;;) {
      const runId = this.nextDue();
      const run = runId === undefined ? undefined : this.runs.get(runId);
      if (run === undefined) return undefined;
      if (run.webhookAttempts < MAX_WEBHOOK_ATTEMPTS) {
        const attempts = run.webhookAttempts + 1;
        this.store.book(run.runId, now() + WEBHOOK_CALL_MS + backoffMs(WEBHOOK_BACKOFF, attempts, run.runId));
        return { ...run, webhookAttempts: attempts };
      }
      this.store.giveUp(run.runId, "the host died in the last attempt");
    }
  }

  private nextDue(): string | undefined {
    return this.host.exists() ? this.store.nextDue([...this.calling]) : undefined;
  }

  /** Makes one attempt and records how it went. */
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
