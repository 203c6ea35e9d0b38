/**
 * Remembers for a moment what this isolate read from D1, so that runs and firings that need the same row do not all read it. A
 * change that this isolate makes is seen at once. A change that another isolate makes is seen when the remembered value is too
 * old; see docs/decisions/0006-assistants-are-remembered-for-two-seconds.md.
 */
import { now } from "../platform/clock";

/** How many values each {@link RecentReads} remembers. There are few, because an assistant may take 1.5 MB. */
const MAX_REMEMBERED = 10;

const allRecentReads: RecentReads<unknown>[] = [];
/** How many changes this isolate has made. A value that was read before the latest change is not remembered. */
let changesSoFar = 0;

/**
 * While another caller reads the same value, a caller waits for it so many ms, one after the other. After the last it reads
 * the value itself. The waits grow slowly: where many crons are due together, a long one would end when all other work is done.
 */
const WAITS_MS = [10, 15, 20, 30, 40, 60, 80, 110, 150, 200];

/** Remembers the values of one kind by their ids, each for `rememberedMs` ms. */
export class RecentReads<T> {
  private readonly remembered = new Map<string, { value: T; at: number }>();
  /**
   * The ids whose values a caller is reading now. Callers cannot share the promise of the read: it never settles when the
   * object that made it is evicted.
   */
  private readonly idsBeingRead = new Set<string>();

  constructor(private readonly rememberedMs: number) {
    allRecentReads.push(this);
  }

  /** The remembered value of the id. When there is none, `read` reads it and the value is remembered. */
  async recallOrRead(id: string, read: () => Promise<T>): Promise<T> {
    for (const ms of WAITS_MS) {
      if (this.freshValue(id) !== undefined || !this.idsBeingRead.has(id)) break;
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    const known = this.freshValue(id);
    if (known !== undefined) return known.value;
    const changesBefore = changesSoFar;
    this.idsBeingRead.add(id);
    try {
      const value = await read();
      if (changesSoFar === changesBefore) {
        if (this.remembered.size >= MAX_REMEMBERED) this.remembered.clear();
        this.remembered.set(id, { value, at: now() });
      }
      return value;
    } finally {
      this.idsBeingRead.delete(id);
    }
  }

  /** The remembered value; undefined when there is none or it is too old. */
  private freshValue(id: string): { value: T } | undefined {
    const known = this.remembered.get(id);
    // The difference is absolute: after the clock was set back, a value must not stay fresh for longer.
    return known !== undefined && Math.abs(now() - known.at) < this.rememberedMs ? known : undefined;
  }

  /** Forgets all values of this kind. */
  forgetAll(): void {
    this.remembered.clear();
    this.idsBeingRead.clear();
  }
}

/** Runs `change`, which writes to D1 what may be remembered here. Afterwards all remembered values are forgotten. */
export async function changeAndForgetReads<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } finally {
    // A change that failed may have been made all the same: only its answer was lost.
    changesSoFar += 1;
    for (const recentReads of allRecentReads) recentReads.forgetAll();
  }
}
