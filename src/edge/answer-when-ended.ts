/** The answer to whoever waits for the end of a run. */
import { stream } from "hono/streaming";
import type { JoinResult } from "../calls/thread-calls";
import { messageOf } from "../platform/errors";
import type { JsonObject } from "../platform/json";
import type { EdgeContext } from "./caller";

/** After this long a request that waits for a run is sent whitespace, and again each time after as long. */
const KEEP_ALIVE_MS = 5_000;

/**
 * Answers with the result of a run. When the run takes some seconds, the answer begins with whitespace in front of the JSON, so
 * that no proxy in between closes a connection on which nothing is sent.
 */
export async function answerWhenEnded(c: EdgeContext, joined: Promise<JoinResult>): Promise<Response> {
  const early = await Promise.race([joined, wait(KEEP_ALIVE_MS)]);
  if (early !== undefined) return c.json(bodyOf(early));
  c.header("Content-Type", "application/json");
  return stream(c, async (out) => {
    let result: JoinResult | undefined;
    while (result === undefined) {
      await out.write("\n");
      result = await Promise.race([joined, wait(KEEP_ALIVE_MS)]).catch((error: unknown) => ({
        error: { error: "Error", message: messageOf(error) },
      }));
    }
    await out.write(JSON.stringify(bodyOf(result)));
  });
}

const wait = (ms: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms, undefined);
  });

/** The error of a failed run stands in the body, and the SDKs raise it. The request itself has not failed. */
function bodyOf(result: JoinResult): JsonObject {
  return "error" in result ? { __error__: { ...result.error } } : ((result.values ?? {}) as JsonObject);
}
