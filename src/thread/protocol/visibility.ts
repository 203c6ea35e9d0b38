/**
 * Whether a client that listens to a thread may see it. A client may begin before the thread exists, and somebody else may then make
 * a thread with this id, so this is asked again for each event.
 */
import { passesFilter, type AccessFilter } from "../../calls/access-filter";
import type { ThreadContext } from "../thread-context";

/** @param filter undefined for clients who may see everything */
export function visibility(
  context: ThreadContext,
  threadId: string,
  filter: AccessFilter | undefined,
): () => boolean {
  if (filter === undefined) return () => true;
  let wasVisible = false;
  return () => {
    const thread = context.hasTables() ? context.threads.find(threadId) : undefined;
    // The end of a run is sent when its thread is gone already.
    if (thread !== undefined && !thread.deleted) wasVisible = passesFilter(thread.metadata, filter);
    return wasVisible;
  };
}
