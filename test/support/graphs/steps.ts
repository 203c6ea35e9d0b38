/**
 * Three nodes in a row that count their executions, and wait at a gate when the input says so: for
 * tests of killing, resuming, cancelling and overlapping runs. Worker and tests share this module.
 */
import { stampRetryable } from "@langchain/core/errors";
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { until } from "../until";

export const STEP_NAMES = ["one", "two", "three"] as const;
export type StepName = (typeof STEP_NAMES)[number];

interface Gate {
  isOpen: boolean;
  wasReached: boolean;
}

const executions = new Map<string, number>();
const gates = new Map<string, Gate>();

/** How often a step ran for a test key (or, when the input has none, a thread id). */
export function executionsOf(key: string, step: StepName): number {
  return executions.get(`${key}/${step}`) ?? 0;
}

/** Lets every node that waits, or will wait, at this gate go on. */
export function openGate(gate: string): void {
  gateNamed(gate).isOpen = true;
}

/** Settles once a node waits at the gate (or has passed it). */
export async function gateReached(gate: string): Promise<void> {
  await until(() => gateNamed(gate).wasReached);
}

/** Makes the gate a closed, unvisited one again. Nodes that already wait keep waiting at the old one. */
export function resetGate(gate: string): void {
  gates.delete(gate);
}

/** For a node: waits until the gate is open, or the signal aborts. */
export async function waitAt(name: string, signal: AbortSignal | undefined): Promise<void> {
  const gate = gateNamed(name);
  gate.wasReached = true;
  await waitUntil(() => gate.isOpen || signal?.aborted === true);
  signal?.throwIfAborted();
}

function gateNamed(name: string): Gate {
  const gate = gates.get(name) ?? { isOpen: false, wasReached: false };
  gates.set(name, gate);
  return gate;
}

/**
 * Looks again and again, for as long as it takes: test and object may not settle each other's promises, since what follows would then run in
 * the wrong one.
 */
async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const State = Annotation.Root({
  /** Under which name executions are counted; the thread id when absent. */
  key: Annotation<string | undefined>(),
  /** The gate at which `gate_at` (default: the second node) waits. */
  gate: Annotation<string | undefined>(),
  gate_at: Annotation<StepName | undefined>(),
  /** So many executions of the second node fail. */
  fails: Annotation<number | undefined>(),
  /** Another attempt would not help them. */
  for_good: Annotation<boolean | undefined>(),
  trail: Annotation<string[]>({ reducer: (trail, more) => [...trail, ...more], default: () => [] }),
});

function step(name: StepName) {
  return async (state: typeof State.State, config: LangGraphRunnableConfig) => {
    const key = state.key ?? String(config.configurable?.["thread_id"]);
    executions.set(`${key}/${name}`, executionsOf(key, name) + 1);
    if (state.gate !== undefined && name === (state.gate_at ?? "two")) {
      await waitAt(state.gate, config.signal);
    }
    const executed = executionsOf(key, name);
    if (name === "two" && executed <= (state.fails ?? 0)) {
      throw stampRetryable(new Error(`failure ${executed}`), state.for_good !== true);
    }
    return { trail: [name] };
  };
}

export const graph = new StateGraph(State)
  .addNode("one", step("one"))
  .addNode("two", step("two"))
  .addNode("three", step("three"))
  .addEdge(START, "one")
  .addEdge("one", "two")
  .addEdge("two", "three")
  .addEdge("three", END)
  .compile();
