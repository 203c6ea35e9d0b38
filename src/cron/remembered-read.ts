/**
 * Remembers what was read from a table of the object, for as long as nothing is written that changes it. A firing asks several times
 * which slots are pending.
 */
import type { CronRecord } from "./record";

export class RememberedRead<T> {
  private remembered: { since: number; rollbacks: number; values: T[] } | undefined;

  /** @param record knows of transactions that were rolled back. What was read in one of them is forgotten. */
  constructor(private readonly record: CronRecord) {}

  /**
   * The values from `since` (ms) on.
   * @param read reads them
   * @param instantOf the instant of a value
   */
  from(since: number, read: () => T[], instantOf: (value: T) => number): T[] {
    const { rollbacks } = this.record;
    const known = this.remembered;
    if (known !== undefined && known.rollbacks === rollbacks && known.since <= since)
      return known.values.filter((value) => instantOf(value) >= since);
    const values = read();
    this.remembered = { since, rollbacks, values };
    return [...values];
  }

  /** Forgets what was read: it is about to change. */
  forget(): void {
    this.remembered = undefined;
  }
}
