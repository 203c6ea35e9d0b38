/**
 * The events of the runs in a thread object: told to whoever listens, and for resumable runs kept, so that a client that
 * was cut off can go on where it was. Events that nobody hears and nobody may ask for later are not even serialized.
 */
import { now } from "../../platform/clock";
import { parseJson } from "../../platform/json";
import { toWire } from "../state/wire-state";
import { HeldEvents } from "./held-events";
import type { EventRef, SentEvent } from "./sent-event";
import type { RunEvent } from "./stream-modes";

export type Listener = (event: SentEvent) => void;

/** How long after its run's end a resumable stream can be asked for. */
const KEPT_MS = 5 * 60_000;
/** What one run may stream to be kept. */
const MAX_KEPT_LENGTH = 32_000_000;
/** Kept events are written this often, several in a row. */
const WRITE_AFTER_MS = 200;
/** A row holds 2 MB, and a character may take three bytes. */
const MAX_ROW_LENGTH = 500_000;

export class EventLog {
  private lastId = 0;
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly held = new HeldEvents();
  private readonly unwritten: SentEvent[] = [];
  private readonly keptLengths = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Undefined until somebody asks. */
  private tableExists: boolean | undefined;

  constructor(private readonly storage: DurableObjectStorage) {}

  /**
   * Tells an event to those who listen.
   * @param kept that it can be asked for later
   * @throws when the run has streamed more than can be kept, or the data is no JSON
   */
  emit({ runId, threadId }: EventRef & { runId: string }, { event, data }: RunEvent, kept: boolean): void {
    const listeners = [...this.listenersOf(runId), ...this.listenersOf(threadId)];
    const held = this.held.holds(runId);
    if (!kept && !held && listeners.length === 0) return;
    const sent = { id: this.nextId(), runId, threadId, event, data: JSON.stringify(toWire(data)) };
    if (kept) this.keep(sent);
    if (held) this.held.add(runId, sent);
    for (const listener of listeners) listener(sent);
  }

  /**
   * Tells those who listen to the thread what is no event of a run's own stream. Never throws: what is told must be small.
   * @param kept that it can be asked for later; only what is of a run
   */
  emitToThread({ runId, threadId }: EventRef, { event, data }: RunEvent, kept: boolean): void {
    const listeners = [...this.listenersOf(threadId)];
    if (!kept && listeners.length === 0) return;
    const text = JSON.stringify(data);
    const sent: SentEvent = { id: this.nextId(), runId, threadId, event, data: text, threadOnly: true };
    if (kept) this.unwritten.push(sent);
    for (const listener of listeners) listener(sent);
  }

  /** Whether anybody listens to the run or the thread. */
  isHeard(runOrThreadId: string): boolean {
    return this.listeners.has(runOrThreadId);
  }

  /** Where the log is: all later events have larger ids. */
  position(): number {
    return Math.max(this.lastId, now() * 1000 - 1);
  }

  /** Hears the events of a run or of all runs of a thread from now on. @returns how to stop that */
  listen(runOrThreadId: string, listener: Listener): () => void {
    const listeners = this.listeners.get(runOrThreadId) ?? new Set();
    this.listeners.set(runOrThreadId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(runOrThreadId);
    };
  }

  /** Holds what the run streams for the first who listens to it. */
  hold(runId: string): void {
    this.held.begin(runId);
  }

  /** What is held of a run, once. */
  takeHeld(runId: string): SentEvent[] {
    return this.held.take(runId);
  }

  /** The kept events of a run, or of all runs of a thread, after `afterId`. */
  kept(runOrThreadId: string, afterId: number): SentEvent[] {
    this.write();
    if (!this.hasTable()) return [];
    const rows = this.storage.sql.exec<{ last_id: number; piece: string }>(
      `SELECT last_id, piece FROM events WHERE last_id > ? AND (run_id = ? OR thread_id = ?)
       ORDER BY last_id, part`,
      afterId,
      runOrThreadId,
      runOrThreadId,
    );
    const batches = Map.groupBy(rows, (row) => row.last_id);
    return [...batches.values()]
      .flatMap((pieces) => parseJson<SentEvent[]>(pieces.map(({ piece }) => piece).join("")))
      .filter(({ id }) => id > afterId);
  }

