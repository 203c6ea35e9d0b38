/** The receiver of alerts: refuses, hangs, or takes an alert in, with or without saying so. */
import type { Faults } from "./faults";
import type { Random } from "./random";
import type { Timeline } from "./timeline";

export class AlertReceiver {
  /** How many it has got. */
  received = 0;

  constructor(private readonly world: { timeline: Timeline; faults: Faults; random: Random }) {}

  async fetch(signal: AbortSignal | null | undefined): Promise<Response> {
    const { timeline, faults, random } = this.world;
    await timeline.sleep(random.int(1, 200));
    if (faults.serverDown || faults.strikes("refused")) throw new Error("connection refused");
    if (faults.strikes("hangs")) {
      return new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          reject(new Error("aborted"));
        });
      });
    }
    this.received += 1;
    return new Response(null, { status: faults.strikes("answerLost") ? 500 : 200 });
  }
}
