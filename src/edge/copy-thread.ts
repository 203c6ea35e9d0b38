/** Copying a thread with its state, from its object to that of the copy. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import type { PiecePosition } from "../calls/thread-calls";
import { threadObject } from "../calls/thread-calls";
import type { Env } from "../platform/config";
import { type Thread, threadCreate } from "../wire/threads/thread";

/** A new thread with the metadata and the whole history of another; it waits if that one does. @throws thread.not_found */
export async function copyThread(env: Env, threadId: string): Promise<Thread> {
  const source = threadObject(env, threadId);
  const { metadata, status } = await source.getThread(threadId);
  const copyId = uuid7();
  const copy = threadObject(env, copyId);
  let position: PiecePosition | null | undefined;
  while (position !== null) {
    const piece = await source.readCheckpoints(threadId, position);
    if (piece.rows.length > 0) await copy.writeCheckpoints(copyId, piece);
    position = piece.next;
  }
  // Last, so that the copy is seen only when it is whole.
  const body = threadCreate.parse({ metadata: { ...metadata, thread_id: copyId } });
  return copy.createThread(copyId, body, status === "interrupted" ? status : "idle");
}
