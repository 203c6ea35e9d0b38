/** The cron's object as it is stored, read past the server, and the definitions that the cron had one after the other. */
import type { CronDefinition } from "../../src/calls/cron-definition";
import type { Progress } from "../../src/calls/cron-progress";
import type { PendingSlot } from "../../src/cron/slot-rows";
import type { ObjectStorage } from "./object-storage";
import type { Timeline } from "./timeline";

/** A definition of the cron, from when on it was stored: by the server's clock and truly. */
export interface DefinitionChange {
  wall: number;
  at: number;
  definition: CronDefinition;
  deleted: boolean;
}

/** A row of the ledger, as stored. */
export interface LedgerRow {
  scheduled_for: number;
  manual: number;
  origin: string;
  status: "pending" | "fired" | "skipped" | "missed";
  reason: string | null;
  lateness_ms: number | null;
  run_id: string | null;
  thread_id: string | null;
  first_slot: number | null;
  schedule: string | null;
  timezone: string | null;
}

export class StoredCron {
  readonly definitions: DefinitionChange[] = [];
  /** What the ledger had when all was removed. */
  lastLedger: { rows: LedgerRow[]; removed: LedgerRow[] } | undefined;

  /** @param storage gives the storage of the cron's object */
  constructor(
    private readonly timeline: Timeline,
    private readonly storage: () => ObjectStorage,
    private readonly trace: (text: string) => void,
  ) {}

  row(): Record<string, unknown> | undefined {
    if (!this.storage().tables().includes("cron")) return undefined;
    return this.storage().read("SELECT * FROM cron")[0];
  }

  ledger(): LedgerRow[] {
    if (!this.storage().tables().includes("slots")) return [];
    const rows = this.storage().read("SELECT * FROM slots ORDER BY scheduled_for, manual");
    // The slot that is being delivered.
    const claimed = this.row()?.claimed;
    if (typeof claimed === "string") {
      const { scheduledFor, origin, threadId } = JSON.parse(claimed) as PendingSlot;
      const cells = { scheduled_for: scheduledFor, manual: 0, origin, thread_id: threadId };
      rows.push({ ...cells, status: "pending", reason: null, run_id: null, first_slot: null });
    }
    return rows as unknown as LedgerRow[];
  }

  /** What was taken out of the ledger, whatever for. */
  removed(): LedgerRow[] {
    return this.storage()
      .removals()
      .map((row) => JSON.parse(row) as LedgerRow);
  }

  /** The runs that go on, as far as the cron knows; undefined when there is no cron. */
  running(): string[] | undefined {
    const progress = this.row()?.progress;
    if (typeof progress !== "string") return undefined;
    return (JSON.parse(progress) as Progress).running.map(({ runId }) => runId);
  }

  isDeleted(): boolean {
    return this.definitions.at(-1)?.deleted ?? false;
  }

  /** Looks at what has been written; what comes back notes it, once it is kept. */
  observe(): () => void {
    const row = this.row();
    if (row === undefined) return () => undefined;
    if (this.definitions.length === 0) this.storage().watchRemovals();
    const { now } = this.timeline;
    const wall = this.timeline.wall();
    const { definition, deleted } = row;
    return () => {
      const last = this.definitions.at(-1);
      const seen = {
        wall,
        at: now,
        definition: JSON.parse(String(definition)) as CronDefinition,
        deleted: deleted === 1,
      };
      if (
        last !== undefined &&
        last.deleted === seen.deleted &&
        JSON.stringify(last.definition) === definition
      )
        return;
      this.trace(`stored: ${String(definition)}${seen.deleted ? " (deleted)" : ""}`);
      this.definitions.push(seen);
    };
  }

  /** Everything is about to be removed. */
  keepLedger(): void {
    if (this.row() === undefined) return;
    this.lastLedger = { rows: this.ledger(), removed: this.removed() };
  }
}
