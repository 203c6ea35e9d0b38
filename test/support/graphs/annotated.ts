/** State, input, output and configuration in annotations, of types of all kinds. */
import type { AIMessage, BaseMessage, HumanMessage } from "@langchain/core/messages";
import { Annotation, END, START, StateGraph, messagesStateReducer } from "@langchain/langgraph";

interface Tree {
  label: string;
  children: Tree[];
}

interface Address {
  /** Street and number. */
  street: string;
  zip?: number;
  geo: [number, number] | null;
}

enum Level {
  Low = 1,
  High = 2,
}

const Input = Annotation.Root({ question: Annotation<string>(), history: Annotation<BaseMessage[]>() });
const Output = Annotation.Root({ answer: Annotation<string | null>() });

const State = Annotation.Root({
  ...Input.spec,
  ...Output.spec,
  /** As LangGraph's own. */
  messages: Annotation<BaseMessage[]>({ reducer: messagesStateReducer, default: () => [] }),
  dialogue: Annotation<(AIMessage | HumanMessage)[]>(),
  last: Annotation<BaseMessage | undefined>(),
  /** Takes one, keeps all. */
  log: Annotation<string[], string>({ reducer: (log, line) => [...log, line], default: () => [] }),
  address: Annotation<Address>(),
  mood: Annotation<"good" | "bad" | 3>(),
  level: Annotation<Level>(),
  flag: Annotation<boolean | undefined>(),
  mixed: Annotation<string | number[] | { ok: true }>(),
  scores: Annotation<Record<string, number>>(),
  tree: Annotation<Tree>(),
  branded: Annotation<string & { readonly __brand: "id" }>(),
  // What follows JSON has no form for, or says nothing of.
  date: Annotation<Date>(),
  callback: Annotation<(() => void) | undefined>(),
  either: Annotation<string | Map<string, string>>(),
  big: Annotation<bigint>(),
  unknown: Annotation<unknown>(),
});

const Config = Annotation.Root({
  /** Which model answers. */
  model: Annotation<string | undefined>(),
  retries: Annotation<number>(),
});

export const graph = new StateGraph({ stateSchema: State, input: Input, output: Output }, Config)
  .addNode("reply", ({ question }) => ({ answer: question }))
  .addEdge(START, "reply")
  .addEdge("reply", END)
  .compile();
