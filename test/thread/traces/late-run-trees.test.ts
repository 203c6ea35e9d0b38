/** What LangChain's functions find in place of a run tree, in a node that is not traced. */
import { AsyncLocalStorageProviderSingleton as provider } from "@langchain/core/singletons";
import "@langchain/langgraph";
import { isRunTree, RunTree } from "langsmith/run_trees";
import { getCurrentRunTree } from "langsmith/singletons/traceable";
import { expect, it } from "vitest";
import "../../../src/thread/traces/late-run-trees";

const config = { metadata: { topic: "rain" } };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

it("the config of the node is found, and nothing is made for it", () => {
  provider.runWithConfig(config, () => {
    expect(provider.getRunnableConfig()).toBe(config);
    expect(Object.keys(getCurrentRunTree())).toEqual(["extra"]);
    expect(getCurrentRunTree().tracingEnabled).toBe(false);
    expect(Object.keys(getCurrentRunTree())).toEqual(["extra"]);
    provider.runWithConfig({}, () => undefined, true);
  });
});

it("the tree becomes a complete one when it is read", () => {
  provider.runWithConfig(config, () => {
    const tree = getCurrentRunTree();
    expect([isRunTree(tree), tree instanceof RunTree]).toEqual([true, true]);
    tree.metadata = { asked: true };
    tree.name = "question";
    const complete = new RunTree({ name: "question", tracingEnabled: false });
    expect(tree.id).toMatch(UUID);
    expect(tree.trace_id).toBe(tree.id);
    expect(tree.name).toBe("question");
    expect(tree.dotted_order).toContain(tree.id);
    expect(tree.extra.metadata).toEqual({ asked: true });
    expect(Object.keys(tree).sort()).toEqual(Object.keys(complete).sort());
    expect(provider.getRunnableConfig()).toBe(config);
  });
});

it("children belong to the tree, and each node has a tree of its own", () => {
  const [first, second] = [1, 2].map(() =>
    provider.runWithConfig(config, () => {
      const tree = getCurrentRunTree();
      const child = tree.createChild({ name: "child" });
      expect(child.parent_run).toBe(tree);
      expect([child.trace_id, child.tracingEnabled]).toEqual([tree.id, false]);
      expect(child.dotted_order.startsWith(`${tree.dotted_order}.`)).toBe(true);
      expect(tree.child_runs).toEqual([child]);
      return tree.id;
    }),
  );
  expect(first).not.toBe(second);
});
