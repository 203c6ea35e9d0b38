/**
 * The graphs of the benchmark, which do next to nothing, so that what is measured is the server. Where firings are measured, the first
 * notes that it has begun; see `firings/tally.mjs`. The second has a model that streams as fast as it can.
 */
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { Annotation, MessagesAnnotation, StateGraph } from "@langchain/langgraph";

const WORDS = 500;

const State = Annotation.Root({ text: Annotation(), answer: Annotation() });

export const echo = new StateGraph(State)
  .addNode("echo", ({ text }, config) => {
    const threadId = config.configurable?.thread_id;
    if (threadId !== undefined) globalThis.noteBegun?.(threadId);
    return { answer: `echo: ${text}` };
  })
  .addEdge("__start__", "echo")
  .addEdge("echo", "__end__")
  .compile();

class Talker extends BaseChatModel {
  _llmType() {
    return "talker";
  }

  async _generate() {
    const message = new AIMessage("word ".repeat(WORDS));
    return { generations: [{ text: message.content, message }] };
  }

  async *_streamResponseChunks(_messages, _options, runManager) {
    for (let n = 0; n < WORDS; n += 1) {
      const message = new AIMessageChunk("word ");
      const chunk = new ChatGenerationChunk({ message, text: "word " });
      yield chunk;
      await runManager?.handleLLMNewToken("word ", undefined, undefined, undefined, undefined, { chunk });
    }
  }
}

const talker = new Talker({});

export const talk = new StateGraph(MessagesAnnotation)
  .addNode("talk", async ({ messages }) => ({ messages: [await talker.invoke(messages)] }))
  .addEdge("__start__", "talk")
  .addEdge("talk", "__end__")
  .compile();
