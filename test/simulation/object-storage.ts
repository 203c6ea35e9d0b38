/**
 * What an object stores, with the platform's promises: what is written without an await in between is kept as a whole or not
 * at all, in the order written; nothing leaves the object before what was written earlier is kept. The alarm is stored with
 * the rest.
 */
import { DatabaseSync } from "node:sqlite";
import { HostDied, type Life } from "./life";
import { isWrite, Sqlite } from "./sqlite";

/** An alarm that is set; each setting has a number of its own. */
export interface StoredAlarm {
  at: number;
  setting: number;
}

export interface StorageHost {
  /** Books the keeping of what has been written. */
  book: (flush: () => void) => void;
  /** A stretch without an await has ended in which something was written; `stretch` counts them since the last keeping. */
  stretchEnded: (stretch: number) => void;
  /** So many stretches are kept for good, and what came after them is lost. */
  kept: (stretches: number) => void;
  /** Everything is about to be removed. */
  emptying: () => void;
}

/** What no object has made. */
const SCHEMA = `CREATE TABLE platform_alarm (id INTEGER PRIMARY KEY, at INTEGER, setting INTEGER);
  CREATE TABLE platform_kv (key TEXT PRIMARY KEY, value TEXT);
  CREATE TABLE platform_removed (row TEXT);`;

/** Keeps what is removed from a ledger. */
const REMOVALS = `CREATE TRIGGER IF NOT EXISTS platform_removals BEFORE DELETE ON slots BEGIN
  INSERT INTO platform_removed VALUES (json_object('scheduled_for', old.scheduled_for, 'manual', old.manual,
    'origin', old.origin, 'status', old.status, 'reason', old.reason, 'lateness_ms', old.lateness_ms,
    'run_id', old.run_id, 'thread_id', old.thread_id, 'first_slot', old.first_slot, 'schedule', old.schedule,
    'timezone', old.timezone)); END`;

export class ObjectStorage {
  private readonly sqlite = new Sqlite(new DatabaseSync(":memory:"));
  private settings = 0;
  /** Stretches that have ended and are not kept yet. */
  private stretches = 0;
  private open = false;
  private stretchOpen = false;
  private flushed: PromiseWithResolvers<undefined> | undefined;

  constructor(private readonly host: StorageHost) {
    this.sqlite.db.exec(SCHEMA);
  }

  /** Reads, whoever asks, and by the way of nobody. */
  read(text: string, ...params: unknown[]): Record<string, unknown>[] {
    return this.sqlite.execute(text, params).rows;
  }

  tables(): string[] {
    return this.read("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'platform%'").map(
      ({ name }) => String(name),
    );
  }

  /** From now on what is removed from the ledger is kept aside, for who checks it later. */
  watchRemovals(): void {
    this.sqlite.db.exec(REMOVALS);
  }

  /** What was removed from the ledger, as JSON. */
  removals(): string[] {
    return this.read("SELECT row FROM platform_removed").map(({ row }) => String(row));
  }

  alarm(): StoredAlarm | undefined {
    return this.read("SELECT at, setting FROM platform_alarm")[0] as StoredAlarm | undefined;
  }

  /** The platform's own doing: the alarm has been answered. */
  clearAlarm(setting: number): void {
    this.sqlite.execute("DELETE FROM platform_alarm WHERE setting = ?", [setting]);
  }

  /** Settles when all that was written so far is kept. */
  async gate(): Promise<void> {
    await this.flushed?.promise;
  }

  /** The host has died: of what is not kept yet so many stretches are, and the rest is lost. */
  lose(choose: (stretches: number) => number): void {
    const kept = choose(this.stretches);
    if (this.open) {
      this.sqlite.db.exec(kept === 0 ? "ROLLBACK" : `ROLLBACK TO stretch_${kept}; COMMIT`);
      // What was prepared for tables that are no more.
      this.sqlite.forget();
      // It may have been lost, too.
      if (this.tables().includes("slots")) this.watchRemovals();
    }
    this.closed(kept);
  }

  /** The storage as the object sees it in one life. */
  facade(life: Life): object {
    const alive = <T>(work: () => T): T => {
      life.step();
      return work();
    };
    return {
      sql: {
        exec: (text: string, ...params: unknown[]) => alive(() => this.exec(text, params)),
      },
      kv: {
        get: (key: string): unknown =>
          alive(() => {
            const [row] = this.read("SELECT value FROM platform_kv WHERE key = ?", key);
            return row && (JSON.parse(String(row["value"])) as unknown);
          }),
        put: (key: string, value: unknown): void => {
          alive(() =>
            this.exec("INSERT OR REPLACE INTO platform_kv VALUES (?, ?)", [key, JSON.stringify(value)]),
          );
        },
      },
      transactionSync: <T>(work: () => T): T => {
        if (life.dead) throw new HostDied();
        return this.transaction(life, work);
      },
      setAlarm: (at: number): Promise<void> => {
        alive(() => {
          this.settings += 1;
          this.exec("INSERT OR REPLACE INTO platform_alarm (id, at, setting) VALUES (1, ?, ?)", [
            at,
            this.settings,
          ]);
        });
        return Promise.resolve();
      },
      deleteAlarm: (): Promise<void> => {
        alive(() => this.exec("DELETE FROM platform_alarm", []));
        return Promise.resolve();
      },
      deleteAll: async (): Promise<void> => {
        alive(() => {
          this.empty();
        });
        await this.gate();
      },
    };
  }

  private exec(text: string, params: unknown[]): object {
    if (isWrite(text)) this.begin();
    const { rows, changes } = this.sqlite.execute(text, params);
    return {
      toArray: () => rows,
      one: () => {
        if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`);
        return rows[0];
      },
      [Symbol.iterator]: () => rows[Symbol.iterator](),
      rowsWritten: changes,
    };
  }

  private transaction<T>(life: Life, work: () => T): T {
    this.begin();
    const { db } = this.sqlite;
    db.exec("SAVEPOINT work");
    try {
      const result = work();
      db.exec("RELEASE work");
      return result;
    } catch (error) {
      // With a host that died in it the transaction is gone already.
      if (!life.dead) db.exec("ROLLBACK TO work; RELEASE work");
      throw error;
    }
  }

  private empty(): void {
    this.host.emptying();
    this.begin();
    for (const table of this.tables()) this.sqlite.db.exec(`DROP TABLE ${table}`);
    this.sqlite.forget();
    this.exec("DELETE FROM platform_kv", []);
    this.exec("DELETE FROM platform_alarm", []);
  }

  private begin(): void {
    if (!this.open) {
      this.open = true;
      this.sqlite.db.exec("BEGIN");
      this.flushed = Promise.withResolvers();
      this.host.book(() => {
        this.flush();
      });
    }
    if (this.stretchOpen) return;
    this.stretchOpen = true;
    queueMicrotask(() => {
      this.endStretch();
    });
  }

  private endStretch(): void {
    // Its host may have died, and all of this with it.
    if (!this.open || !this.stretchOpen) return;
    this.stretchOpen = false;
    this.stretches += 1;
    this.sqlite.db.exec(`SAVEPOINT stretch_${this.stretches}`);
    this.host.stretchEnded(this.stretches);
  }

  private flush(): void {
    if (!this.open) return;
    this.sqlite.db.exec("COMMIT");
    this.closed(this.stretches);
  }

  private closed(kept: number): void {
    const { flushed } = this;
    this.open = false;
    this.stretchOpen = false;
    this.stretches = 0;
    this.flushed = undefined;
    this.host.kept(kept);
    flushed?.resolve(undefined);
  }
}
