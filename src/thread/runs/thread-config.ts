/** The config of a thread: what its runs were configured with, that of the last on top. */
import type { NewRun, RunKwargs } from "../../calls/run";
import type { ThreadRecord } from "../../calls/thread";
import { bytesOf, type JsonObject } from "../../platform/json";

/** A larger one is not kept: it shares a row with the thread's metadata, which have more of a claim to it. */
const MAX_CONFIG_BYTES = 100_000;

/** What is of a run alone. */
const OF_RUN = new Set(["run_id", "thread_id", "graph_id", "assistant_id"]);

/** The thread's config when a run has been made on it. */
export function withRunConfig(config: JsonObject, { config: ofRun }: RunKwargs): JsonObject {
  const lasting = Object.entries(ofRun.configurable).filter(
    ([key]) => !OF_RUN.has(key) && !key.startsWith("checkpoint_"),
  );
  const merged = {
    ...config,
    ...ofRun,
    configurable: { ...(config.configurable as JsonObject | undefined), ...Object.fromEntries(lasting) },
  };
  return bytesOf(JSON.stringify(merged)) <= MAX_CONFIG_BYTES ? merged : { configurable: {}, ...config };
}

/**
 * The run as it is to be on the thread. Whoever answers what another run has asked seldom knows how that was configured: a run
 * that goes on with an interrupted one of its assistant is `configurable` as that was, over the assistant's own.
 */
export function configuredOn(thread: ThreadRecord | undefined, run: NewRun): NewRun {
  const { config } = run.kwargs;
  const goesOn = thread?.status === "interrupted" && (run.kwargs.input ?? null) === null;
  if (!goesOn || thread.metadata.assistant_id !== run.assistantId) return run;
  const before = Object.entries((thread.config.configurable ?? {}) as JsonObject);
  const lasting = before.filter(([key]) => !run.ownConfigurable.includes(key));
  const configurable = { ...config.configurable, ...Object.fromEntries(lasting) };
  return { ...run, kwargs: { ...run.kwargs, config: { ...config, configurable } } };
}
