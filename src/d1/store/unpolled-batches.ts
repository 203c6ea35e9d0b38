/**
 * Changes LangGraph's class `AsyncBatchedStore` so that it does not poll. LangGraph puts an instance of it around the store of
 * every run. The class looks for new operations by a timer of 0 ms, again and again while the run lasts. For a run that waits a
 * minute for a model, these are tens of thousands of timers and about 5 % of a CPU, which Workers bill and limit. With this
 * change the first operation starts the timer, and all operations until it fires are one batch, as before. When a later version
 * of LangGraph has other internals, the class is left as it is.
 */
import { AsyncBatchedStore, type BaseStore, type Operation } from "@langchain/langgraph-checkpoint";

interface Waiting {
  readonly operation: Operation;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** The private members of the class in @langchain/langgraph-checkpoint 1.2. */
interface Internals {
  readonly store: BaseStore;
  running: boolean;
  start: () => void;
  stop: () => Promise<void>;
  enqueueOperation: (operation: Operation) => Promise<unknown>;
  processBatchQueue: () => Promise<void>;
}

const internals = AsyncBatchedStore.prototype as unknown as Partial<Internals>;
const waitingByStore = new WeakMap<Internals, Waiting[]>();

if (internals.enqueueOperation !== undefined && internals.processBatchQueue !== undefined) {
  internals.start = function (this: Internals) {
    this.running = true;
  };
  internals.stop = async function (this: Internals) {
    this.running = false;
  };
  internals.enqueueOperation = function (this: Internals, operation) {
    return new Promise((resolve, reject) => {
      const entry = { operation, resolve, reject };
      const waiting = waitingByStore.get(this);
      if (waiting !== undefined) {
        waiting.push(entry);
        return;
      }
      const batch = [entry];
      waitingByStore.set(this, batch);
      setTimeout(() => {
        waitingByStore.delete(this);
        void carryOut(this.store, batch);
      }, 0);
    });
  };
}

async function carryOut(store: BaseStore, batch: readonly Waiting[]): Promise<void> {
  try {
    const results: readonly unknown[] = await store.batch(batch.map(({ operation }) => operation));
    batch.forEach(({ resolve }, index) => {
      resolve(results[index]);
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
