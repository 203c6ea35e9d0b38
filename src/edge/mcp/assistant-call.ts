/** A call of an assistant as a tool of MCP: a stateless run, whose output is the answer. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import { threadObject } from "../../calls/thread-calls";
import type { Env } from "../../platform/config";
import { asDomainError } from "../../platform/errors";
import type { JsonObject } from "../../platform/json";
import { logError } from "../../platform/log";
import { RouteRefusal, type CallRoute } from "../inner-routes";
import { newsOf, type RunEnd } from "../inner-run";
import { answerIn } from "../last-message";

/** After so many ms without news the client is told that the run goes on, so that it does not give the call up. */
const STILL_RUNNING_MS = 15_000;

export interface AssistantCall {
  env: Env;
  assistantId: string;
  input: JsonObject;
  /** Of the run. */
  metadata: JsonObject;
  /** Aborts when the client is gone. The run is then cancelled. */
  signal: AbortSignal;
  /** Tells the client how far the run is; undefined when it does not ask. */
  progress: ((steps: number, message: string) => Promise<void>) | undefined;
}

export async function callAssistant(call: CallRoute, wanted: AssistantCall): Promise<CallToolResult> {
  const { env, assistantId, input, metadata, signal } = wanted;
  const body = {
    assistant_id: assistantId,
    input,
    metadata,
    stream_mode: ["values", "updates"],
    on_disconnect: "cancel",
  };
  const progress = new Progress(wanted.progress);
  let ids = { threadId: "", runId: "" };
  try {
    const response = await call({ method: "POST", path: "/runs/stream", body, signal });
    for await (const news of newsOf(response)) {
      if (news.kind === "began") {
        ids = news;
        await progress.tell(`run ${news.runId} has begun`);
      } else if (news.kind === "updates") await progress.tell(`${Object.keys(news.updates).join(", ")} done`);
      else if (news.kind === "ended")
        return news.end.status === "success" && (await wasCancelled(env, ids))
          ? failed("the run was cancelled")
          : resultOf(news.end, ids.threadId);
    }
  } catch (error) {
    if (error instanceof RouteRefusal) return failed(error.detail);
    throw error;
  } finally {
    progress.end();
  }
  return failed("the run's events ended without its result");
}

/**
 * Whether somebody has cancelled a run whose stream has ended. The stream does not tell it. The caller has made the run, so nobody is
 * asked whether the caller may read it.
 */
async function wasCancelled(
  env: Env,
  { threadId, runId }: { threadId: string; runId: string },
): Promise<boolean> {
  try {
    return (await threadObject(env, threadId).getRun(threadId, runId)).status === "interrupted";
  } catch (error) {
    // A cancelled run that was rolled back leaves nothing.
    if (asDomainError(error)?.code === "run.not_found") return true;
    // The answer is there, and is not lost because of this.
    logError("how the run of a call of MCP ended could not be read", error, { run_id: runId });
    return false;
  }
}

/** Numbers what is told, and tells something now and then. */
class Progress {
  private steps = 0;
  private readonly timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly send: AssistantCall["progress"]) {
    if (send === undefined) return;
    const tellAgain = (): void => {
      // A client that is gone is told by the signal.
      this.tell("still running").catch(() => undefined);
    };
    this.timer = setInterval(tellAgain, STILL_RUNNING_MS);
  }

  async tell(message: string): Promise<void> {
    this.steps += 1;
    await this.send?.(this.steps, message);
  }

  end(): void {
    clearInterval(this.timer);
  }
}

function resultOf(end: RunEnd, threadId: string): CallToolResult {
  if (end.status === "error") return failed(`${end.error}: ${end.message}`);
  if (end.status === "interrupted") {
    const questions = JSON.stringify(end.interrupts);
    return {
      ...failed(
        `The assistant stopped and asks for an answer, which a call of a tool cannot give: ${questions}. The run waits on thread ${threadId}.`,
      ),
      structuredContent: { thread_id: threadId, interrupts: end.interrupts },
    };
  }
  const { values } = end;
  return {
    content: [{ type: "text", text: answerIn(values) ?? JSON.stringify(values) }],
    structuredContent: values,
  };
}

const failed = (text: string): CallToolResult => ({ content: [{ type: "text", text }], isError: true });
