/** The cron's row in D1: what the row is to say, and writing it. */
import type { CronEntry } from "../calls/cron-entry";
import { figuresOf } from "../calls/cron-progress";
import { leaveChain } from "../d1/cron-chains";
import { indexCron, unindexCron, updateCronEntry } from "../d1/crons-table";
import { now } from "../platform/clock";
import { within } from "../platform/deadline";
import { logError } from "../platform/log";
import { D1_CALL_MS } from "../platform/time-limits";
import type { Figures } from "../wire/crons/figures";
import type { CronContext } from "./cron-context";
import { REVISION_STEP, type StoredCron } from "./record";

export class CronIndex {
  /** The last write of the row. A deletion waits for it, because a write that arrives later would bring the row back. */
  private lastWrite: Promise<void> = Promise.resolve();

  constructor(private readonly context: CronContext) {}

  /** What the cron's slots and runs came to. */
  figures(): Figures {
    return figuresOf(this.context.record.require().progress, this.pending(), now());
  }

  /**
   * The changes since the definition was written to D1; null when D1 does not have the present definition.
   * @param acknowledged how many of the pending slots are counted as fired
   */
  entry(acknowledged = 0): CronEntry | null {
    const { record } = this.context;
    if (!record.isDefinitionIndexed()) return null;
    const { definition, nextRunAt, progress, revision } = record.require();
    const pending = this.pending() - acknowledged;
    return { cronId: definition.cronId, nextRunAt, progress, pending, revision };
  }

  /**
   * The entry that goes with a slot's run to the thread object, which writes it to D1 together with the run. It counts the
   * slot as fired. Null when D1 does not have the present definition.
   */
  entryOfFiring(): CronEntry | null {
    const { record } = this.context;
    const { indexedRevision, revision } = record.require();
    // D1 has this revision already, or a thread object was given it to write, with the slot counted as pending. D1 takes each
    // revision only once, so this entry needs a new one.
    if (indexedRevision >= revision) record.update({});
    return this.entry(1);
  }

  /** Writes the row if D1 lacks changes. Never throws: the alarm writes it again after a failure. */
  async write(): Promise<void> {
    const { record, state } = this.context;
    const { revision, indexedRevision } = record.require();
    if (indexedRevision === revision) return;
    try {
      const written = within(D1_CALL_MS, "D1", this.writeRow());
      this.lastWrite = written.catch(() => undefined);
      await written;
      record.noteIndexed(revision);
    } catch (error) {
      logError("the index could not be written", error, { cron_id: state.id.name });
    }
  }

  /** How many slots are claimed whose run is not yet known to be enqueued. */
  private pending(): number {
    const { record, ledger } = this.context;
    return ledger.pending(record.require().pendingFrom).length;
  }

  /** Removes the row. @throws Error when D1 does not answer */
  async remove({ definition, revision }: StoredCron): Promise<void> {
    await this.lastWrite;
    // A thread object may have written the end of a run that the deleted cron did not count; see `CronRecord.update`.
    const latest = revision + REVISION_STEP - 1;
    const { DB } = this.context.env;
    await within(D1_CALL_MS, "D1", unindexCron(DB, definition.cronId, latest));
    if (definition.madeBy?.chain) await within(D1_CALL_MS, "D1", leaveChain(DB, definition.cronId));
  }

  private async writeRow(): Promise<void> {
    const { env, record } = this.context;
    const entry = this.entry();
    if (entry === null) await indexCron(env.DB, record.require(), this.figures());
    else await updateCronEntry(env.DB, entry).run();
  }
}
