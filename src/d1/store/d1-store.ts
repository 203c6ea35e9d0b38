/** The store on D1: what graphs reach as `config.store`, and the routes answer from. */
import {
  BaseStore,
  type GetOperation,
  type Item,
  type Operation,
  type OperationResults,
  type SearchItem,
  type SearchOperation,
} from "@langchain/langgraph-checkpoint";
import { now } from "../../platform/clock";
import { within } from "../../platform/deadline";
import { D1_CALL_MS } from "../../platform/time-limits";
import { checkNamespace, stepOf, type PutOptions, type ReadOptions, type Step } from "./operations";
import { prolongItems } from "./store-table";
import { refreshIsDue, storeTtl, type StoreTtl } from "./ttl";
import "./unpolled-batches";

type SearchOptions = NonNullable<Parameters<BaseStore["search"]>[1]>;

/** Key-value items in namespaces, shared by all threads, kept in D1, with a time to live. */
export class D1Store extends BaseStore {
  readonly #db: D1Database;
  readonly #ttl: StoreTtl;

  /** @param ttl how long items are kept; what langgraph.json says by default */
  constructor(db: D1Database, ttl: StoreTtl = storeTtl) {
    super();
    this.#db = db;
    this.#ttl = ttl;
  }

  /**
   * Carries out the operations in one transaction of D1, or none of them. As in LangGraph's own stores, all reads come
   * before all writes, and of several writes of one item the last counts.
   * @throws InvalidNamespaceError, request.invalid, request.too_large
   */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const at = now();
    const steps = operations.map((operation) => stepOf(this.#db, operation, at, this.#ttl));
    const reads = steps.filter((step) => !step.writes);
    const writes = new Map(steps.filter((step) => step.writes).map((step) => [step.target, step]));
    const carriedOut = [...reads, ...writes.values()];
    if (carriedOut.length === 0) return [] as OperationResults<Op>;

    const answers = await this.#send(carriedOut);
    const rowsOf = new Map(carriedOut.map((step, index) => [step, answers[index]?.results ?? []]));
    const taken = steps.map((step) => step.take(rowsOf.get(step) ?? []));

    const due = taken
      .flatMap(({ refreshed }) => refreshed)
      .filter((row) => {
        const { expires_at: expiresAt, ttl_minutes: minutes } = row;
        return expiresAt !== null && minutes !== null && refreshIsDue(at, expiresAt, minutes);
      });
    if (due.length > 0) {
      // A second time changes nothing: it never shortens an item's life.
      const prolong = (): Promise<unknown> =>
        within(D1_CALL_MS, "D1", this.#db.batch(prolongItems(this.#db, due, at)));
      await prolong().catch(prolong);
    }
    return taken.map(({ result }) => result) as OperationResults<Op>;
  }

  /**
   * Sends the statements to D1. An answer that does not come is an error after some seconds: a run must not wait for it until
   * its own time is over, nor the runs behind it. Reads are tried once more. A write is not: it may have been carried out, and
   * a second one could undo what somebody else wrote in between.
   */
  async #send(steps: Step[]): Promise<D1Result[]> {
    const send = (): Promise<D1Result[]> =>
      within(D1_CALL_MS, "D1", this.#db.batch(steps.map(({ statement }) => statement)));
    if (steps.some(({ writes }) => writes)) return send();
    return send().catch(send);
  }

  /** The item, or null when there is none. */
  override async get(namespace: string[], key: string, options: ReadOptions = {}): Promise<Item | null> {
    const [item] = await this.batch<[GetOperation & ReadOptions]>([{ namespace, key, ...options }]);
    return item;
  }

  /** One page, by default of 10, of the items under a prefix that pass the filter, the last written first. */
  override async search(
    namespacePrefix: string[],
    options: SearchOptions & ReadOptions = {},
  ): Promise<SearchItem[]> {
    const [items] = await this.batch<[SearchOperation & ReadOptions]>([{ namespacePrefix, ...options }]);
    return items;
  }

  /** Writes an item, whole. `index` is accepted and has no effect, since there are no embeddings. */
  override async put(
    namespace: string[],
    key: string,
    value: Record<string, unknown>,
    index?: false | string[],
    options: PutOptions = {},
  ): Promise<void> {
    checkNamespace(namespace, "write");
    await this.batch([{ namespace, key, value, index, ...options }]);
  }

  /** Stands for the store where a configuration that holds it becomes JSON. */
  toJSON(): string {
    return "[D1Store]";
  }
}
