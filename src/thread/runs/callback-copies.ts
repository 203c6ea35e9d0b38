/**
 * Makes copies of LangChain's callback managers in one pass. LangChain copies the manager for each node and for each part of a node, and adds the
 * metadata to the copy one by one: with each key it makes two new objects. A run has some fifteen keys. The copies are the same as
 * before.
 */
import { CallbackManager } from "@langchain/core/callbacks/manager";

const { prototype } = CallbackManager;
const { copy } = prototype;

prototype.copy = function (this: CallbackManager, ...args) {
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
