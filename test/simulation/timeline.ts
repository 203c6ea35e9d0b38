/**
 * Simulated time. Nothing happens but events, one after the other; what an event sets going in promises is done before the
 * next. The server's clock is the true time, and may be off by a skew.
 */
interface Event {
  at: number;
  order: number;
  run: () => void;
  cancelled: boolean;
}

/** An event to come. */
export interface Booking {
  cancel: () => void;
}

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Timeline {
  private readonly heap: Event[] = [];
  private order = 0;
  /** By how many ms the server's clock is ahead. */
  skew = 0;

  /** @param now the true time, ms */
  constructor(public now: number) {}

  /** What the server's clock shows. */
  wall(): number {
    return this.now + this.skew;
  }

  /** Books an event; what lies in the past comes at once. */
  at(at: number, run: () => void): Booking {
    const event = { at: Math.max(Math.ceil(at), this.now), order: this.order++, run, cancelled: false };
    this.push(event);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  after(delayMs: number, run: () => void): Booking {
    return this.at(this.now + delayMs, run);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Lets everything happen up to an instant, and stops there. */
  async runUntil(until: number): Promise<void> {
    await macrotask();
    for (;;) {
      const event = this.heap[0];
      if (event === undefined || event.at > until) break;
      this.pop();
      if (event.cancelled) continue;
      this.now = event.at;
      event.run();
      await macrotask();
    }
    this.now = Math.max(this.now, until);
  }

  private push(event: Event): void {
    const { heap } = this;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.isBefore(index, parent)) break;
      this.swap(index, parent);
      index = parent;
    }
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let index = 0;
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let first = index;
      if (left < heap.length && this.isBefore(left, first)) first = left;
      if (right < heap.length && this.isBefore(right, first)) first = right;
      if (first === index) return;
      this.swap(index, first);
      index = first;
    }
  }

  private isBefore(a: number, b: number): boolean {
    const [one, other] = [this.heap[a], this.heap[b]];
    if (one === undefined || other === undefined) throw new Error("beyond the heap");
    return one.at < other.at || (one.at === other.at && one.order < other.order);
  }

  private swap(a: number, b: number): void {
    const { heap } = this;
    const [one, other] = [heap[a], heap[b]];
    if (one === undefined || other === undefined) throw new Error("beyond the heap");
    heap[a] = other;
    heap[b] = one;
  }
}
