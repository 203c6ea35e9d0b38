/** State and context defined in zod, with a reducer, messages, and a type that JSON schema has no word for. */
import { END, MessagesZodMeta, START, StateGraph } from "@langchain/langgraph";
import { registry } from "@langchain/langgraph/zod";
import type { BaseMessage } from "@langchain/core/messages";
import { z } from "zod";

const State = z.object({
  messages: z.custom<BaseMessage[]>().register(registry, MessagesZodMeta),
  topic: z.string().describe("What it is about"),
  count: z.number().int().default(0),
  seen: z.array(z.string()).register(registry, {
    reducer: { fn: (a: string[], b: string[]) => [...a, ...b], schema: z.array(z.string()) },
  }),
});

const Context = z.object({ tone: z.enum(["dry", "warm"]), temperature: z.number().optional() });

export const graph = new StateGraph(State, Context)
  .addNode("work", ({ topic }) => ({ seen: [topic] }))
  .addEdge(START, "work")
  .addEdge("work", END)
  .compile();

/** One part of it, the date, has no JSON schema. */
export const dated = new StateGraph(z.object({ at: z.date(), name: z.string() }))
  .addNode("work", () => ({}))
  .addEdge(START, "work")
  .compile();
