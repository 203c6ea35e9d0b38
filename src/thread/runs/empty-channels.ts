/**
 * Saves LangGraph the errors by which it finds out which channels are empty. It makes one for each empty channel whenever it makes a
 * checkpoint, and catches it at once. An error is dear even without a stack, so all are the same one.
 */
import { EmptyChannelError } from "@langchain/langgraph";
import { EphemeralValue, LastValue } from "@langchain/langgraph/channels";

const empty = new EmptyChannelError();

for (const { prototype } of [EphemeralValue, LastValue]) {
  const checkpoint = prototype.checkpoint as (this: unknown) => unknown;
  prototype.checkpoint = function (this: EphemeralValue<unknown> | LastValue<unknown>): unknown {
    if (!this.isAvailable()) throw empty;
    return checkpoint.call(this);
  };
}
