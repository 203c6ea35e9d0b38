/**
 * Tells whether an item of a list is still what was stored. The graph holds the same objects for as long as it runs, and its nodes
 * may change them in place. So a snapshot of each item's structure is kept, and the item is compared with it. That is many times
 * faster than serializing the item again.
 */
import type { BaseMessage } from "@langchain/core/messages";
import { isMessage } from "../../graphs/message-kinds";

/** A primitive value is its own snapshot; that of an object is a {@link Shape}. */
export type Snapshot = unknown;

/** What was serialized of an object. All shapes have the same fields, because each message of a thread is compared often. */
interface Shape {
  kind: "array" | "object" | "message";
  prototype: unknown;
  /** Empty for an array. */
  keys: readonly string[];
  values: readonly Snapshot[];
}

// To compare a message takes as long as to fetch it and its snapshot from memory. So what is the same in many snapshots is shared.

const EMPTY_OBJECT: Shape = { kind: "object", prototype: Object.prototype, keys: [], values: [] };
const EMPTY_ARRAY: Shape = { kind: "array", prototype: Array.prototype, keys: [], values: [] };

/** Lists of keys, by the keys as JSON. */
const sharedKeys = new Map<string, readonly string[]>();
const MAX_SHARED_KEYS = 1_000;

function shared(keys: readonly string[]): readonly string[] {
  const text = JSON.stringify(keys);
  const known = sharedKeys.get(text);
  if (known !== undefined) return known;
  if (sharedKeys.size < MAX_SHARED_KEYS) sharedKeys.set(text, keys);
  return keys;
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
    const isOfMessage = isMessage(value);
    if (objects > MAX_OBJECTS || !(isOfMessage || isPlain(prototype))) return UNVERIFIABLE;
    const isArray = Array.isArray(value);
    const keys = isArray ? [] : Object.keys(isOfMessage ? argumentsOf(value) : value);
    const contents = isArray
      ? (value as unknown[])
      : keys.map((key) => (isOfMessage ? contentOf(value, key) : (value as Record<string, unknown>)[key]));
    const values = Array.from(contents, snapshot);
    if (values.includes(UNVERIFIABLE)) return UNVERIFIABLE;
    if (values.length === 0 && prototype === Object.prototype) return EMPTY_OBJECT;
    if (values.length === 0 && isArray) return EMPTY_ARRAY;
    const kind = isOfMessage ? "message" : isArray ? "array" : "object";
    return { kind, prototype, keys: shared(keys), values } satisfies Shape;
  };
  return snapshot(item);
}

/** Whether an item has the content that `snapshot` has. Such an item is serialized to the same bytes. */
export function equalsSnapshot(item: unknown, snapshot: Snapshot): boolean {
  if (typeof item !== "object" || item === null || typeof snapshot !== "object" || snapshot === null) {
    return item === snapshot;
  }
  const shape = snapshot as Shape;
  if (Object.getPrototypeOf(item) !== shape.prototype) return false;
  if (shape.kind === "message") return equalsMessage(item as BaseMessage, shape);
  if (shape.kind === "array") return equalsArray(item as unknown[], shape);
  return equalsObject(item as Record<string, unknown>, shape);
}

function equalsMessage(message: BaseMessage, { keys, values }: Shape): boolean {
  let count = 0;
  for (const key in argumentsOf(message)) {
    if (key !== keys[count]) return false;
    count += 1;
  }
  if (count !== keys.length) return false;
  for (let i = 0; i < count; i += 1) {
    const content = contentOf(message, keys[i] as string);
    if (content !== values[i] && !equalsSnapshot(content, values[i])) return false;
  }
  return true;
}

function equalsArray(array: readonly unknown[], { values }: Shape): boolean {
  if (array.length !== values.length) return false;
  for (let i = 0; i < values.length; i += 1) {
    if (array[i] !== values[i] && !equalsSnapshot(array[i], values[i])) return false;
  }
  return true;
}

function equalsObject(object: Record<string, unknown>, { keys, values }: Shape): boolean {
  let count = 0;
  // Plain objects inherit no key. This loop makes no list of the keys, which `Object.keys` does.
  for (const key in object) {
    if (key !== keys[count]) return false;
    const content = object[key];
    if (content !== values[count] && !equalsSnapshot(content, values[count])) return false;
    count += 1;
  }
  return count === keys.length;
}

/** Whether an object is an array or has no class. */
const isPlain = (prototype: unknown): boolean =>
  prototype === Object.prototype || prototype === Array.prototype || prototype === null;

// A message is serialized as the arguments that it was made of, each with its present value. See `Serializable.toJSON`.

const argumentsOf = (message: BaseMessage): Record<string, unknown> => message.lc_kwargs;

/** What is serialized under a key of a message's arguments. */
function contentOf(message: BaseMessage, key: string): unknown {
  const value = fieldOf(message, key);
  return value === undefined && !(key in message) ? argumentsOf(message)[key] : value;
}

/** The fields of a message, also those that only some messages have. */
type MessageFields = BaseMessage &
  Partial<Record<"tool_calls" | "invalid_tool_calls" | "usage_metadata" | "tool_call_id", unknown>>;

/** The fields that most messages have are read by their names, which takes a tenth of the time. */
function fieldOf(message: BaseMessage, key: string): unknown {
  const fields = message as MessageFields;
  switch (key) {
    case "content":
      return fields.content;
    case "additional_kwargs":
      return fields.additional_kwargs;
    case "response_metadata":
      return fields.response_metadata;
    case "id":
      return fields.id;
    case "name":
      return fields.name;
    case "tool_calls":
      return fields.tool_calls;
    case "invalid_tool_calls":
      return fields.invalid_tool_calls;
    case "usage_metadata":
      return fields.usage_metadata;
    case "tool_call_id":
      return fields.tool_call_id;
    default:
      return (message as unknown as Record<string, unknown>)[key];
  }
}
