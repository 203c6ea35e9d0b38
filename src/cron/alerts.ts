/**
 * The alerts of a cron, sent to its owner's webhook when a run failed, slots were missed, the server paused the cron, or its thread is
 * short of space. An alert is stored in the same transaction as the event that it reports. It is sent until the webhook answers or
 * the attempts are used up.
 * Sending never delays a firing.
 */
import { settings } from "../graphs/registry";
import { backoffMs, WEBHOOK_BACKOFF } from "../platform/backoff";
import { now, toIso } from "../platform/clock";
import { webhookSecrets } from "../platform/config";
import { parseJson, type JsonObject } from "../platform/json";
import { logError, type LogFields } from "../platform/log";
import { WEBHOOK_CALL_MS } from "../platform/time-limits";
import { callWebhook, FinalFailure, MAX_WEBHOOK_ATTEMPTS } from "../platform/webhook-call";
import { webhookRulesOf } from "../platform/webhook-rules";
import type { CronContext } from "./cron-context";

export type AlertType = "cron.run_failed" | "cron.slot_missed" | "cron.paused" | "cron.thread_almost_full";

type Row = { alert_id: string; body: string; attempts: number; next_at: number };

/** How many alerts may wait to be sent. When there are more, the oldest are given up. */
const MAX_WAITING = 100;

export class Alerts {
  /** The sending that goes on now; undefined when none does. */
  private sendingInProgress: Promise<boolean> | undefined;
  /** Whether no alert is stored. Most crons never have any, and are then asked once. */
  private isKnownEmpty = false;
  private readonly sql: SqlStorage;

  constructor(private readonly context: CronContext) {
    this.sql = context.state.storage.sql;
  }

  /**
   * Stores an alert, if the cron has a webhook for alerts.
   * @param details what the alert says beside what identifies the cron
   */
  add(type: AlertType, details: JsonObject): void {
    if (this.url() === null) return;
    const { cronId, assistantId, threadId, schedule, timezone, metadata } =
      this.context.record.require().definition;
    const data: JsonObject = {
      cron_id: cronId,
      assistant_id: assistantId,
      cron_thread_id: threadId,
      schedule,
      timezone,
      metadata,
      ...details,
    };
    const alertId = crypto.randomUUID();
    this.isKnownEmpty = false;
    this.sql.exec(
      "INSERT INTO alerts (alert_id, body, next_at) VALUES (?, ?, ?)",
      alertId,
      JSON.stringify({ type, timestamp: toIso(now()), data }),
      now(),
    );
    const dropped = this.sql.exec(
      "DELETE FROM alerts WHERE seq IN (SELECT seq FROM alerts ORDER BY seq DESC LIMIT -1 OFFSET ?)",
      MAX_WAITING,
    );
    if (dropped.rowsWritten > 0)
      logError("an alert was given up", new Error(`${MAX_WAITING} newer ones wait`), { cron_id: cronId });
  }

  /**
   * The instant (ms) at which the next alert is to be sent; null when none waits. While {@link sendDue} is at work it sends the
   * alerts that are due, so only later ones count.
   */
  nextDue(): number | null {
    if (this.isEmpty()) return null;
    const notBefore = this.sendingInProgress === undefined ? 0 : now();
    return this.sql
      .exec<{ at: number | null }>("SELECT min(next_at) AS at FROM alerts WHERE next_at > ?", notBefore)
      .one().at;
  }

  /** Not to be called in a transaction: an alert that is deleted in it may come back. */
  private isEmpty(): boolean {
    this.isKnownEmpty ||= this.sql.exec("SELECT 1 FROM alerts LIMIT 1").toArray().length === 0;
    return this.isKnownEmpty;
  }

  /** Sends the alerts that are due, one after the other. Never throws. @returns whether it tried to send any */
  sendDue(): Promise<boolean> {
    this.sendingInProgress ??= Promise.resolve()
      .then(() => this.sendAll())
      .finally(() => (this.sendingInProgress = undefined));
    return this.sendingInProgress;
  }

  private async sendAll(): Promise<boolean> {
    let hasTried = false;
    try {
      for (let alert = this.startNextAttempt(); alert !== undefined; alert = this.startNextAttempt()) {
        hasTried = true;
        await this.attempt(alert);
      }
    } catch (error) {
      // The alert's row says when the next attempt is due, so the alarm will try it again.
      logError("the calling of alerts broke off", error, { cron_id: this.context.state.id.name });
    }
    return hasTried;
  }

  /**
   * The next alert that is due. Its row is updated first with the instant of the attempt after this one. So the alert is sent again
   * when the object is evicted during the call.
   */
  private startNextAttempt(): Row | undefined {
    if (this.isEmpty()) return undefined;
    const [alert] = this.sql
      .exec<Row>("SELECT * FROM alerts WHERE next_at <= ? ORDER BY next_at, seq LIMIT 1", now())
      .toArray();
    if (alert === undefined) return undefined;
    const attempts = alert.attempts + 1;
    const nextAt = now() + WEBHOOK_CALL_MS + backoffMs(WEBHOOK_BACKOFF, attempts, alert.alert_id);
    this.scheduleAttempt(alert, attempts, nextAt);
    return { ...alert, attempts };
  }

  private async attempt(alert: Row): Promise<void> {
    const { alert_id: id, attempts, body } = alert;
    const url = this.url();
    try {
      if (url !== null) {
        const { env } = this.context;
        const headers = webhookRulesOf(settings.webhooks).headers(env);
        await callWebhook({ url, id: `msg_${id}`, body, headers, secrets: webhookSecrets(env) });
      }
      this.remove(id);
    } catch (error) {
      const final = attempts >= MAX_WEBHOOK_ATTEMPTS || error instanceof FinalFailure;
      logError(final ? "an alert was given up" : "an alert could not be sent", error, {
        ...logFieldsOf(body),
        attempts,
      });
      if (final) this.remove(id);
      else this.scheduleAttempt(alert, attempts, now() + backoffMs(WEBHOOK_BACKOFF, attempts, id));
    }
  }

  /** The URL of the cron's webhook for alerts; null when it has none, and when the cron is deleted. */
  private url(): string | null {
    const { record } = this.context;
    return record.isGone() ? null : record.require().definition.policy.alert_webhook;
  }

  /** Stores the number of attempts so far, and when the next is due (ms). The alarm rings for it. */
  private scheduleAttempt({ alert_id: id }: Row, attempts: number, nextAt: number): void {
    this.sql.exec("UPDATE alerts SET attempts = ?, next_at = ? WHERE alert_id = ?", attempts, nextAt, id);
    const { record, alarm } = this.context;
    if (!record.isGone()) alarm.setNoLaterThan(nextAt);
  }

  private remove(id: string): void {
    this.sql.exec("DELETE FROM alerts WHERE alert_id = ?", id);
  }
}

/** The ids of the cron and of the run that an alert is about. */
function logFieldsOf(body: string): LogFields {
  const { cron_id, run_id, thread_id } = parseJson<{ data: JsonObject }>(body).data;
  return { cron_id, run_id, thread_id };
}
