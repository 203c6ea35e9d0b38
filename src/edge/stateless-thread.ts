/**
 * The thread that is made for a stateless run. Most of them are gone with their run, and share a few standing objects, since a
 * new object costs more than a short run; see docs/decisions/0007-stateless-runs-share-objects.md.
 */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { standingThreadId } from "../calls/thread-id";
import type { RunCreate } from "../wire/runs/run";

/** In each place. One object executes some hundred short runs a second; its runs share one JavaScript thread. */
const OBJECTS = 16;

/**
 * The thread's id, which says where it lives.
 * @param place what is near to the client: an object stays where it was first called from
 */
export function statelessThreadId(body: RunCreate, runId: string, place: string): string {
  if (outlastsItsEnd(body)) return uuid7();
  const object = Number.parseInt(runId.slice(-4), 16) % OBJECTS;
  return standingThreadId(`stateless ${place} ${object}`, runId);
}

/** Whether something is to be left when the run has ended, or its end may be long in coming: it has an object of its own. */
const outlastsItsEnd = (body: RunCreate): boolean =>
  body.on_completion === "keep" ||
  body.webhook !== undefined ||
  body.stream_resumable === true ||
  body.interrupt_before !== undefined ||
  body.interrupt_after !== undefined ||
  (body.after_seconds ?? 0) > 0;
