/**
 * Tells a client the end of a run a little later than what was before it. The JavaScript SDK subscribes to several things one after the other, and
 * stops reading what it has subscribed to when it is told the end of the run. Of a short run it would then miss what it subscribed to last.
 */
import type { Listener } from "../streams/event-log";
import type { SentEvent } from "../streams/sent-event";
import { isRunEnd } from "./run-events";

export class HeldEnd {
  private held: { end: SentEvent; timer: ReturnType<typeof setTimeout> } | undefined;

  constructor(private readonly listener: Listener) {}

  /** Tells what was before the client listened. If the last event is the end of a run, it is held for so many ms. */
  replay(events: readonly SentEvent[], holdMs: number): void {
    const end = events.slice(-1).find(isRunEnd);
    for (const event of events) if (event !== end) this.listener(event);
    if (end !== undefined) this.hold(end, holdMs);
  }

  /** Tells an event. An end that is held comes first. */
  tell(event: SentEvent): void {
    this.release();
    this.listener(event);
  }

  /** Tells the end of a run after so many ms. If that of an earlier run is held, it is told at once. */
  hold(end: SentEvent, ms: number): void {
    if (this.held?.end.id === end.id) this.stop();
    else this.release();
    const timer = setTimeout(() => {
      this.release();
    }, ms);
    this.held = { end, timer };
  }

  /** Does not tell the end that is held any more. */
  stop(): void {
    clearTimeout(this.held?.timer);
    this.held = undefined;
  }

  private release(): void {
    const end = this.held?.end;
    this.stop();
    if (end !== undefined) this.listener(end);
  }
}
