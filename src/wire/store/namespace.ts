/** Which namespaces and keys are allowed, and how a namespace is stored so that a search for a prefix is a range of texts. */
import { bytesOf } from "../../platform/json";

/** The limit for a namespace as stored, and for a key. Together they are the primary key of the table. */
const MAX_BYTES = 1000;

/** Each label is followed by this. LangGraph allows it in no label, so that no two namespaces look the same. */
const END = ".";
/** The character after {@link END}. It bounds the texts that begin with some labels. */
const AFTER_END = "/";

/** A text that comes after every namespace: the last character of Unicode, more often than it fits into a namespace. */
const LAST = "\u{10FFFF}".repeat(MAX_BYTES / 4 + 1);

/** How a namespace is stored, in the order of its labels: `["users", "7"]` is `users.7.`, and the empty one ``. */
export const encodeNamespace = (labels: readonly string[]): string =>
  labels.map((label) => label + END).join("");

/** The labels of a namespace as stored. */
export const decodeNamespace = (stored: string): string[] => stored.split(END).slice(0, -1);

/** The namespaces that begin with these labels, as stored: from the first text to before the second. */
export function rangeOf(prefix: readonly string[]): [from: string, to: string] {
  const from = encodeNamespace(prefix);
  if (from === "") return ["", LAST];
  return [from, from.slice(0, -1) + AFTER_END];
}

/** What a namespace is for. A searched namespace may be empty. A written namespace may not be one of LangGraph's own. */
export type NamespaceUse = "search" | "address" | "write";

/** What is wrong with a namespace, undefined when nothing is: the rules of LangGraph's `validateNamespace`, and a bound. */
export function namespaceFault(labels: readonly string[], use: NamespaceUse): string | undefined {
  if (labels.length === 0) return use === "search" ? undefined : "expected at least one label";
  for (const label of labels) {
    if (typeof label !== "string") return "labels must be strings";
    if (label === "") return "labels cannot be empty strings";
    const char = [".", ":", "\0"].find((forbidden) => label.includes(forbidden));
    if (char !== undefined) return `labels cannot contain ${JSON.stringify(char)}`;
  }
  if (use === "write" && labels[0] === "langgraph") return 'the first label cannot be "langgraph"';
  return textFault(encodeNamespace(labels));
}

/** What is wrong with a key, undefined when nothing is. */
export function keyFault(key: string): string | undefined {
  if (typeof key !== "string") return "expected a string";
  if (key === "") return "expected at least one character";
  if (key.includes("\0")) return "cannot contain NUL";
  return textFault(key);
}

function textFault(text: string): string | undefined {
  // UTF-8 has no form for lone surrogates: all would become one character, and different texts the same.
  if (!text.isWellFormed()) return "expected well-formed Unicode";
  const bytes = bytesOf(text);
  return bytes > MAX_BYTES ? `${bytes} bytes, and at most ${MAX_BYTES} are allowed` : undefined;
}
