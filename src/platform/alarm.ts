/**
 * The one alarm of a Durable Object. The platform gives an object a single alarm, drops an alarm whose handler keeps failing,
 * and may stall an alarm that is already due when it is set. This class is the only place that sets, removes and handles it.
 */
import { now } from "./clock";
import { logError } from "./log";

/** The platform takes no alarm after the year 2189. An alarm that rings too early finds nothing due and sets the next one. */
const LATEST_ALARM = Date.UTC(2189, 0, 1);

export class AlarmClock {
  /** The alarm that this host has set; null when it does not know whether one is set. */
  private setFor: number | null = null;
  /** How many times in a row the handler has failed. */
  private failures = 0;

  constructor(private readonly state: DurableObjectState) {}

  /** Whether this host knows of an alarm that is set. */
  get isSet(): boolean {
    return this.setFor !== null;
  }

  /** Sets the alarm to `instant` (ms), whatever it was before; null removes it. */
  set(instant: number | null): void {
    const at = instant === null ? null : Math.min(instant, LATEST_ALARM);
    // Setting an alarm is billed as a row written.
    if (at !== null && at === this.setFor && at > now()) return;
    this.setFor = at;
    const { storage } = this.state;
    this.state.waitUntil(at === null ? storage.deleteAlarm() : storage.setAlarm(Math.max(at, now() + 1)));
  }

  /** Makes sure that the alarm rings at `instant` (ms) at the latest. */
  setNoLaterThan(instant: number): void {
    if (this.setFor !== null && this.setFor <= instant && this.setFor > now()) return;
    this.set(instant);
  }

  /** Forgets the alarm: the platform removed it together with everything else that the object stored. */
  forget(): void {
    this.setFor = null;
  }

  /**
   * Does the work of an alarm that rings. Never throws, because the platform retries a failing handler six times and then
   * drops the alarm for good.
   * @param retryAt when to ring again (ms) after so many failures in a row
   */
  async ring(work: () => Promise<void>, retryAt: (failures: number) => number): Promise<void> {
    this.setFor = null;
    try {
      await work();
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      logError("the alarm of an object failed", error, {
        object: this.state.id.name,
        failures: this.failures,
      });
      this.setFor = null;
      await this.state.storage.setAlarm(Math.max(retryAt(this.failures), now() + 1));
    }
  }
}

/** The earlier of two instants, of which either may be missing. */
export function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
