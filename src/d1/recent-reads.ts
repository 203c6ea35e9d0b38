/**
 * What was read from D1 a moment ago, so that not every run and firing asks for what it has in common with those before it.
 * What this isolate changes is seen at once, what another one does only when what is remembered is too old; see
 * docs/decisions/0006-assistants-are-remembered-for-two-seconds.md.
 */
import { now } from "../platform/clock";

/** An assistant may take 1.5 MB. */
const MAX_KEPT = 10;

const all: Recent<unknown>[] = [];
/** Counts the changes, so that what was read before one is not kept after it. */
let changes = 0;

/** How long one who asks waits for the answer to one who asked before, time and again, before it asks itself. */
const WAITS_MS = [10, 40, 150, 500];

/** Remembers values by their id for `keptMs`. */
export class Recent<T> {
  private readonly kept = new Map<string, { value: T; at: number }>();
  /** What is being read. Its promise cannot be shared: it is lost with the object that reads. */
  private readonly reading = new Set<string>();

  constructor(private readonly keptMs: number) {
    all.push(this);
  }

  /** The value as it was read a moment ago, and as `read` gives it when that is not known. */
  async recall(id: string, read: () => Promise<T>): Promise<T> {
    for (const ms of WAITS_MS) {
      if (this.known(id) !== undefined || !this.reading.has(id)) break;
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    const known = this.known(id);
    if (known !== undefined) return known.value;
    const before = changes;
    this.reading.add(id);
    try {
      const value = await read();
      if (changes === before) {
        if (this.kept.size >= MAX_KEPT) this.kept.clear();
        this.kept.set(id, { value, at: now() });
      }
      return value;
    } finally {
      this.reading.delete(id);
    }
  }

  private known(id: string): { value: T } | undefined {
    const known = this.kept.get(id);
    // A clock that was set back must not keep it for ever.
    return known !== undefined && Math.abs(now() - known.at) < this.keptMs ? known : undefined;
  }

  forget(): void {
    this.kept.clear();
    this.reading.clear();
  }
}

/** Makes a change in D1 to what may be remembered, and forgets it. */
export async function changing<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } finally {
    // Also when it failed: its answer may have been lost.
    changes += 1;
    for (const recent of all) recent.forget();
  }
}
