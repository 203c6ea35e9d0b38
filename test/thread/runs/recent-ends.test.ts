/** What a thread object remembers of the runs of crons that have ended. */
import { expect, it } from "vitest";
import { RecentEnds } from "../../../src/thread/runs/recent-ends";

it("the last thousand ends are remembered, and an end that is noted twice counts once", () => {
  const ends = new RecentEnds();
  for (let n = 0; n < 1_000; n++) ends.note(`run ${n}`);
  ends.note("run 999");
  expect(ends.has("run 0")).toBe(true);
  ends.note("run 1000");
  expect(ends.has("run 0")).toBe(false);
  expect([1, 999, 1_000].map((n) => ends.has(`run ${n}`))).toEqual([true, true, true]);
});
