/**
 * Three nodes in a row that count their executions, and wait at a gate when the input says so: for
 * tests of killing, resuming, cancelling and overlapping runs. Worker and tests share this module.
 */
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";

export const STEP_NAMES = ["one", "two", "three"] as const;
export type StepName = (typeof STEP_NAMES)[number];

interface Gate {
  /** Settles when the gate opens. */
  readonly opened: Promise<void>;
  readonly open: () => void;
  /** Settles when a node first arrives at the gate. */
  readonly reached: Promise<void>;
  readonly arrive: () => void;
}

const executions = new Map<string, number>();
const gates = new Map<string, Gate>();

/** How often a step ran for a test key (or, when the input has none, a thread id). */
export function executionsOf(key: string, step: StepName): number {
  return executions.get(`${key}/${step}`) ?? 0;
}

/** Lets every node that waits, or will wait, at this gate go on. */
export function openGate(gate: string): void {
  gateNamed(gate).open();
}

/** Settles once a node waits at the gate (or has passed it). */
export function gateReached(gate: string): Promise<void> {
  return gateNamed(gate).reached;
}

/** Makes the gate a closed, unvisited one again. Nodes that already wait keep waiting at the old one. */
export function resetGate(gate: string): void {
  gates.delete(gate);
}

function gateNamed(name: string): Gate {
  let gate = gates.get(name);
  if (gate === undefined) {
    const opened = Promise.withResolvers<undefined>();
    const reached = Promise.withResolvers<undefined>();
    gate = {
      opened: opened.promise,
      open: () => {
        opened.resolve(undefined);
      },
      reached: reached.promise,
      arrive: () => {
        reached.resolve(undefined);
      },
    };
    gates.set(name, gate);
  }
  return gate;
}

const State = Annotation.Root({
  /** Under which name executions are counted; the thread id when absent. */
  key: Annotation<string | undefined>(),
  /** The gate at which `gate_at` (default: the second node) waits. */
  gate: Annotation<string | undefined>(),
  gate_at: Annotation<StepName | undefined>(),
  trail: Annotation<string[]>({ reducer: (trail, more) => [...trail, ...more], default: () => [] }),
});

function step(name: StepName) {
  return async (state: typeof State.State, config: LangGraphRunnableConfig) => {
    const key = state.key ?? String(config.configurable?.["thread_id"]);
    executions.set(`${key}/${name}`, executionsOf(key, name) + 1);
    if (state.gate !== undefined && name === (state.gate_at ?? "two")) {
      const gate = gateNamed(state.gate);
      gate.arrive();
      await untilOpenedOrAborted(gate, config.signal);
    }
    return { trail: [name] };
  };
}

async function untilOpenedOrAborted(gate: Gate, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return gate.opened;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => {
    aborted.reject(signal.reason instanceof Error ? signal.reason : new Error("The run was aborted"));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([gate.opened, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
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
