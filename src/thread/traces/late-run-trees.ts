/**
 * Makes LangSmith's run trees when somebody asks for them, and not for each node of each graph.
 *
 * LangChain puts a `RunTree` around each node, also when nothing is traced, because its `AsyncLocalStorage` holds the config of the node in
 * one. A `RunTree` draws an id, formats the time and reads a dozen variables of the environment. That was two fifths of the processor
 * time of a graph with one node. With this change LangChain gets an object in place of the `RunTree`, which becomes a complete one as
 * soon as any of its fields is read. What is traced goes LangChain's own way.
 *
 * A graph that brings its own copy of LangChain is executed as before.
 */
import { _CONTEXT_VARIABLES_KEY, AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { RunTree } from "langsmith/run_trees";
import { isTracingEnabled } from "../../platform/config";

/** The name of the handler by which LangChain traces. */
const TRACER = "langchain_tracer";
/** The key of LangChain under which a run tree holds the config of its node. */
const NODE_CONFIG = Symbol.for("lc:child_config");

type Fields = Record<PropertyKey, unknown>;
/** Callback handlers as a config has them: a list, or a manager. */
type Callbacks = { name?: string }[] | { handlers?: { name?: string }[] } | undefined;

const newTree = (): RunTree => new RunTree({ name: "<runnable_lambda>", tracingEnabled: false });

/** What late trees have in common; made with the first one, because ids cannot be drawn while the Worker starts. */
let prototype: object | undefined;

/** Gives a late tree the fields of a complete one. Fields that were set meanwhile stay. */
function complete(tree: Fields): void {
  const made = newTree() as unknown as Fields;
  for (const name of Object.getOwnPropertyNames(made)) {
    if (Object.hasOwn(tree, name)) continue;
    Object.defineProperty(tree, name, {
      value: made[name],
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  tree.extra = { ...(made.extra as Fields), ...(tree.extra as Fields) };
}

function makePrototype(): object {
  const late = Object.create(RunTree.prototype) as Fields;
  for (const name of Object.getOwnPropertyNames(newTree())) {
    Object.defineProperty(late, name, {
      configurable: true,
      enumerable: true,
      get(this: Fields) {
        complete(this);
        return this[name];
      },
      set(this: Fields, value: unknown) {
        Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true });
      },
    });
  }
  // LangChain asks each tree this.
  Object.defineProperty(late, "tracingEnabled", {
    value: false,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  return late;
}

function lateTree(config: unknown): Fields {
  prototype ??= makePrototype();
  const tree = Object.create(prototype) as Fields;
  tree.extra = { [NODE_CONFIG]: config };
  return tree;
}

function hasTracer(callbacks: Callbacks): boolean {
  const handlers = Array.isArray(callbacks) ? callbacks : callbacks?.handlers;
  return handlers?.some(({ name }) => name === TRACER) ?? false;
}

const provider = AsyncLocalStorageProviderSingleton;
const runWithConfig = provider.runWithConfig.bind(provider);

provider.runWithConfig = function <T>(
  config: { callbacks?: Callbacks } | undefined,
  callback: () => T,
  withoutTree?: boolean,
): T {
  if (withoutTree === true || isTracingEnabled() || hasTracer(config?.callbacks)) {
    return runWithConfig(config, callback, withoutTree);
  }
  const storage = provider.getInstance();
  const around = storage.getStore() as Fields | undefined;
  const tree = lateTree(config);
  const variables = around?.[_CONTEXT_VARIABLES_KEY];
  if (variables !== undefined) tree[_CONTEXT_VARIABLES_KEY] = variables;
  return storage.run(tree, callback);
};
