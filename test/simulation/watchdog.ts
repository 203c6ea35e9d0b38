/** The watchdog of each minute, and the index by which it finds crons that are late. */
import { pokeOverdue } from "../../src/edge/watchdog";
import type { Env } from "../../src/platform/config";
import type { SimulatedD1 } from "./d1";
import type { Faults } from "./faults";
import type { Booking, Timeline } from "./timeline";

const MINUTE_MS = 60_000;
/** The watchdog's patience. */
const LATE_MS = 2 * MINUTE_MS;

export interface WatchdogWorld {
  timeline: Timeline;
  faults: Faults;
  trace: (text: string) => void;
  d1: () => SimulatedD1;
  env: () => Env;
}

export class Watchdog {
  private booking: Booking | undefined;

  constructor(private readonly world: WatchdogWorld) {}

  /** When the next slot is by the index; undefined when it has none. */
  earliestInIndex(): number | undefined {
    const [row] = this.world.d1().direct("SELECT min(next_run_date) AS at FROM crons");
    return typeof row?.at === "number" ? row.at : undefined;
  }

  /** When it comes by at the latest, should the alarm for the next slot be lost; null: never. */
  comesBy(next: unknown): number | null {
    const earliest = this.earliestInIndex();
    // The index may be about to hear of the next time.
    const latest = Math.max(earliest ?? 0, typeof next === "number" ? next : 0);
    return earliest === undefined ? null : latest + LATE_MS + MINUTE_MS;
  }

  /** The trigger of each minute; of those at which there is nothing to find none is simulated. */
  book(): void {
    this.booking?.cancel();
    const earliest = this.earliestInIndex();
    if (earliest === undefined) return;
    const { timeline, faults, trace } = this.world;
    const findsAt = Math.max(timeline.now, earliest + LATE_MS + 1 - timeline.skew);
    this.booking = timeline.at((Math.floor(findsAt / MINUTE_MS) + 1) * MINUTE_MS, () => {
      if (faults.serverDown) return;
      trace("watchdog");
      // It comes every minute, whether the last has got an answer or not.
      this.book();
      pokeOverdue(this.world.env()).catch((error: unknown) => {
        trace(`failed: ${String(error)}`);
      });
    });
  }
}
