/** A node that writes, reads and searches the store, as graphs with a long-term memory do. */
import {
  Annotation,
  END,
  getStore,
  START,
  StateGraph,
  type BaseStore,
  type LangGraphRunnableConfig,
} from "@langchain/langgraph";

const State = Annotation.Root({
  user: Annotation<string>(),
  fact: Annotation<string>(),
  /** What the store gave back for the key just written. */
  written: Annotation<string | undefined>(),
  /** Every fact about the user, from whatever thread, in the order of the alphabet. */
  known: Annotation<string[]>(),
});

const storeOf = (store: BaseStore | undefined): BaseStore => {
  if (store === undefined) throw new Error("The graph was given no store");
  return store;
};

/** Remembers `fact` under its own text, with the store of the configuration. */
async function write({ user, fact }: typeof State.State, config: LangGraphRunnableConfig) {
  const store = storeOf(config.store);
  await store.put(["facts", user], fact, { text: fact });
  const item = await store.get(["facts", user], fact);
  return { written: item?.value["text"] as string | undefined };
}

/** Recalls all that is known, with the store of the context. */
async function recall({ user }: typeof State.State) {
  const items = await storeOf(getStore()).search(["facts", user], { limit: 100 });
  return { known: items.map((item) => String(item.value["text"])).sort() };
}

export const graph = new StateGraph(State)
  .addNode("write", write)
  .addNode("recall", recall)
  .addEdge(START, "write")
  .addEdge("write", "recall")
  .addEdge("recall", END)
  .compile();
