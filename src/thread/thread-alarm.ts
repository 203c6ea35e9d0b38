/**
 * The alarm of a thread object, and the waiting of its handler. A run starts in the call that creates it. The alarm is a safety
 * net: it serves runs that still execute, runs whose host died, and everything that waits for a later time (delayed runs,
 * retries, webhooks, reports, times to live). What the handler does is in `alarm-handler.ts`.
 */
import { AlarmClock } from "../platform/alarm";
import { now } from "../platform/clock";

/** A call that changes something sets the alarm to this delay, so that the work goes on if the call is cut off. */
export const SOON_MS = 1_000;
/** The alarm is set to this delay while its handler works, because the platform may lose the alarm of a host that dies. */
export const SAFETY_ALARM_MS = 60_000;

export class ThreadAlarm {
  private readonly clock: AlarmClock;
  /** Ends the waiting of the alarm's handler early; undefined while the handler does not wait. */
  private stopWaiting: (() => void) | undefined;

  constructor(state: DurableObjectState) {
    this.clock = new AlarmClock(state);
  }

  /** Makes sure that the alarm rings soon, to finish the work of a call that is cut off. */
  ringSoon(): void {
    this.ringWithin(SOON_MS);
  }

  /** Makes sure that the alarm rings within `ms`. */
  ringWithin(ms: number): void {
    this.clock.setNoLaterThan(now() + ms);
  }

  /**
   * Makes sure that the alarm rings when more work is due, also while its handler waits for other work.
   * @param dueAt when the work is due (ms); null when there is none
   */
  ringForWork(dueAt: number | null): void {
    if (dueAt === null) return;
    this.clock.setNoLaterThan(dueAt);
    this.stopWaiting?.();
  }

  /** Sets the alarm to `instant` (ms), whatever it was before; null removes it. */
  set(instant: number | null): void {
    this.clock.set(instant);
  }

  /** Sets the alarm to `instant` (ms), also when it is set to that already: the platform may have lost it. */
  setAgain(instant: number): void {
    this.clock.forget();
    this.clock.set(instant);
  }

  /** Forgets the alarm: the platform removed it together with everything else that the object stored. */
  forget(): void {
    this.clock.forget();
  }

  /** Handles the alarm by `work`. Never throws: when the work fails, the alarm rings again after {@link SAFETY_ALARM_MS}. */
  async handle(work: () => Promise<void>): Promise<void> {
    await this.clock.ring(work, () => now() + SAFETY_ALARM_MS);
  }

  /**
   * Waits for `work`, but at most for `limitMs`, and no longer than until {@link ringForWork} is called.
   * @returns whether the time was over first
   */
  async waitFor(work: Promise<unknown>, limitMs: number): Promise<boolean> {
    const { promise: stopped, resolve } = Promise.withResolvers<boolean>();
    this.stopWaiting = () => {
      resolve(false);
    };
    // A timer that still runs keeps the object awake, which is billed.
    const timer = setTimeout(() => {
      resolve(true);
    }, limitMs);
    const isTimeOver = await Promise.race([work.then(() => false), stopped]);
    clearTimeout(timer);
    this.stopWaiting = undefined;
    return isTimeOver;
  }
}
