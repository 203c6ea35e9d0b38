/** The operations of a batch: checks each, makes its statement for D1, and makes its result of the rows that D1 answers. */
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
import { isVisible, type Visibility } from "./visible-items";

export interface ReadOptions extends Visibility {
  /** Whether the items that are read get their full TTL again. When absent, `refresh_on_read` of langgraph.json decides. */
  refreshTtl?: boolean;
}

export interface PutOptions {
  /** Minutes until the item expires; null for never. When absent, `default_ttl` of langgraph.json decides. */
  ttl?: number | null;
}

/** One operation of a batch: its statement, and what the caller gets for the rows of the answer. */
export interface Step {
  readonly statement: D1PreparedStatement;
  /** Whether the statement writes. All reads of a batch are carried out before its writes. */
  readonly writes: boolean;
  /** Names the item that is written. Of several writes with one target, only the last is carried out. */
  readonly target?: string;
  /** The result of the operation, made of the rows of the answer; and the items that get their full TTL again. */
  readonly outcomeOf: (rows: unknown[]) => { result: unknown; refreshed: readonly ItemRow[] };
}

/**
 * The step of one operation. The instant `at` (ms) decides which items have expired.
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
    outcomeOf: ([row]) => {
      const found = row === undefined ? undefined : toItem(row as ItemRow);
      if (found === undefined || !isVisible(operation.visible, found)) return { result: null, refreshed: [] };
      return { result: found, refreshed: refresh ? [row as ItemRow] : [] };
    },
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
    outcomeOf: (rows) => {
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
  // Namespaces that LangGraph keeps for itself are not refused here. As in LangGraph's stores, only the method `put` refuses them.
  checkNamespace(namespace, "address");
  checkKey(key);
  return {
    statement:
      value === null
        ? deleteItem(db, operation)
        : upsertItem(db, operation, storedValue(value), checkedTtl(operation.ttl, ttl), at),
    writes: true,
    target: JSON.stringify([namespace, key]),
    outcomeOf: () => ({ result: null, refreshed: [] }),
  };
}

function listStep(db: D1Database, operation: ListNamespacesOperation & Visibility, at: number): Step {
  checkPage(operation);
  for (const { path } of operation.matchConditions ?? []) checkNamespace(path, "search");
  return {
    statement: selectNamespaces(db, operation, at),
    writes: false,
    outcomeOf: (rows) => ({
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
  checkWholeNumber("limit", page.limit, 0);
  checkWholeNumber("offset", page.offset, 0);
  checkWholeNumber("maxDepth", page.maxDepth, 1);
}

function checkWholeNumber(name: string, value: number | undefined, smallest: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= smallest)) return;
  throw new DomainError("request.invalid", `${name}: expected a whole number from ${smallest} on`);
}

function checkedTtl(ttl: number | null | undefined, { defaultMinutes }: StoreTtl): number | null {
  if (ttl === undefined) return defaultMinutes;
  if (ttl === null || ttlMinutes.safeParse(ttl).success) return ttl;
  throw new DomainError("request.invalid", "ttl: expected a positive number of minutes");
}
