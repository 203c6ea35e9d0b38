/**
 * Calls that a client takes back by a message, as in the revisions of MCP before that of 2026-07-28. The message names the request by a number that
 * each client counts itself. So every client is given a session id, from which nothing is kept but a mark on the runs of its calls.
 */
import { createHash } from "node:crypto";
import { uuid } from "../../wire/fields";
import type { Run } from "../../wire/runs/run";
import type { EdgeContext } from "../caller";
import { MCP_SESSION_HEADER } from "../cors";
import { bodyOf, RouteRefusal, type CallRoute } from "../inner-routes";

/** The key of a run's metadata that says by which request of MCP it was made. */
const REQUEST_KEY = "mcp_request";

/** A run is in the index two seconds after it was made, at the latest. */
const LOOKS = 5;
export const BETWEEN_LOOKS_MS = 700;

/** What the metadata of a run says of the request that makes it. Empty when the client has no session, as those of today's revision. */
export function requestMark(c: EdgeContext, requestId: unknown): Record<string, string> {
  const session = uuid.safeParse(c.req.header(MCP_SESSION_HEADER));
  if (!session.success) return {};
  const mark = createHash("sha256").update(`${session.data} ${JSON.stringify(requestId)}`);
  return { [REQUEST_KEY]: mark.digest("hex").slice(0, 32) };
}

/** Cancels the run that a request of this client has made, if it has not ended. What the caller may not see or cancel is left alone. */
export async function cancelRunOf(c: EdgeContext, call: CallRoute, requestId: unknown): Promise<void> {
  const metadata = requestMark(c, requestId);
  if (metadata[REQUEST_KEY] === undefined) return;
  for (let look = 1; look <= LOOKS; look += 1) {
    try {
      if (await cancelUnfinished(call, metadata)) return;
    } catch (error) {
      const isRefused = error instanceof RouteRefusal && error.status < 500;
      if (isRefused) return;
      if (look === LOOKS) throw error;
    }
    if (look < LOOKS) await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
  }
}

/** Cancels the runs with these metadata that have not ended. @returns whether there were any. @throws RouteRefusal */
async function cancelUnfinished(call: CallRoute, metadata: Record<string, string>): Promise<boolean> {
  const unfinished = async (status: string): Promise<Run[]> =>
    bodyOf(
      await call({
        method: "POST",
        path: "/runs/search",
        body: { metadata, status, select: ["run_id", "thread_id"] },
      }),
    );
  const runs = (await Promise.all([unfinished("running"), unfinished("pending")])).flat();
  for (const { thread_id: threadId, run_id: runId } of runs) {
    const answer = await call({ method: "POST", path: `/threads/${threadId}/runs/${runId}/cancel` });
    if (!answer.ok) await bodyOf(answer);
  }
  return runs.length > 0;
}
