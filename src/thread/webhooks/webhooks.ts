/** Calls the webhooks of ended runs, again and again until each is delivered or given up. */
import { runLogFields } from "../../calls/run";
import { settings } from "../../graphs/registry";
import { backoffMs, WEBHOOK_BACKOFF } from "../../platform/backoff";
import { now } from "../../platform/clock";
import { webhookSecrets } from "../../platform/config";
import { messageOf } from "../../platform/errors";
import { logError } from "../../platform/log";
import { WEBHOOK_CALL_MS } from "../../platform/time-limits";
import { callWebhook, FinalFailure, MAX_WEBHOOK_ATTEMPTS } from "../../platform/webhook-call";
import { webhookRulesOf } from "../../platform/webhook-rules";
import type { IndexWriter } from "../index-writer";
import type { StoredRun } from "../runs/run-row";
import { readState } from "../state/thread-state";
import type { ThreadContext } from "../thread-context";
import { webhookBody, fixedBodyPart } from "./webhook-payload";

/** Webhooks called at the same time, one of each cron. An object has six connections, and its runs need some of them. */
const LANES = 3;
/** Webhooks of one cron that may wait in one object. When more wait, the oldest are given up. */
export const MAX_WAITING = 200;
/** Characters of an error's message that are stored with the run. */
const MAX_ERROR_LENGTH = 500;

export class Webhooks {
  /** Each lane calls one webhook after the other. */
  private readonly lanes = new Set<Promise<void>>();
  /** Ids of the runs whose webhooks are being called. */
  private readonly calling = new Set<string>();

  constructor(
    private readonly context: ThreadContext,
    private readonly index: IndexWriter,
  ) {}

  /** Stores the values of ended runs whose webhooks are still to be called, so that their threads can be removed. */
  async keepValues(): Promise<void> {
    for (const runId of this.context.hasTables() ? this.context.webhookStore.withoutValues() : []) {
      const run = this.context.runs.get(runId);
      if (run !== undefined) await this.fixedPartOf(run);
    }
    if (this.context.hasTables()) this.context.webhookValues.removeUnneeded();
  }

  /** Calls the webhooks that are due, and writes the index when all of them are answered. */
  async callDueAndSettle(): Promise<void> {
    this.callDue();
    if (this.isIdle()) return;
    await this.idle();
    await this.index.settle();
  }

  /** Calls all webhooks that are due, at most {@link LANES} at the same time. Returns at once and never throws. */
  callDue(): void {
    if (this.nextDue() === undefined) return;
    this.context.webhookStore.giveUpOldest(MAX_WAITING);
    while (this.lanes.size < LANES) {
      const run = this.countNextAttempt();
      if (run === undefined) return;
      const lane = this.callInTurn(run)
        .catch((error: unknown) => {
          // The run's row says when the next attempt is due, and the alarm makes it.
          logError("the calling of webhooks broke off", error, runLogFields(run));
        })
        .finally(() => this.lanes.delete(lane));
      this.lanes.add(lane);
    }
  }

  /** Whether nothing is being called. */
  isIdle(): boolean {
    return this.lanes.size === 0;
  }

  /** Settles when nothing is being called. */
  async idle(): Promise<void> {
    while (this.lanes.size > 0) await Promise.all(this.lanes);
  }

  /** Calls the webhook of the run `first`, then all further webhooks that are due, one after the other. */
  private async callInTurn(first: StoredRun): Promise<void> {
    for (let run: StoredRun | undefined = first; run !== undefined; run = this.countNextAttempt()) {
      this.calling.add(run.runId);
      try {
        await this.attempt(run);
      } finally {
        this.calling.delete(run.runId);
      }
      if (this.context.hasTables()) this.context.alarm.ringForWork(this.context.webhookStore.nextAt());
      await this.index.settle();
    }
  }

  /** The next run whose webhook is due, with its attempt counted; undefined when none is due. */
  private countNextAttempt(): StoredRun | undefined {
    for (;;) {
      const runId = this.nextDue();
      const run = runId === undefined ? undefined : this.context.runs.get(runId);
      if (run === undefined) return undefined;
      if (run.webhookAttempts < MAX_WEBHOOK_ATTEMPTS) {
        const attempts = run.webhookAttempts + 1;
        this.context.webhookStore.countAttempt(
          run.runId,
          now() + WEBHOOK_CALL_MS + backoffMs(WEBHOOK_BACKOFF, attempts, run.runId),
        );
        return { ...run, webhookAttempts: attempts };
      }
      this.context.webhookStore.giveUp(run.runId, "the host died in the last attempt");
    }
  }

  /** The id of the next run whose webhook is due; undefined when none is. */
  private nextDue(): string | undefined {
    return this.context.hasTables() ? this.context.webhookStore.nextDue([...this.calling]) : undefined;
  }

  /** Makes one attempt and notes in the run's row how it went. */
  private async attempt(run: StoredRun): Promise<void> {
    try {
      const body = webhookBody(run, await this.fixedPartOf(run));
      const { env } = this.context;
      const url = run.kwargs.webhook ?? "";
      const rules = webhookRulesOf(settings.webhooks);
      // The URL was allowed when the run was made, but langgraph.json may have changed.
      const refusal = rules.refusal(url);
      if (refusal !== undefined) throw new FinalFailure(refusal);
      const secrets = webhookSecrets(env);
      await callWebhook({ url, id: `msg_${run.runId}`, body, headers: rules.headers(env), secrets });
    } catch (error) {
      const { runId, webhookAttempts: attempts } = run;
      logError("the webhook could not be called", error, { ...runLogFields(run), attempt: attempts });
      if (!this.context.hasTables()) return;
      const message = messageOf(error).slice(0, MAX_ERROR_LENGTH);
      if (attempts >= MAX_WEBHOOK_ATTEMPTS || error instanceof FinalFailure)
        this.context.webhookStore.giveUp(runId, message);
      else
        this.context.webhookStore.noteFailure(
          runId,
          message,
          now() + backoffMs(WEBHOOK_BACKOFF, attempts, runId),
        );
      return;
    }
    if (!this.context.hasTables()) return;
    this.context.webhookStore.noteDelivery(run.runId);
    this.context.webhookValues.removeUnneeded();
  }

  /** The fixed part of the run's webhook body. It is computed once and then stored. */
  private async fixedPartOf(run: StoredRun): Promise<string> {
    const kept = this.context.webhookValues.read(run.runId);
    if (kept !== null) return kept;
    const fixedPart = await fixedBodyPart(this.valuesAtEnd(run));
    if (this.context.hasTables()) this.context.webhookValues.keep(run.runId, fixedPart);
    return fixedPart;
  }

  /** The values that the run has ended with; null when it left no checkpoint. @throws when they cannot be read */
  private async valuesAtEnd(run: StoredRun): Promise<unknown> {
    const thread = this.context.threads.find(run.threadId);
    if (thread === undefined || run.lastCheckpointId === null) return null;
    // Runs of other graphs may have continued the thread since this run ended.
    const atEnd = { ...thread, metadata: { ...thread.metadata, graph_id: run.graphId } };
    const read = { checkpointId: run.lastCheckpointId, subgraphs: false };
    return (await readState(this.context.storage, atEnd, read)).values;
  }
}
