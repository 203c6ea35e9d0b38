/**
 * The events that the runs in a thread object stream. The log passes each event to its listeners. Events of resumable runs are
 * also kept, so that a client that lost its connection can go on where it was. An event without listeners that need not be
 * kept is dropped before it is serialized.
 */
import { now } from "../../platform/clock";
import { parseJson } from "../../platform/json";
import { toWire } from "../state/wire-state";
import { toSentEvent, type ProtocolEvent } from "../protocol/protocol-event";
import { batches, pieces } from "./event-rows";
import { FirstListenerBuffer } from "./first-listener-buffer";
import { RecentEvents } from "./recent-events";
import type { EventRef, SentEvent } from "./sent-event";
import type { RunEvent } from "./stream-modes";

/** Is called with each event, in order. */
export type Listener = (event: SentEvent) => void;

/** The events of a resumable run are kept this long after its end. */
const KEPT_MS = 5 * 60_000;
/** Characters of one run's events that are kept at most; a run that streams more fails. */
const MAX_KEPT_LENGTH = 32_000_000;
/** Kept events are written this often, several of them in one row. */
const WRITE_AFTER_MS = 200;

export class EventLog {
  /** The id of the last event. */
  private lastId = 0;
  /** Listeners by the id of the run or the thread to which they listen. */
  private readonly listeners = new Map<string, Set<Listener>>();
  /** Events of background runs that wait for their first listener. */
  private readonly held = new FirstListenerBuffer();
  /** Events of the thread protocol that need not be kept, for clients that come soon or come back. */
  private readonly recent = new RecentEvents();
  /** Kept events that are not in the table yet. */
  private readonly unwritten: SentEvent[] = [];
  /** Characters kept so far, by the id of the run. */
  private readonly keptLengths = new Map<string, number>();
  /** Writes the unwritten events when it fires; undefined when none wait. */
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the table was created; undefined until it is looked up. */
  private tableExists: boolean | undefined;

  constructor(private readonly storage: DurableObjectStorage) {}

  /**
   * Passes an event of a run to the listeners of the run and of its thread.
   * @param kept whether the event is also stored, for clients that come back
   * @throws when the run has streamed more than can be kept, or the data cannot be JSON
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
   * Passes an event to the listeners of the thread alone, not to those of a run. Never throws, so the data must be small.
   * @param kept whether the event is also stored, for clients that come back; only for events of a run
   */
  emitToThread({ runId, threadId }: EventRef, { event, data }: RunEvent, kept: boolean): void {
    const listeners = [...this.listenersOf(threadId)];
    if (!kept && listeners.length === 0) return;
    const text = JSON.stringify(data);
    const sent: SentEvent = { id: this.nextId(), runId, threadId, event, data: text, threadOnly: true };
    if (kept) this.unwritten.push(sent);
    for (const listener of listeners) listener(sent);
  }

  /**
   * Passes an event of the thread protocol to those who listen to the thread by it. It is dropped when nobody has listened to the run
   * and it need not be kept, and when it cannot be JSON.
   * @param kept whether the event is stored, so that it can be replayed after this host is gone
   */
  emitProtocol({ runId, threadId }: EventRef & { runId: string }, event: ProtocolEvent, kept: boolean): void {
    const listeners = [...this.listenersOf(protocolOf(threadId))];
    if (!kept && listeners.length === 0 && !this.recent.holds(threadId, runId)) return;
    const sent = toSentEvent({ id: this.nextId(), runId, threadId }, event);
    if (sent === undefined) return;
    if (kept) this.keepNewest(sent);
    else this.recent.add(sent);
    for (const listener of listeners) listener(sent);
  }

  /** Whether somebody listens to the thread by the thread protocol. */
  isHeardByProtocol(threadId: string): boolean {
    return this.listeners.has(protocolOf(threadId));
  }

  /** Passes the events of the thread protocol to the listener. @returns a function that removes the listener */
  listenByProtocol(threadId: string, listener: Listener): () => void {
    return this.listen(protocolOf(threadId), listener);
  }

  /** The events of the thread protocol that this object still has of the thread, in order. */
  readProtocol(threadId: string, afterId: number): SentEvent[] {
    const kept = this.readKept(threadId, afterId).filter(({ protocol }) => protocol !== undefined);
    const recent = this.recent.read(threadId).filter(({ id }) => id > afterId);
    return recent.length === 0 ? kept : [...kept, ...recent].sort((one, other) => one.id - other.id);
  }

  /** Whether the run or the thread has listeners. */
  hasListeners(runOrThreadId: string): boolean {
    return this.listeners.has(runOrThreadId);
  }

  /** An id that is smaller than the ids of all later events, and not smaller than those of earlier ones. */
  position(): number {
    return Math.max(this.lastId, now() * 1000 - 1);
  }

  /** Passes the events of a run, or of all runs of a thread, to the listener. @returns a function that removes the listener */
  listen(runOrThreadId: string, listener: Listener): () => void {
    const listeners = this.listeners.get(runOrThreadId) ?? new Set();
    this.listeners.set(runOrThreadId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(runOrThreadId);
    };
  }

