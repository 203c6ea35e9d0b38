/**
 * Makes LangChain's callback managers cheaper. Each node of a graph has one, and so has each part of a node.
 */
import { CallbackManager, CallbackManagerForChainRun } from "@langchain/core/callbacks/manager";
import { UsageMeter } from "./token-usage";

const { copy, handleChainStart } = CallbackManager.prototype;
const { handleChainEnd } = CallbackManagerForChainRun.prototype;

/**
 * Copies a manager in one pass. LangChain adds the metadata to the copy one by one: with each key it makes two new objects. A run has
 * some fifteen keys. The copy is the same.
 */
CallbackManager.prototype.copy = function (this: CallbackManager, ...args) {
  const { handlers, inheritableHandlers, tags, inheritableTags, _parentRunId } = this;
  // LangChain copies everything but the metadata.
  const rest = { handlers, inheritableHandlers, tags, inheritableTags, _parentRunId, metadata: {} };
  const made = copy.apply(rest as unknown as CallbackManager, args);
  const metadata: Record<string, unknown> = { ...this.metadata };
  const inheritableMetadata: Record<string, unknown> = {};
  for (const key of Object.keys(metadata)) {
    if (Object.hasOwn(this.inheritableMetadata, key)) inheritableMetadata[key] = metadata[key];
  }
  made.metadata = metadata;
  made.inheritableMetadata = inheritableMetadata;
  return made;
};

/**
 * Tells the meter of a node that begins, and of one that has ended, when nobody else listens. LangChain calls each handler in a promise
 * and an `AsyncLocalStorage` of its own. The meter needs neither.
 */
CallbackManager.prototype.handleChainStart = async function (this: CallbackManager, ...args) {
  const meter = onlyMeter(this.handlers);
  if (meter === undefined) return handleChainStart.apply(this, args);
  const { handlers } = this;
  const silent = Object.create(this, { handlers: { value: [] } }) as CallbackManager;
  const manager = await handleChainStart.apply(silent, args);
  Object.assign(manager, { handlers });
  const [chain, inputs, , runType, , , runName] = args;
  tell(() => {
    meter.handleChainStart(
      chain,
      inputs,
      manager.runId,
      this._parentRunId,
      this.tags,
      this.metadata,
      runType,
      runName,
    );
  });
  return manager;
};

CallbackManagerForChainRun.prototype.handleChainEnd = async function (
  this: CallbackManagerForChainRun,
  ...args
) {
  const meter = onlyMeter(this.handlers);
  if (meter === undefined) return handleChainEnd.apply(this, args);
  tell(() => {
    meter.handleChainEnd(args[0], this.runId);
  });
};

/** The meter, if it is the only handler. */
const onlyMeter = (handlers: unknown[]): UsageMeter | undefined =>
  handlers.length === 1 && handlers[0] instanceof UsageMeter ? handlers[0] : undefined;

/** Calls the meter. As with LangChain, an error is no error of the node: what it returns may have properties that throw. */
function tell(call: () => void): void {
  try {
    call();
  } catch (error) {
    console.warn(`Error in handler UsageMeter: ${String(error)}`);
  }
}
