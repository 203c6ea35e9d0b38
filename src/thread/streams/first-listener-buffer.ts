/**
 * The events of background runs that nobody listens to yet. They are held in memory for the first listener: a client creates a
 * run with one request and joins its stream with the next, and the run starts streaming in between.
 */
import type { SentEvent } from "./sent-event";

/** Characters that are held for all runs together. Above that, the events of the oldest runs are dropped. */
const MAX_LENGTH = 1_000_000;

/** The held events of one run. */
interface HeldRun {
  events: SentEvent[];
  /** Characters of their data. */
  length: number;
}

export class FirstListenerBuffer {
  /** By the id of the run, oldest first. */
  private readonly runs = new Map<string, HeldRun>();
  /** Characters of all held events. */
  private length = 0;

  /** Holds the run's events from now on, until they are released or dropped. */
  begin(runId: string): void {
    this.runs.set(runId, { events: [], length: 0 });
  }

  /** Whether the run's events are held. They are not after a listener came, or after they were dropped. */
  holds(runId: string): boolean {
    return this.runs.has(runId);
  }

  /** Adds an event of a run whose events are held. */
  add(runId: string, event: SentEvent): void {
    const held = this.runs.get(runId);
    if (held === undefined) return;
    held.events.push(event);
    held.length += event.data.length;
    this.length += event.data.length;
    for (const oldest of this.runs.keys()) {
      if (this.length <= MAX_LENGTH) break;
      this.release(oldest);
    }
  }

  /** Returns the held events of the run, and stops holding them. */
  release(runId: string): SentEvent[] {
    const held = this.runs.get(runId);
    if (held === undefined) return [];
    this.runs.delete(runId);
    this.length -= held.length;
    return held.events;
  }
}
