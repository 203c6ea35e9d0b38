/**
 * Where the tools of a graph meet the server that executes the graph. Both are in one Worker, but the tools may be of another copy of
 * this package than the server, so they meet under a global name and not by an import.
 */

/** What a tool answers: words for the model, and the same as data. */
export interface ToolAnswer {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Whether it was refused or failed; `text` says why. */
  readonly failed: boolean;
}

/** A call of a tool. */
export interface ToolCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** The id that the model gave the call; undefined when no model made it. A node that is executed again makes the call of the same id. */
  readonly callId: string | undefined;
}

/** Answers a tool. Never throws. */
export type AnswerTool = (call: ToolCall) => Promise<ToolAnswer>;

const NAME = Symbol.for("edgecron.tools-of-runs");

type Global = typeof globalThis & { [NAME]?: Map<string, AnswerTool> };

/** For the server: from now on the tools of a run are answered so. @returns ends that */
export function offerTools(runId: string, answer: AnswerTool): () => void {
  const runs = ((globalThis as Global)[NAME] ??= new Map<string, AnswerTool>());
  runs.set(runId, answer);
  return () => {
    // A later attempt at the same run may have begun here.
    if (runs.get(runId) === answer) runs.delete(runId);
  };
}

/** For a tool: who answers the tools of this run; undefined when no server executes the run here. */
export const answererOf = (runId: unknown): AnswerTool | undefined =>
  typeof runId === "string" ? (globalThis as Global)[NAME]?.get(runId) : undefined;
