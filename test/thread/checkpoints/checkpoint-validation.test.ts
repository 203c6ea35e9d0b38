/** LangGraph's conformance suite for checkpointers, against the SQLite of real Durable Objects. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type {
  BaseCheckpointSaver,
  CheckpointListOptions,
  CheckpointTuple,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CheckpointSaver } from "../../../src/thread/checkpoints/checkpoint-saver";
import { collect } from "../../support/collect";

// The suite expects the globals of a test runner, and only when its functions are called.
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });
const { deltaChannelHistoryTests, validate } = await import("@langchain/langgraph-checkpoint-validation");

/** A saver whose every call runs within a fresh object of its own, since only there its storage can be used. */
function saverInOwnObject(options: { buffered: boolean }): BaseCheckpointSaver {
  const stub = env.THREAD.get(env.THREAD.newUniqueId());
  let saver: CheckpointSaver | undefined;
  const inObject = <T>(call: (saver: CheckpointSaver) => Promise<T>) =>
    runInDurableObject(stub, (_, state) => call((saver ??= new CheckpointSaver(state.storage, options))));

  async function* list(
    config: RunnableConfig,
    filter?: CheckpointListOptions,
  ): AsyncGenerator<CheckpointTuple> {
    yield* await inObject((target) => collect(target.list(config, filter)));
  }
  return new Proxy(Object.create(CheckpointSaver.prototype) as BaseCheckpointSaver, {
    get: (_, name) => {
      if (name === "then") return undefined;
      if (name === "list") return list;
      return (...args: unknown[]) =>
        inObject((target) => {
          const method = target[name as keyof CheckpointSaver] as (...args: unknown[]) => Promise<unknown>;
          return method.apply(target, args);
        });
    },
  });
}

for (const buffered of [false, true]) {
  const initializer = {
    checkpointerName: buffered ? "CheckpointSaver, buffered" : "CheckpointSaver",
    createCheckpointer: () => saverInOwnObject({ buffered }),
  };
  validate(initializer);
  deltaChannelHistoryTests(initializer);
}
