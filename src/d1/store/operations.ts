/** The operations of a batch: what they may be, what each asks D1, and what is made of the answer. */
import {
  InvalidNamespaceError,
  type GetOperation,
  type ListNamespacesOperation,
  type Operation,
  type PutOperation,
  type SearchOperation,
} from "@langchain/langgraph-checkpoint";
import { DomainError } from "../../platform/errors";
import { decodeNamespace, keyFault, namespaceFault, type NamespaceUse } from "../../wire/store/namespace";
import { ttlMinutes } from "../../wire/store/item";
import { storedValue, toItem, type ItemRow } from "./item";
import { requireValues, selectItems, type FoundRow } from "./item-search";
import { selectNamespaces } from "./namespace-search";
import { deleteItem, selectItem, upsertItem } from "./store-table";
import { type StoreTtl } from "./ttl";

/** Whether the items read get their full TTL again; langgraph.json says so when this does not. */
export interface ReadOptions {
  refreshTtl?: boolean;
}

/** Minutes until the item expires; null for never, and langgraph.json's `default_ttl` when absent. */
export interface PutOptions {
  ttl?: number | null;
}

/** A statement of a batch, and what its rows are to the caller. */
export interface Step {
  readonly statement: D1PreparedStatement;
  /** Puts are carried out after all reads. */
  readonly writes: boolean;
  /** Of two puts of the same target, the later one counts. */
  readonly target?: string;
  /** Gives the result of the operation, and the rows whose TTL begins anew. */
  readonly take: (rows: unknown[]) => { result: unknown; refreshed: readonly ItemRow[] };
}

/**
 * The step of one operation, at the instant `at`.
 * @throws InvalidNamespaceError, request.invalid, request.too_large
 */
export function stepOf(db: D1Database, operation: Operation, at: number, ttl: StoreTtl): Step {
  if ("namespacePrefix" in operation) return searchStep(db, operation, at, ttl);
  if ("value" in operation) return putStep(db, operation, at, ttl);
  if ("namespace" in operation) return getStep(db, operation, at, ttl);
  return listStep(db, operation, at);
}

function getStep(db: D1Database, operation: GetOperation & ReadOptions, at: number, ttl: StoreTtl): Step {
  checkNamespace(operation.namespace, "address");
  checkKey(operation.key);
  const refresh = operation.refreshTtl ?? ttl.refreshOnRead;
  return {
    statement: selectItem(db, operation, at),
    writes: false,
    take: ([row]) =>
      row === undefined
        ? { result: null, refreshed: [] }
        : { result: toItem(row as ItemRow), refreshed: refresh ? [row as ItemRow] : [] },
  };
}

function searchStep(
  db: D1Database,
  operation: SearchOperation & ReadOptions,
  at: number,
  ttl: StoreTtl,
): Step {
  checkNamespace(operation.namespacePrefix, "search");
  checkPage(operation);
  const refresh = operation.refreshTtl ?? ttl.refreshOnRead;
  return {
    statement: selectItems(db, operation, at),
    writes: false,
    take: (rows) => {
      const found = requireValues(rows as FoundRow[]);
      return {
        result: found.map((row) => ({ ...toItem(row), score: undefined })),
        refreshed: refresh ? found : [],
      };
    },
  };
}

function putStep(db: D1Database, operation: PutOperation & PutOptions, at: number, ttl: StoreTtl): Step {
  const { namespace, key, value } = operation;
  // As in LangGraph's stores, only `put` refuses namespaces that are LangGraph's own.
  checkNamespace(namespace, "address");
  checkKey(key);
  return {
    statement:
      value === null
        ? deleteItem(db, operation)
        : upsertItem(db, operation, storedValue(value), checkedTtl(operation.ttl, ttl), at),
    writes: true,
    target: JSON.stringify([namespace, key]),
    take: () => ({ result: null, refreshed: [] }),
  };
}

function listStep(db: D1Database, operation: ListNamespacesOperation, at: number): Step {
  checkPage(operation);
  for (const { path } of operation.matchConditions ?? []) checkNamespace(path, "search");
  return {
    statement: selectNamespaces(db, operation, at),
    writes: false,
    take: (rows) => ({
      result: (rows as Pick<ItemRow, "namespace">[]).map((row) => decodeNamespace(row.namespace)),
      refreshed: [],
    }),
  };
}

/** @throws InvalidNamespaceError */
export function checkNamespace(namespace: readonly string[], use: NamespaceUse): void {
  const fault = namespaceFault(namespace, use);
  if (fault !== undefined) throw new InvalidNamespaceError(`namespace: ${fault}`);
}

function checkKey(key: string): void {
  const fault = keyFault(key);
  if (fault !== undefined) throw new DomainError("request.invalid", `key: ${fault}`);
}

function checkPage(page: { limit?: number; offset?: number; maxDepth?: number }): void {
  checkWhole("limit", page.limit, 0);
  checkWhole("offset", page.offset, 0);
  checkWhole("maxDepth", page.maxDepth, 1);
}

function checkWhole(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw new DomainError("request.invalid", `${name}: expected a whole number from ${least} on`);
}

function checkedTtl(ttl: number | null | undefined, { defaultMinutes }: StoreTtl): number | null {
  if (ttl === undefined) return defaultMinutes;
  if (ttl === null || ttlMinutes.safeParse(ttl).success) return ttl;
  throw new DomainError("request.invalid", "ttl: expected a positive number of minutes");
}
