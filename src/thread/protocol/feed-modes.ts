/** What a graph is asked to stream for the thread protocol, beside what the client of the run asked for. */
import type { StreamMode as LibraryMode } from "@langchain/langgraph";
import type { StreamMode } from "../streams/stream-modes";

const STEP_MODES = ["values", "updates", "custom", "tasks"] as const satisfies LibraryMode[];
const ALL_MODES = [...STEP_MODES, "messages", "tools"] as const satisfies LibraryMode[];

/** Modes whose chunks LangGraph gives another form when it streams for the protocol. */
const CHANGED: readonly StreamMode[] = ["messages", "messages-tuple", "tools", "events"];

/** What is asked of the graph. */
interface Fed {
  modes: readonly LibraryMode[];
  subgraphs: boolean;
  options: { version?: "v3" };
}

/**
 * What is asked of the graph. `version: "v3"` is how LangGraph's own `streamEvents` asks for messages and tools in the form of the
 * protocol; an older LangGraph ignores it. When a client of the older API gets the messages, the graph streams them in the form of
 * that API, and the events of the protocol are made of these.
 */
export function feedModes(asked: readonly StreamMode[], feed: { isWanted: boolean }): Fed {
  if (!feed.isWanted) return { modes: [], subgraphs: false, options: {} };
  if (asked.some((mode) => CHANGED.includes(mode))) {
    return { modes: STEP_MODES, subgraphs: false, options: {} };
  }
  return { modes: ALL_MODES, subgraphs: true, options: { version: "v3" } };
}