  /** The run has ended: what is kept of it is kept for a while yet. */
  end(runId: string): void {
    this.write();
    this.keptLengths.delete(runId);
    if (this.hasTable()) {
      this.storage.sql.exec("UPDATE events SET expires_at = ? WHERE run_id = ?", now() + KEPT_MS, runId);
    }
  }

  /** Threads of whose runs events are kept. */
  threads(): string[] {
    if (!this.hasTable()) return [];
    return this.storage.sql
      .exec<{ thread_id: string }>("SELECT DISTINCT thread_id FROM events")
      .toArray()
      .map((row) => row.thread_id);
  }

  /** Forgets all events of a thread. */
  removeThread(threadId: string): void {
    if (this.hasTable()) this.storage.sql.exec("DELETE FROM events WHERE thread_id = ?", threadId);
  }

  /** Forgets the kept events whose time is over. */
  removeExpired(): void {
    if (this.hasTable()) this.storage.sql.exec("DELETE FROM events WHERE expires_at <= ?", now());
  }

  /** When the next kept events are to be forgotten; null when none are. */
  nextExpiry(): number | null {
    if (!this.hasTable()) return null;
    return this.storage.sql.exec<{ at: number | null }>("SELECT min(expires_at) AS at FROM events").one().at;
  }

  private nextId(): number {
    this.lastId = Math.max(this.lastId + 1, now() * 1000);
    return this.lastId;
  }

  private listenersOf(runOrThreadId: string): Iterable<Listener> {
    return this.listeners.get(runOrThreadId) ?? [];
  }

  /** The object is being emptied, and its tables with it. */
  noteTableDropped(): void {
    this.tableExists = false;
  }

  private keep(sent: SentEvent & { runId: string }): void {
    const length = (this.keptLengths.get(sent.runId) ?? 0) + sent.data.length;
    if (length > MAX_KEPT_LENGTH) {
      throw new Error(
        `stream_resumable: the run has streamed ${length} characters, and at most ${MAX_KEPT_LENGTH} can be kept`,
      );
    }
    this.keptLengths.set(sent.runId, length);
    this.unwritten.push(sent);
    this.timer ??= setTimeout(() => {
      this.write();
    }, WRITE_AFTER_MS);
  }

  /** Writes what is kept, many events to a row: rows cost, and not their size. */
  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.unwritten.length === 0) return;
    const { sql } = this.storage;
    this.storage.transactionSync(() => {
      sql.exec(
        `CREATE TABLE IF NOT EXISTS events (
           last_id INTEGER NOT NULL, part INTEGER NOT NULL, run_id TEXT NOT NULL, thread_id TEXT NOT NULL,
           piece TEXT NOT NULL, expires_at INTEGER, PRIMARY KEY (last_id, part)) WITHOUT ROWID`,
      );
      for (const batch of batches(this.unwritten)) {
        const last = batch.at(-1);
        if (last === undefined) continue;
        for (const [part, piece] of pieces(JSON.stringify(batch)).entries()) {
          sql.exec(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, NULL)",
            last.id,
            part,
            last.runId,
            last.threadId,
            piece,
          );
        }
      }
    });
    this.tableExists = true;
    this.unwritten.length = 0;
  }

  private hasTable(): boolean {
    this.tableExists ??=
      this.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'events'").toArray().length > 0;
    return this.tableExists;
  }
}

/** The text, cut to fit rows. */
function pieces(text: string): string[] {
  const count = Math.ceil(text.length / MAX_ROW_LENGTH);
  return Array.from({ length: count }, (_, i) => text.slice(i * MAX_ROW_LENGTH, (i + 1) * MAX_ROW_LENGTH));
}

/** Consecutive events of one run that fit a row together. */
function batches(events: SentEvent[]): SentEvent[][] {
  const all: SentEvent[][] = [];
  let length = 0;
  for (const event of events) {
    const current = all.at(-1);
    length += event.data.length;
    if (current === undefined || current[0]?.runId !== event.runId || length > MAX_ROW_LENGTH) {
      all.push([event]);
      length = event.data.length;
    } else {
      current.push(event);
    }
  }
  return all;
}
