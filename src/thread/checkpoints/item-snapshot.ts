/**
 * Tells whether an item of a list is still what was stored. The graph holds the same objects for as long as it runs, and its nodes
 * may change them in place. So a snapshot of each item's structure is kept, and the item is compared with it. That is many times
 * faster than serializing the item again.
 */
import { BaseMessage } from "@langchain/core/messages";

/** A primitive value is its own snapshot. */
export type Snapshot = unknown;

/** What was serialized of an object. */
class Shape {
  constructor(
    readonly prototype: unknown,
    readonly isMessage: boolean,
    readonly keys: string[],
    readonly values: Snapshot[],
  ) {}
}

/** The snapshot of a value that may change unseen. Nothing equals it. */
const UNVERIFIABLE = Symbol("unverifiable");

/** Objects in one item that are looked at. An item with more, or one that contains itself, counts as unverifiable. */
const MAX_OBJECTS = 2_000;

/** The snapshot of an item. */
export function snapshotOf(item: unknown): Snapshot {
  let objects = 0;
  const snapshot = (value: unknown): Snapshot => {
    if (typeof value === "function") return UNVERIFIABLE;
    if (typeof value !== "object" || value === null) return value;
    objects += 1;
    const prototype: unknown = Object.getPrototypeOf(value);
    const isMessage = value instanceof BaseMessage;
    if (objects > MAX_OBJECTS || !(isMessage || isPlain(prototype))) return UNVERIFIABLE;
    const keys = contentKeys(value, isMessage);
    const values = keys.map((key) => snapshot(contentOf(value, key, isMessage)));
    return values.includes(UNVERIFIABLE) ? UNVERIFIABLE : new Shape(prototype, isMessage, keys, values);
  };
  return snapshot(item);
}

/** Whether an item has the content that `snapshot` has. Such an item is serialized to the same bytes. */
export function equalsSnapshot(item: unknown, snapshot: Snapshot): boolean {
  if (item === snapshot) return true;
  if (!(snapshot instanceof Shape) || typeof item !== "object" || item === null) return false;
  const { keys, values, isMessage } = snapshot;
  if (Object.getPrototypeOf(item) !== snapshot.prototype) return false;
  const present = contentKeys(item, isMessage);
  if (present.length !== keys.length) return false;
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] as string;
    if (present[i] !== key || !equalsSnapshot(contentOf(item, key, isMessage), values[i])) return false;
  }
  return true;
}

/** Whether an object is an array or has no class. */
const isPlain = (prototype: unknown): boolean =>
  prototype === Object.prototype || prototype === Array.prototype || prototype === null;

// A message is serialized as the arguments that it was made of, each with its present value. See `Serializable.toJSON`.

/** The keys of what is serialized of an object. */
const contentKeys = (value: object, isMessage: boolean): string[] =>
  Object.keys(isMessage ? (value as BaseMessage).lc_kwargs : value);

/** What is serialized under a key of an object. */
const contentOf = (value: object, key: string, isMessage: boolean): unknown =>
  isMessage && !(key in value)
    ? ((value as BaseMessage).lc_kwargs as Record<string, unknown>)[key]
    : (value as Record<string, unknown>)[key];
