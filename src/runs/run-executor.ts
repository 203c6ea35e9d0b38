/** Executes one run: its graph, on its thread's checkpoints, from where an earlier attempt got to. */
import { Command, Send } from "@langchain/langgraph";
import { messageOf } from "../errors";
import type { JsonObject } from "../json";
import { loadGraph } from "../graphs/registry";
import type { CheckpointSaver } from "../threads/checkpoint-saver";
import { toWire } from "../threads/wire-state";
import type { RunError, RunStatus } from "./run";
import type { StoredRun } from "./run-store";

/** Why a run was made to stop; the reason of its abort signal. */
export type StopReason = "interrupt" | "rollback" | "timeout";

/** How a run ended. */
export interface Outcome {
  status: Exclude<RunStatus, "pending" | "running">;
  error: RunError | null;
  /** The last values of the state, as plain JSON. */
  values: unknown;
  /** The graph stopped at an interrupt and waits for an answer. */
  waiting: boolean;
}

/**
 * Runs the graph to its end, to an interrupt, or until `signal` aborts. Never throws: what the graph throws is the outcome.
 * An attempt that left checkpoints is continued from the last; finished supersteps are not repeated.
 */
export async function executeRun(
  run: StoredRun,
  saver: CheckpointSaver,
  signal: AbortSignal,
): Promise<Outcome> {
  let values: unknown = null;
  let waiting = false;
  try {
    const { config, context } = run.kwargs;
    const graph = await loadGraph(run.graphId, { ...config, context }, { checkpointer: saver });
    const resumes = run.attempts > 1 && saver.latestOfRun(run.threadId, run.runId) !== undefined;
    const stream = await graph.stream(resumes ? null : graphInput(run), {
      ...optionsOf(run),
      configurable: resumes ? withoutCheckpoint(config.configurable) : config.configurable,
      context,
      signal,
      streamMode: ["values"],
    });
    for await (const [, chunk] of stream as AsyncIterable<[string, unknown]>) {
      if (isInterrupt(chunk)) waiting = true;
      else values = chunk;
    }
    return { status: "success", error: null, values: toWire(values), waiting };
  } catch (error) {
    return failure(error, signal, values);
  }
}

function failure(error: unknown, signal: AbortSignal, values: unknown): Outcome {
  const ended = { values: safeWire(values), waiting: false };
  if (!signal.aborted) return { ...ended, status: "error", error: toRunError(error) };
  if (signal.reason === "timeout") {
    return {
      ...ended,
      status: "timeout",
      error: { error: "TimeoutError", message: "the run took too long" },
    };
  }
  return { ...ended, status: "interrupted", error: null };
}

/** A provider may put its whole answer in a message; it is stored with the run. */
const MAX_MESSAGE_LENGTH = 10_000;

/** An error in the form that the SDKs raise. */
const toRunError = (error: unknown): RunError => ({
  error: error instanceof Error ? error.name : "Error",
  message: messageOf(error).slice(0, MAX_MESSAGE_LENGTH),
});

function safeWire(values: unknown): unknown {
  try {
    return toWire(values);
  } catch {
    return null;
  }
}

const isInterrupt = (chunk: unknown): boolean =>
  typeof chunk === "object" && chunk !== null && "__interrupt__" in chunk;

/** An attempt that goes on does so from the run's last checkpoint, not from the one that it started at. */
function withoutCheckpoint(configurable: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(configurable).filter(([key]) => !key.startsWith("checkpoint_")));
}

function graphInput(run: StoredRun): unknown {
  const { command, input } = run.kwargs;
  if (command === undefined) return input ?? null;
  const goto = command.goto === undefined || command.goto === null ? [] : [command.goto].flat();
  return new Command({
    goto: goto.map((target) => {
      if (typeof target === "string") return target;
      const { node, input: args } = target as { node: string; input: unknown };
      return new Send(node, args);
    }),
    update: (command.update ?? undefined) as Record<string, unknown> | undefined,
    resume: command.resume,
  });
}

/** What LangGraph is told beside the input; keys without a value would wipe the graph's own defaults. */
function optionsOf(run: StoredRun): JsonObject {
  const { config, durability, interrupt_before: before, interrupt_after: after } = run.kwargs;
  const options = {
    runId: run.runId,
    tags: config.tags,
    recursionLimit: config.recursion_limit,
    maxConcurrency: config.max_concurrency,
    runName: config.run_name,
    metadata: { ...(config.metadata as JsonObject | undefined), ...run.metadata, run_attempt: run.attempts },
    interruptBefore: before,
    interruptAfter: after,
    durability,
  };
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== null),
  );
}
