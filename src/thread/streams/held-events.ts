/**
 * What runs in the background stream before anybody listens. It is held in memory for the first who does: between making a run
 * and listening to it lies a request, and runs do not wait.
 */
import type { SentEvent } from "./sent-event";

/** Characters that are held for all runs together; the oldest are let go first. */
const MAX_LENGTH = 1_000_000;

interface Held {
  events: SentEvent[];
  length: number;
}

export class HeldEvents {
  private readonly runs = new Map<string, Held>();
  private length = 0;

  /** Holds what the run streams, from now on and until it is taken. */
  begin(runId: string): void {
    this.runs.set(runId, { events: [], length: 0 });
  }

  /** Whether the run's events are held: not those of one that was heard, or has streamed too much. */
  holds(runId: string): boolean {
    return this.runs.has(runId);
  }

  add(runId: string, event: SentEvent): void {
    const held = this.runs.get(runId);
    if (held === undefined) return;
    held.events.push(event);
    held.length += event.data.length;
    this.length += event.data.length;
    for (const oldest of this.runs.keys()) {
      if (this.length <= MAX_LENGTH) break;
      this.take(oldest);
    }
  }

  /** The events of a run that nobody has heard, which are held no more. */
  take(runId: string): SentEvent[] {
    const held = this.runs.get(runId);
    if (held === undefined) return [];
    this.runs.delete(runId);
    this.length -= held.length;
    return held.events;
  }
}
