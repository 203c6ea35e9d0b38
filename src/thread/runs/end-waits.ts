/**
 * Crons that wait a short time for the ends of their runs. When many fire at once, a timer for each is a twentieth of the processor
 * time of a firing, so those that begin to wait at about the same time share one.
 */
import { now } from "../../platform/clock";

/** A cron that begins to wait by this share of the time later than another shares its timer. It waits for so much less. */
const SHARE = 0.2;

/** The crons that share a timer. */
interface Group {
  /** When they stop waiting (ms). */
  until: number;
  over: Promise<undefined>;
  /** How many still wait. */
  size: number;
  timer: ReturnType<typeof setTimeout>;
}

export class EndWaits {
  /** The group that was made last. */
  private latest: Group | undefined;

  /** Resolves when `end` settles, or after `limitMs` at the latest. It may be a fifth of that earlier. */
  async untilSettled(end: Promise<unknown>, limitMs: number): Promise<void> {
    const group = this.groupFor(limitMs);
    group.size += 1;
    try {
      await Promise.race([end, group.over]);
    } catch {
      // How it ended is not asked.
    } finally {
      group.size -= 1;
      if (group.size === 0) {
        clearTimeout(group.timer);
        if (this.latest === group) this.latest = undefined;
      }
    }
  }

  private groupFor(limitMs: number): Group {
    const at = now();
    const { latest } = this;
    if (latest !== undefined && latest.until <= at + limitMs && latest.until >= at + limitMs * (1 - SHARE))
      return latest;
    const { promise: over, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      resolve(undefined);
    }, limitMs);
    this.latest = { until: at + limitMs, over, size: 0, timer };
    return this.latest;
  }
}
