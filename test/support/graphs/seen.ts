/** Tells what its only node was given beside the state. */
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";

export interface Seen {
  configurable: Record<string, unknown>;
  context: Record<string, unknown>;
  metadata: Record<string, unknown>;
  tags: string[];
}

const State = Annotation.Root({ seen: Annotation<Seen>() });

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export const graph = new StateGraph(State)
  .addNode("look", (_state, config: LangGraphRunnableConfig<Record<string, unknown>>) => ({
    seen: {
      configurable: plain(
        Object.fromEntries(
          Object.entries(config.configurable ?? {}).filter(([key]) => !key.startsWith("__")),
        ),
      ),
      context: plain(config.context ?? {}),
      metadata: plain(config.metadata ?? {}),
      tags: plain(config.tags ?? []),
    },
  }))
  .addEdge(START, "look")
  .addEdge("look", END)
  .compile();
