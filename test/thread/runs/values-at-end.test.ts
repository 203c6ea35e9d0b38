/** The values with which runs end: for whom they are made, and what they show. */
import { HumanMessage } from "@langchain/core/messages";
import { expect, it, vi } from "vitest";
import { createRun, createThread, getRun, waitRun } from "../../support/threads";
import { until } from "../../support/until";

const firstOf = ({ messages }: { messages?: unknown }): unknown =>
  (messages as { content: unknown }[] | undefined)?.[0]?.content;

it("are those at the end of the run, though the next run changes the same messages in place", async () => {
  const { thread_id: id } = await createThread();
  const marks = { assistant_id: "in-place", input: { messages: [] } };
  await waitRun(id, { ...marks, input: { messages: [{ role: "user", content: "m", id: "first" }] } });
  const runs = await Promise.all([1, 2, 3].map(() => waitRun(id, marks)));
  // Which of the three comes first is not said.
  expect(runs.map(firstOf).toSorted()).toEqual(["m++", "m+++", "m++++"]);
});

it("are made of messages only when somebody waits for them", async () => {
  const { thread_id: id } = await createThread();
  // What is larger than this is not copied to the index.
  const content = "x".repeat(260_000);
  const toDict = vi.spyOn(HumanMessage.prototype, "toDict");
  const fields = { assistant_id: "in-place", input: { messages: [{ role: "user", content }] } };
  const run = await createRun(id, { ...fields, stream_mode: ["custom"] });
  await until(async () => (await getRun(run)).status === "success");
  expect(toDict).not.toHaveBeenCalled();
  expect(firstOf(await waitRun(id, fields))).toBe(`${content}++`);
  expect(toDict).toHaveBeenCalled();
});
