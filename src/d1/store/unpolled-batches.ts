/**
 * Takes the polling out of LangGraph's `AsyncBatchedStore`, which every run with a store wraps it in: it looks for
 * operations on a timer of 0 ms for as long as the run lasts. A run that waits a minute for a model would do so
 * tens of thousands of times, at about 5 % of a CPU, which Workers bill and limit. Here the first operation sets the
 * timer, and what is asked until it fires is one batch, as before. Does nothing when LangGraph has changed inside.
 */
import { AsyncBatchedStore, type BaseStore, type Operation } from "@langchain/langgraph-checkpoint";

interface Waiting {
  readonly operation: Operation;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** What is private in the class, as it is in @langchain/langgraph-checkpoint 1.2. */
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
