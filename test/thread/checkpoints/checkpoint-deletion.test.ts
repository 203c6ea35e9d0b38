/** Deleting runs and threads from the checkpoint tables. */
import { INTERRUPT, RESUME } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { CheckpointSaver } from "../../../src/thread/checkpoints/checkpoint-saver";
import { THREAD, LOOP, inObject, checkpointOf, putAll, valuesOf, count } from "../../support/checkpoints";
import { collect } from "../../support/collect";

describe("deleting", () => {
  it("brings a thread back to what it was before a run", () =>
    inObject(async (storage) => {
      const big = (letter: string) => letter.repeat(50_000);
      const first = new CheckpointSaver(storage, { runId: "r1" });
      const c1 = await putAll(first, THREAD, { kept: big("k"), gone: big("1") });
      await first.putWrites(c1, [[INTERRUPT, "question"]], "task");
      const before = await first.getTuple(THREAD);

      const second = new CheckpointSaver(storage, { runId: "r2" });
      await second.putWrites(c1, [[RESUME, "answer"]], "task");
      await second.putWrites(c1, [[INTERRUPT, "another"]], "task");
      await second.putWrites(c1, [["gone", "result"]], "task");
      const next = checkpointOf({ kept: big("k"), gone: big("2") }, { gone: 2 });
      const c2 = await second.put(c1, next, LOOP, { gone: 2 });
      await second.putWrites(c2, [["gone", "more"]], "task-2");
      expect(second.latestOfRun("t1", "r2")).toBe(c2.configurable?.checkpoint_id);
      expect(second.latestOfRun("t1", "r1")).toBe(c1.configurable?.checkpoint_id);
      expect((await second.getTuple(c1))?.pendingWrites).toEqual([
        ["task", RESUME, "answer"],
        ["task", INTERRUPT, "another"],
        ["task", "gone", "result"],
      ]);

      second.deleteRun("t1", "r2");
      expect(second.latestOfRun("t1", "r2")).toBeUndefined();
      expect(await second.getTuple(THREAD)).toEqual(before);
      // The writes of r1, and its two large values.
      expect(count(storage, "checkpoint_parts")).toBe(3);
    }));

  it("keeps the large values of a deleted run that later checkpoints still have", () =>
    inObject(async (storage) => {
      const kept = "k".repeat(50_000);
      const first = new CheckpointSaver(storage, { runId: "r1" });
      const c1 = await putAll(first, THREAD, { kept, gone: "g".repeat(50_000), small: "s" });
      const second = new CheckpointSaver(storage, { runId: "r2" });
      await second.put(c1, checkpointOf({ kept, small: "s", gone: 0 }, { gone: 2 }), LOOP, { gone: 2 });
      second.deleteRun("t1", "r1");
      expect(await valuesOf(second, THREAD)).toEqual({ kept, gone: 0, small: "s" });
      expect(count(storage, "checkpoint_parts")).toBe(1);
      second.deleteRun("t1", "r2");
      expect(count(storage, "checkpoint_parts") + count(storage, "checkpoints")).toBe(0);
    }));

  it("removes every row of a thread and none of another", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage, { runId: "r1" });
      for (const thread_id of ["t1", "t2"]) {
        for (const checkpoint_ns of ["", "child"]) {
          const config = await putAll(
            saver,
            { configurable: { thread_id, checkpoint_ns } },
            { big: "b".repeat(50_000) },
          );
          await saver.putWrites(config, [["a", 1]], "task");
        }
      }
      const other = await collect(saver.list({ configurable: { thread_id: "t2" } }));
      await saver.deleteThread("t1");
      expect(count(storage, "checkpoints", "thread_id = 't1'")).toBe(0);
      expect(count(storage, "checkpoint_parts", "thread_id = 't1'")).toBe(0);
      expect(await collect(saver.list({ configurable: { thread_id: "t2" } }))).toEqual(other);
      saver.deleteRun("t1", "r1");
      expect(other).toHaveLength(2);
      expect(await collect(saver.list({}))).toEqual(other);
    }));

  it("forgets the checkpoint tables with deleteAll, and starts anew", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      await putAll(saver, THREAD, { a: 1 });
      await storage.deleteAll();
      expect(await saver.getTuple(THREAD)).toBeUndefined();
      await putAll(saver, THREAD, { a: 2 });
      expect(await valuesOf(saver, THREAD)).toEqual({ a: 2 });
    }));
});
