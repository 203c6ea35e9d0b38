/**
 * The latest events of the thread protocol that are not stored, in memory. A client opens a stream anew whenever it wants more kinds of
 * events, and again when its connection broke; it then gets what the run has sent since somebody listened first.
 */
import type { SentEvent } from "./sent-event";

/** Characters for all threads together. Above that, the oldest events of the threads that were quiet for longest are dropped. */
const MAX_LENGTH = 4_000_000;

export class RecentEvents {
  /** By the id of the thread; the thread with the newest event comes last. */
  private readonly threads = new Map<string, SentEvent[]>();
  /** Characters of all events. */
  private length = 0;

  /** Adds an event. Of each thread, the events of its last two runs stay. */
  add(event: SentEvent): void {
    const events = this.threads.get(event.threadId) ?? [];
    this.threads.delete(event.threadId);
    this.threads.set(event.threadId, events);
    if (events.length > 0 && events.at(-1)?.runId !== event.runId) this.dropAllButLastRun(events);
    events.push(event);
    this.length += event.data.length;
    for (const [threadId, oldest] of this.threads) {
      while (this.length > MAX_LENGTH && oldest.length > 0) this.length -= oldest.shift()?.data.length ?? 0;
      if (oldest.length === 0) this.threads.delete(threadId);
      if (this.length <= MAX_LENGTH) break;
    }
  }

  /** Whether events of the run are here, which is its thread's last. */
  holds(threadId: string, runId: string): boolean {
    return this.threads.get(threadId)?.at(-1)?.runId === runId;
  }

  read(threadId: string): readonly SentEvent[] {
    return this.threads.get(threadId) ?? [];
  }

  remove(threadId: string): void {
    for (const event of this.read(threadId)) this.length -= event.data.length;
    this.threads.delete(threadId);
  }

  private dropAllButLastRun(events: SentEvent[]): void {
    const { runId } = events.at(-1) ?? {};
    const first = events.findIndex((event) => event.runId === runId);
    for (const event of events.splice(0, first)) this.length -= event.data.length;
  }
}
