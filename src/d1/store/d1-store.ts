/** The store, kept in D1. Graphs use it as `config.store`, and the routes of the store answer from it. */
import {
  BaseStore,
  type GetOperation,
  type Item,
  type ListNamespacesOperation,
  type MatchCondition,
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
import type { Visibility } from "./visible-items";

type ListOptions = NonNullable<Parameters<BaseStore["listNamespaces"]>[0]>;
type SearchOptions = NonNullable<Parameters<BaseStore["search"]>[1]>;

/** Key-value items in namespaces, shared by all threads, kept in D1, with a time to live. */
export class D1Store extends BaseStore {
  readonly #db: D1Database;
  readonly #ttl: StoreTtl;

  /** @param ttl how long items are kept; by default what langgraph.json says */
  constructor(db: D1Database, ttl: StoreTtl = storeTtl) {
    super();
    this.#db = db;
    this.#ttl = ttl;
  }

  /**
   * Carries out all operations in one transaction of D1; when it fails, none is carried out. As in LangGraph's own stores, all
   * reads come before all writes, and of several writes of one item only the last is made.
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
    const outcomes = steps.map((step) => step.outcomeOf(rowsOf.get(step) ?? []));

    const toProlong = outcomes
      .flatMap(({ refreshed }) => refreshed)
      .filter((row) => {
        const { expires_at: expiresAt, ttl_minutes: minutes } = row;
        return expiresAt !== null && minutes !== null && refreshIsDue(at, expiresAt, minutes);
      });
    if (toProlong.length > 0) {
      // It may be tried twice: the second time changes nothing, because it never shortens the life of an item.
      const prolong = (): Promise<unknown> =>
        within(D1_CALL_MS, "D1", this.#db.batch(prolongItems(this.#db, toProlong, at)));
      await prolong().catch(prolong);
    }
    return outcomes.map(({ result }) => result) as OperationResults<Op>;
  }

  /**
   * Sends the statements to D1. When no answer comes within D1_CALL_MS, that is an error: the run, and the runs that wait behind
   * it, must not lose all their time. A batch of reads is tried once more. A batch with writes is not: D1 may have carried it
   * out, and a second time could undo what somebody else wrote in between.
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

  /** One page of the items under a prefix that pass the filter, the last written first. A page has 10 items by default. */
  override async search(
    namespacePrefix: string[],
    options: SearchOptions & ReadOptions = {},
  ): Promise<SearchItem[]> {
    const [items] = await this.batch<[SearchOperation & ReadOptions]>([{ namespacePrefix, ...options }]);
    return items;
  }

  /** One page of the namespaces that have items, in order. A page has 100 by default. */
  override async listNamespaces({
    prefix,
    suffix,
    maxDepth,
    limit = 100,
    offset = 0,
    visible,
  }: ListOptions & Visibility = {}): Promise<string[][]> {
    const matchConditions: MatchCondition[] = [
      ...(prefix === undefined ? [] : [{ matchType: "prefix", path: prefix } as const]),
      ...(suffix === undefined ? [] : [{ matchType: "suffix", path: suffix } as const]),
    ];
    const operation = { matchConditions, maxDepth, limit, offset, visible };
    const [namespaces] = await this.batch<[ListNamespacesOperation & Visibility]>([operation]);
    return namespaces;
  }

  /** Writes an item; the new value replaces the old one. `index` has no effect, because this store has no embeddings. */
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

  /** The text that takes the place of the store when a configuration that holds it is written as JSON. */
  toJSON(): string {
    return "[D1Store]";
  }
}
