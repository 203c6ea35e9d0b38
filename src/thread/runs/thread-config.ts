/** The config of a thread: the configs of its runs merged, with later runs replacing the values of earlier ones. */
import type { NewRun, RunKwargs } from "../../calls/run";
import type { ThreadRecord } from "../../calls/thread";
import { bytesOf, type JsonObject } from "../../platform/json";

/** A larger config is not stored, because it shares the thread's row with the metadata, and a row holds 2 MB. */
const MAX_CONFIG_BYTES = 100_000;

/** Keys of `configurable` that describe one run and are not stored with the thread. */
const KEYS_OF_ONE_RUN = new Set(["run_id", "thread_id", "graph_id", "assistant_id"]);

/** The thread's config after a run with `kwargs` was created on the thread. */
export function withRunConfig(threadConfig: JsonObject, { config: runConfig }: RunKwargs): JsonObject {
  const lasting = Object.entries(runConfig.configurable).filter(
    ([key]) => !KEYS_OF_ONE_RUN.has(key) && !key.startsWith("checkpoint_"),
  );
  const merged = {
    ...threadConfig,
    ...runConfig,
    configurable: {
      ...(threadConfig.configurable as JsonObject | undefined),
      ...Object.fromEntries(lasting),
    },
  };
  return bytesOf(JSON.stringify(merged)) <= MAX_CONFIG_BYTES ? merged : { configurable: {}, ...threadConfig };
}

/**
 * The run with the config that it gets on the thread. A run that continues an interrupted run of the same assistant keeps the
 * `configurable` values of the interrupted run, because whoever answers an interrupt seldom knows them. They replace the
 * values of the assistant, but not those that the new run was given itself.
 */
export function withThreadConfig(thread: ThreadRecord | undefined, run: NewRun): NewRun {
  const { config } = run.kwargs;
  const continuesInterrupted = thread?.status === "interrupted" && (run.kwargs.input ?? null) === null;
  if (!continuesInterrupted || thread.metadata.assistant_id !== run.assistantId) return run;
  const previous = Object.entries((thread.config.configurable ?? {}) as JsonObject);
  const lasting = previous.filter(([key]) => !run.ownConfigurable.includes(key));
  const configurable = { ...config.configurable, ...Object.fromEntries(lasting) };
  return { ...run, kwargs: { ...run.kwargs, config: { ...config, configurable } } };
}
