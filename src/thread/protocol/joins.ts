/**
 * Gathers the subscriptions that a client sends at the same time on a WebSocket, as one does that has connected again. If each of them was replayed what
 * the others are, so much would be sent that the WebSocket is closed again, and the JavaScript SDK gives up when that happens before it has subscribed.
 */
import type { EventsFilter } from "../../wire/protocol/events";
import type { Replay } from "./replay";

/** So long a subscription waits for others. */
const GATHER_MS = 10;

/** A subscription: the id of its command, and what is to be replayed to it. */
export interface Joining {
  id: number;
  filter: EventsFilter;
  replay: Replay;
}

export class Joins {
  /** Those that have come together; undefined stands for one that could not be prepared. */
  private waiting: Promise<Joining | undefined>[] = [];
  private all: Promise<void> | undefined;

  /** @param join is called with those that have come together */
  constructor(private readonly join: (joining: readonly Joining[]) => void) {}

  /** Settles when the subscription has joined. Rejects when it could not be prepared; the others join all the same. */
  async add(joining: Promise<Joining>): Promise<void> {
    this.waiting.push(joining.catch(() => undefined));
    this.all ??= this.gather();
    await this.all;
    await joining;
  }

  /** Settles when none waits. */
  async none(): Promise<void> {
    await this.all?.catch(() => undefined);
  }

  private async gather(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    let settled: (Joining | undefined)[];
    do settled = await Promise.all(this.waiting);
    while (settled.length < this.waiting.length);
    this.waiting = [];
    this.all = undefined;
    this.join(settled.filter((joining) => joining !== undefined));
  }
}
