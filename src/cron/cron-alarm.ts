/** The alarm of a cron object: it rings at the next slot, and earlier while work is under way that a crash would cut off. */
import { AlarmClock, earliest } from "../platform/alarm";
import { backoffMs, CRON_BACKOFF } from "../platform/backoff";
import { now } from "../platform/clock";
import { DELIVERY_MS } from "../platform/time-limits";
import type { CronRecord } from "./record";

/** While a claimed slot is not acknowledged the alarm stays this near, so that a crash delays the slot by no more. */
export const SAFETY_ALARM_MS = DELIVERY_MS;

export class CronAlarm {
  private readonly clock: AlarmClock;

  constructor(
    private readonly state: DurableObjectState,
    private readonly record: CronRecord,
  ) {
    this.clock = new AlarmClock(state);
  }

  /** Whether this host knows of an alarm that is set. */
  get isSet(): boolean {
    return this.clock.isSet;
  }

  /**
   * Sets the alarm near, and no later than the next slot. Whoever begins work calls this in the same transaction, so that the
   * alarm finishes the work if the host dies.
   */
  ringForSafety(): void {
    this.clock.set(earliest(this.record.require().nextRunAt, now() + SAFETY_ALARM_MS));
  }

  /** Sets the alarm to `instant` (ms), whatever it was before; null removes it. */
  set(instant: number | null): void {
    this.clock.set(instant);
  }

  /** Makes sure that the alarm rings at `instant` (ms) at the latest. */
  setNoLaterThan(instant: number): void {
    this.clock.setNoLaterThan(instant);
  }

  /** Forgets the alarm: the platform removed it together with everything else that the object stored. */
  forget(): void {
    this.clock.forget();
  }

  /** Handles the alarm by `work`. Never throws: when the work fails, the alarm rings again after a back-off. */
  async handle(work: () => Promise<void>): Promise<void> {
    const retryAt = (failures: number): number =>
      now() + backoffMs(CRON_BACKOFF, failures, String(this.state.id));
    await this.clock.ring(work, (failures) => this.nextSlotOr(retryAt(failures)));
  }

  /** The next slot, if it can be read and comes before `retryAt`; otherwise `retryAt` (ms). */
  private nextSlotOr(retryAt: number): number {
    try {
      const next = this.record.read()?.nextRunAt ?? null;
      return next !== null && next > now() ? Math.min(next, retryAt) : retryAt;
    } catch {
      return retryAt;
    }
  }
}
