/**
 * Crons that wait a short time for the ends of their runs. When many fire at once, a timer for each is a twentieth of the processor
 * time of a firing, so those that begin to wait at about the same time share one.
 */
import { now } from "../../platform/clock";

/** Who begins to wait this share of the time later still joins the others, and waits for so much less. */
const SHARE = 0.2;

/** Waiters of one timer. */
interface Group {
  /** When they stop waiting (ms). */
  until: number;
  over: Promise<void>;
  /** How many still wait. */
  size: number;
  /** Stops the timer. */
  stop: () => void;
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
      if (group.size === 0) this.close(group);
    }
  }

  private groupFor(limitMs: number): Group {
    const at = now();
    const { latest } = this;
    if (latest !== undefined && latest.until <= at + limitMs && latest.until >= at + limitMs * (1 - SHARE))
      return latest;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    const stop = (): void => {
      clearTimeout(timer);
    };
    this.latest = { until: at + limitMs, over, size: 0, stop };
    return this.latest;
  }

  private close(group: Group): void {
    group.stop();
    if (this.latest === group) this.latest = undefined;
  }
}
