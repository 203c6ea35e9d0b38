/** What goes wrong for a time: the server or D1 is down, the clock jumps, hosts are killed. */
import { NO_FAULTS, type Faults } from "./faults";
import type { ObjectHost } from "./object-host";
import type { Disruption } from "./plan";
import type { Timeline } from "./timeline";
import type { Watchdog } from "./watchdog";

export interface DisruptedWorld {
  timeline: Timeline;
  faults: Faults;
  host: ObjectHost;
  watchdog: Watchdog;
  trace: (text: string) => void;
}

export class Disruptions {
  /** Of each jump of the clock: what it showed before and after, and when. */
  readonly jumps: { at: number; before: number; after: number }[] = [];

  constructor(private readonly world: DisruptedWorld) {}

  begin(disruption: Disruption): void {
    const { timeline, faults, host } = this.world;
    const { now } = timeline;
    switch (disruption.kind) {
      case "kill":
        host.kill();
        break;
      case "serverDown": {
        if (faults.serverDown) break;
        faults.note("serverDown", now, now + disruption.forMs);
        faults.serverDown = true;
        host.kill();
        timeline.after(disruption.forMs, () => {
          this.serverUp();
        });
        break;
      }
      case "d1Down":
        if (faults.d1Down) break;
        faults.note("d1Down", now, now + disruption.forMs);
        faults.d1Down = true;
        timeline.after(disruption.forMs, () => {
          faults.d1Down = false;
        });
        break;
      case "clockJump":
        if (timeline.skew !== 0) break;
        faults.note("clockJump", now, now + disruption.forMs);
        this.setClock(disruption.byMs);
        timeline.after(disruption.forMs, () => {
          this.setClock(0);
        });
        break;
    }
  }

  /** From here on nothing goes wrong any more. */
  calm(): void {
    const { faults, host, trace } = this.world;
    trace("calm");
    faults.rates = NO_FAULTS;
    faults.d1Down = false;
    this.setClock(0);
    // What is left of it may not outlive this.
    host.kill();
    this.serverUp();
  }

  private serverUp(): void {
    const { faults, watchdog, trace } = this.world;
    if (!faults.serverDown) return;
    faults.serverDown = false;
    trace("the server is up again");
    watchdog.book();
  }

  private setClock(skew: number): void {
    const { timeline, host, watchdog } = this.world;
    if (skew === timeline.skew) return;
    const before = timeline.wall();
    timeline.skew = skew;
    this.jumps.push({ at: timeline.now, before, after: timeline.wall() });
    host.clockChanged();
    watchdog.book();
  }
}