  /** Holds the run's events in memory for its first listener. */
  holdForFirstListener(runId: string): void {
    this.held.begin(runId);
  }

  /** The events that were held for the run's first listener. A second call returns none. */
  releaseHeld(runId: string): SentEvent[] {
    return this.held.release(runId);
  }

  /** The kept events of a run, or of all runs of a thread, with ids larger than `afterId`. */
  readKept(runOrThreadId: string, afterId: number): SentEvent[] {
    const unwritten = this.unwritten.filter(({ runId, threadId }) =>
      [runId, threadId].includes(runOrThreadId),
    );
    return [...this.readWritten(runOrThreadId, afterId), ...unwritten].filter(({ id }) => id > afterId);
  }

  /** Those of the kept events that are in the table, and a few more: each row has several. */
  private readWritten(runOrThreadId: string, afterId: number): SentEvent[] {
    if (!this.hasTable()) return [];
    const rows = this.storage.sql.exec<{ last_id: number; piece: string }>(
      `SELECT last_id, piece FROM events WHERE last_id > ? AND (run_id = ? OR thread_id = ?)
       ORDER BY last_id, part`,
      afterId,
      runOrThreadId,
      runOrThreadId,
    );
    const batches = Map.groupBy(rows, (row) => row.last_id);
    return [...batches.values()].flatMap((pieces) =>
      parseJson<SentEvent[]>(pieces.map(({ piece }) => piece).join("")),
    );
  }

  /** Notes that the run has ended: its kept events expire in {@link KEPT_MS}. */
  endRun(runId: string): void {
    this.write();
    this.keptLengths.delete(runId);
    if (this.hasTable()) {
      this.storage.sql.exec("UPDATE events SET expires_at = ? WHERE run_id = ?", now() + KEPT_MS, runId);
    }
  }

  /** Ids of the threads whose runs have kept events. */
  threadsWithEvents(): string[] {
    if (!this.hasTable()) return [];
    return this.storage.sql
      .exec<{ thread_id: string }>("SELECT DISTINCT thread_id FROM events")
      .toArray()
      .map((row) => row.thread_id);
  }

  /** Deletes all events of a thread. */
  removeThread(threadId: string): void {
    this.recent.remove(threadId);
    if (this.hasTable()) this.storage.sql.exec("DELETE FROM events WHERE thread_id = ?", threadId);
  }

  /** Deletes the kept events that have expired. */
  removeExpired(): void {
    if (this.hasTable()) this.storage.sql.exec("DELETE FROM events WHERE expires_at <= ?", now());
  }

  /** When the next kept events expire (ms); null when none do. */
  nextExpiry(): number | null {
    if (!this.hasTable()) return null;
    return this.storage.sql.exec<{ at: number | null }>("SELECT min(expires_at) AS at FROM events").one().at;
  }

  /** Microseconds since the epoch, or one more than the last id. Ids therefore rise from one host of the object to the next. */
  private nextId(): number {
    this.lastId = Math.max(this.lastId + 1, now() * 1000);
    return this.lastId;
  }

  private listenersOf(runOrThreadId: string): Iterable<Listener> {
    return this.listeners.get(runOrThreadId) ?? [];
  }

  /** Notes that the object was emptied and its tables with it. */
  noteTableDropped(): void {
    this.tableExists = false;
  }

  /** Stores an event with the next write. @throws when the run has streamed more than can be kept */
  private keep(sent: SentEvent & { runId: string }): void {
    const length = (this.keptLengths.get(sent.runId) ?? 0) + sent.data.length;
    if (length > MAX_KEPT_LENGTH) {
      throw new Error(
        `stream_resumable: the run has streamed ${length} characters, and at most ${MAX_KEPT_LENGTH} can be kept`,
      );
    }
    this.keptLengths.set(sent.runId, length);
    this.writeSoon(sent);
  }

  /** Stores an event with the next write. When a run has streamed more than can be kept, its events so far are given up for it. */
  private keepNewest(sent: SentEvent & { runId: string }): void {
    let length = (this.keptLengths.get(sent.runId) ?? 0) + sent.data.length;
    if (length > MAX_KEPT_LENGTH) {
      this.write();
      this.storage.sql.exec("DELETE FROM events WHERE run_id = ?", sent.runId);
      length = sent.data.length;
    }
    this.keptLengths.set(sent.runId, length);
    this.writeSoon(sent);
  }

  private writeSoon(sent: SentEvent): void {
    this.unwritten.push(sent);
    this.timer ??= setTimeout(() => {
      this.write();
    }, WRITE_AFTER_MS);
  }

  /** Writes the unwritten events, many of them in one row, because each row is billed and its size is not. */
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

/** The id under which those listen to a thread who do so by the thread protocol. */
const protocolOf = (threadId: string): string => `protocol ${threadId}`;
