/** Messages of another copy of LangChain, which a project may bring: its classes are not those of the server. */
import { createRequire } from "node:module";
import { AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { expect, it } from "vitest";
import { isMessage, isPieceOfAnswer } from "../../src/graphs/message-kinds";
import { equalsSnapshot, snapshotOf } from "../../src/thread/checkpoints/item-snapshot";
import { MessageBlocks } from "../../src/thread/protocol/message-blocks";
import { UsageMeter } from "../../src/thread/runs/token-usage";
import { EventMapper } from "../../src/thread/streams/stream-modes";

type Messages = typeof import("@langchain/core/messages");
// The package has its classes twice: as modules, and for `require`.
const other = createRequire(import.meta.url)("@langchain/core/messages") as Messages;
const piece = (content: string): AIMessageChunk => new other.AIMessageChunk({ id: "1", content });
const whole = new other.AIMessage({
  id: "1",
  content: "hello",
  usage_metadata: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
});

it("are of other classes", () => {
  expect(AIMessageChunk.isInstance(piece("hello"))).toBe(false);
});

it("are told from other values, and pieces from whole messages", () => {
  expect(
    [piece("hello"), whole, new other.HumanMessage("hi"), { content: "hi", type: "ai" }, null].map(isMessage),
  ).toEqual([true, true, true, false, false]);
  expect([piece("hello"), whole].map(isPieceOfAnswer)).toEqual([true, false]);
});

it("are streamed piece by piece, in the older API and in the thread protocol", () => {
  const mapper = new EventMapper(["messages"], false);
  const pieces = [piece("hel"), piece("lo")];
  const streamed = pieces.flatMap((chunk) => [
    ...mapper.eventsOf({ ns: [], mode: "messages", chunk: [chunk, {}] }),
  ]);
  const ended = [...mapper.eventsOf({ ns: [], mode: "values", chunk: { messages: [whole] } })];
  expect([...streamed, ...ended].map(({ event, data }) => [event, (data as BaseMessage[])[0]?.text])).toEqual(
    [
      ["messages/metadata", undefined],
      ["messages/partial", "hel"],
      ["messages/partial", "hello"],
      ["messages/complete", "hello"],
    ],
  );
  const blocks = new MessageBlocks();
  const events = [...pieces.flatMap((chunk) => [...blocks.eventsOf([chunk, {}])]), ...blocks.end()];
  expect(events.map(({ data }) => data.event)).toEqual([
    "message-start",
    "content-block-start",
    "content-block-delta",
    "content-block-delta",
    "content-block-finish",
    "message-finish",
  ]);
});

it("have their tokens counted, and are known again when they are stored", () => {
  const meter = new UsageMeter(null);
  const metadata = { langgraph_node: "node" };
  meter.handleChainStart({} as never, { messages: [] }, "run", undefined, [], metadata, undefined, "node");
  meter.handleChainEnd({ messages: [whole] }, "run");
  expect(meter.takeUnsaved()).toEqual({ inputTokens: 3, outputTokens: 4 });
  expect(equalsSnapshot(whole, snapshotOf(whole))).toBe(true);
});
