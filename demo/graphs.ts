/**
 * Graphs that behave as real ones do, without a model: they answer in messages with tool calls and tokens, take some time, fail, and ask.
 * `npm run demo -- --stay`, the screenshots and the browser tests run them.
 */
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { Annotation, END, interrupt, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const usage = (input: number, output: number) => ({
  input_tokens: input,
  output_tokens: output,
  total_tokens: input + output,
});

const Timed = Annotation.Root({
  ...MessagesAnnotation.spec,
  /** How long each step takes. */
  step_ms: Annotation<number | undefined>(),
});

const lastQuestion = (messages: readonly BaseMessage[]): string =>
  messages.findLast((message) => HumanMessage.isInstance(message))?.text ?? "the day";

/** A model that calls two tools and then writes. */
export const briefing = new StateGraph(Timed)
  .addNode("plan", async ({ messages, step_ms: ms = 40 }) => {
    await sleep(ms);
    const topic = lastQuestion(messages);
    return {
      messages: [
        new AIMessage({
          content: "",
          tool_calls: [
            { id: `search_${messages.length}`, name: "search_news", args: { query: topic, limit: 3 } },
            { id: `calendar_${messages.length}`, name: "read_calendar", args: { day: "today" } },
          ],
          usage_metadata: usage(412, 58),
        }),
      ],
    };
  })
  .addNode("tools", async ({ messages, step_ms: ms = 40 }) => {
    await sleep(ms);
    const calls = messages.at(-1) as AIMessage;
    return {
      messages: (calls.tool_calls ?? []).map(
        ({ id = "", name }) =>
          new ToolMessage({
            tool_call_id: id,
            name,
            content:
              name === "search_news"
                ? JSON.stringify([
                    { title: "Rates stay where they are", source: "Reuters" },
                    { title: "Port of Hamburg reopens its northern terminal", source: "NDR" },
                  ])
                : "10:00 Stand-up\n14:30 Review of the third quarter",
          }),
      ),
    };
  })
  .addNode("write", async ({ step_ms: ms = 40 }) => {
    await sleep(ms);
    return {
      messages: [
        new AIMessage({
          content:
            "Rates stay where they are, and the port of Hamburg has reopened its northern terminal. " +
            "You have the stand-up at 10:00 and the review of the third quarter at 14:30.",
          usage_metadata: usage(1_236, 187),
        }),
      ],
    };
  })
  .addEdge(START, "plan")
  .addEdge("plan", "tools")
  .addEdge("tools", "write")
  .addEdge("write", END)
  .compile();

const Invoices = Annotation.Root({
  /** `fail`: the run fails; `fail: …`: with this message. */
  mode: Annotation<string | undefined>(),
  checked: Annotation<number>(),
  differences: Annotation<{ invoice: string; expected: number; booked: number }[]>(),
});

/** Fails when it is told to. */
export const invoices = new StateGraph(Invoices)
  .addNode("load", async () => {
    await sleep(30);
    return { checked: 214 };
  })
  .addNode("compare", async ({ mode }) => {
    await sleep(30);
    if (mode === "fail") throw new Error("The ledger service answered 503: try again later");
    if (mode?.startsWith("fail: ") === true) throw new Error(mode.slice("fail: ".length));
    return { differences: [{ invoice: "2026-1187", expected: 1_290, booked: 1_209 }] };
  })
  .addEdge(START, "load")
  .addEdge("load", "compare")
  .addEdge("compare", END)
  .compile();

const Approval = Annotation.Root({
  /** What it asks, if not whether the draft may be sent. */
  question: Annotation<unknown>(),
  draft: Annotation<string>(),
  answer: Annotation<unknown>(),
  sent: Annotation<boolean>(),
});

/** Waits for a person. */
export const approval = new StateGraph(Approval)
  .addNode("write", () => ({ draft: "Dear customers, prices will rise by 3 % on the first of January." }))
  .addNode("ask", ({ draft, question }) => ({
    answer: interrupt<unknown, unknown>(
      question ?? { question: "May this be sent to 1,204 customers?", draft },
    ),
  }))
  .addNode("send", ({ answer }) => ({ sent: answer === true || answer === "yes" }))
  .addEdge(START, "write")
  .addEdge("write", "ask")
  .addEdge("ask", "send")
  .addEdge("send", END)
  .compile();

const Crawl = Annotation.Root({
  pages: Annotation<number>({ reducer: (a, b) => a + b, default: () => 0 }),
  /** How many pages it visits. */
  limit: Annotation<number | undefined>(),
});

/** Takes half a second for each page. */
export const crawl = new StateGraph(Crawl)
  .addNode("visit", async () => {
    await sleep(500);
    return { pages: 1 };
  })
  .addEdge(START, "visit")
  .addConditionalEdges("visit", ({ pages, limit = 10 }) => (pages < limit ? "visit" : END))
  .compile();
