/**
 * The assistants that runs were created with a moment ago, so that not every run asks D1 for the one that it has in common with
 * those before it. What this isolate changes is seen at once, what another one does within {@link KEPT_MS}; see
 * docs/decisions/0006-assistants-are-remembered-for-two-seconds.md.
 */
import { now } from "../clock";
import type { Assistant } from "./assistant-row";

const KEPT_MS = 2_000;
/** An assistant may take 1.5 MB. */
const MAX_KEPT = 10;

interface Kept {
  assistant: Readonly<Assistant>;
  at: number;
}

const kept = new Map<string, Kept>();
/** Counts the changes, so that what was read before one is not kept after it. */
let changes = 0;

/** The assistant as it was at most two seconds ago, and as `read` gives it when that is not known. */
export async function recallAssistant(
  id: string,
  read: () => Promise<Assistant>,
): Promise<Readonly<Assistant>> {
  const known = kept.get(id);
  // A clock that was set back must not keep it for ever.
  if (known !== undefined && Math.abs(now() - known.at) < KEPT_MS) return known.assistant;
  const at = now();
  const before = changes;
  const assistant = await read();
  if (changes === before) {
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(id, { assistant, at });
  }
  return assistant;
}

/** Makes a change to assistants in D1, and forgets them. */
export async function changeAssistants<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } finally {
    // Also when it failed: its answer may have been lost.
    changes += 1;
    kept.clear();
  }
}
