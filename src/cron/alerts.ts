/**
 * What the owner of a cron is told: runs that failed, slots that were missed, pauses. Each alert is stored with what it tells
 * of, in one transaction, and called until it is answered or given up; calling never holds up a firing.
 */
import { backoffMs, WEBHOOK_BACKOFF } from "../platform/backoff";
import { now, toIso } from "../platform/clock";
import { messageOf } from "../platform/errors";
import type { JsonObject } from "../platform/json";
import { logError } from "../platform/log";
import { WEBHOOK_CALL_MS } from "../platform/time-limits";
import { callWebhook, FinalFailure, MAX_WEBHOOK_ATTEMPTS } from "../platform/webhook-call";

export type AlertType = "cron.run_failed" | "cron.slot_missed" | "cron.paused";

type Row = { alert_id: string; body: string; attempts: number; next_at: number };

/** Alerts that may wait; beyond that the oldest are given up. */
const MAX_WAITING = 100;

/** What the alerts need of the object whose they are. */
export interface AlertHost {
  /** Where to; null: nowhere. */
  url: () => string | null;
  /** What to sign with. @throws when the server is misconfigured */
  secrets: () => string[];
  /** An attempt has been made: the alarm may have to come for another. */
  changed: () => void;
}

export class Alerts {
  /** The calling that goes on. */
  private calling: Promise<void> | undefined;

  constructor(
    private readonly sql: SqlStorage,
    private readonly host: AlertHost,
  ) {}

  /** Stores an alert, if anybody is to be told. */
  add(type: AlertType, data: JsonObject): void {
    if (this.host.url() === null) return;
    const alertId = crypto.randomUUID();
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
      logError("an alert was given up", new Error(`${MAX_WAITING} newer ones wait`));
  }

  /** When the next alert is to be called; null when none waits. While calls are made, those that are due wait for their turn. */
  nextDue(): number | null {
    const after = this.calling === undefined ? 0 : now();
    return this.sql
      .exec<{ at: number | null }>("SELECT min(next_at) AS at FROM alerts WHERE next_at > ?", after)
      .one().at;
  }

  /** Calls what is due, one after the other. Never throws. */
  async callDue(): Promise<void> {
    this.calling ??= Promise.resolve()
      .then(() => this.callAll())
      .finally(() => (this.calling = undefined));
    await this.calling;
  }

  private async callAll(): Promise<void> {
    try {
      for (let alert = this.take(); alert !== undefined; alert = this.take()) await this.attempt(alert);
    } catch (error) {
      // Its row is as it was booked: the alarm comes back to it.
      logError("the calling of alerts broke off", error);
    }
  }

  /** The next alert that is due, its attempt booked: a host that dies in it leaves a row that says when to call again. */
  private take(): Row | undefined {
    const [alert] = this.sql
      .exec<Row>("SELECT * FROM alerts WHERE next_at <= ? ORDER BY next_at, seq LIMIT 1", now())
      .toArray();
    if (alert === undefined) return undefined;
    const attempts = alert.attempts + 1;
    const nextAt = now() + WEBHOOK_CALL_MS + backoffMs(WEBHOOK_BACKOFF, attempts, alert.alert_id);
    this.book(alert, attempts, nextAt);
    this.host.changed();
    return { ...alert, attempts };
  }

  private async attempt(alert: Row): Promise<void> {
    const { alert_id: id, attempts, body } = alert;
    const url = this.host.url();
    try {
      if (url !== null) {
        await callWebhook({ url, id: `msg_${id}`, body, secrets: this.host.secrets() });
      }
      this.remove(id);
    } catch (error) {
      const final = attempts >= MAX_WEBHOOK_ATTEMPTS || error instanceof FinalFailure;
      logError(final ? "an alert was given up" : "an alert could not be sent", error, {
        alert: messageOf(error),
        attempts,
      });
      if (final) this.remove(id);
      else this.book(alert, attempts, now() + backoffMs(WEBHOOK_BACKOFF, attempts, id));
    }
    this.host.changed();
  }

  private book({ alert_id: id }: Row, attempts: number, nextAt: number): void {
    this.sql.exec("UPDATE alerts SET attempts = ?, next_at = ? WHERE alert_id = ?", attempts, nextAt, id);
  }

  private remove(id: string): void {
    this.sql.exec("DELETE FROM alerts WHERE alert_id = ?", id);
  }
}
