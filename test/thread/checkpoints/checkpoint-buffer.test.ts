/** When buffered checkpoints are written, and what happens to them until then. */
import { RESUME, uuid6 } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { CheckpointSaver } from "../../../src/thread/checkpoints/checkpoint-saver";
import {
  THREAD,
  LOOP,
  inObject,
  checkpointOf,
  putAll,
  valuesOf,
  count,
  tablesIn,
  observed,
  macrotask,
} from "../../support/checkpoints";
import { collect } from "../../support/collect";

describe("buffered", () => {
  it("writes nothing before the next macrotask, then everything at once", () =>
    inObject(async (storage) => {
      const { seen, storage: watched } = observed(storage);
      const saver = new CheckpointSaver(watched, { buffered: true });
      const first = await putAll(saver, THREAD, { a: 1, big: "b".repeat(50_000) });
      await saver.putWrites(first, [["a", 2]], "task");
      await saver.putWrites(
        first,
        [
          ["a", 3],
          ["a", 4],
        ],
        "task",
      );
      await saver.put(first, checkpointOf({ a: 2, big: "b".repeat(50_000) }, { a: 2 }), LOOP, { a: 2 });
      expect(seen.statements.filter((statement) => !statement.startsWith("SELECT"))).toEqual([]);
      await macrotask();
      expect(count(storage, "checkpoints")).toBe(2);
      expect(count(storage, "checkpoint_parts", "part = 'value:big'")).toBe(1);
      const tuples = await collect(new CheckpointSaver(storage).list(THREAD));
      expect(tuples.map(({ checkpoint }) => checkpoint.channel_values.a)).toEqual([2, 1]);
      expect(tuples[1]?.pendingWrites).toEqual([
        ["task", "a", 2],
        ["task", "a", 4],
      ]);
    }));

  it("adds writes to a checkpoint that is stored already", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage, { buffered: true });
      const config = await putAll(saver, THREAD, {});
      await saver.putWrites(config, [["a", 1]], "task");
      saver.flush();
      await saver.putWrites(
        config,
        [
          ["a", 9],
          ["a", 2],
        ],
        "task",
      );
      await saver.putWrites(config, [[RESUME, 0]], "task");
      saver.flush();
      const tuple = await new CheckpointSaver(storage).getTuple(config);
      expect(tuple?.pendingWrites?.map(([, , value]) => value)).toEqual([0, 1, 2]);
    }));

  it("keeps the writes of a checkpoint that is saved after them or once more", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage, { buffered: true });
      const checkpoint = checkpointOf({ a: 1 });
      const config = {
        configurable: { ...THREAD.configurable, checkpoint_ns: "", checkpoint_id: checkpoint.id },
      };
      const written = async () =>
        (await saver.getTuple(config))?.pendingWrites?.map(([task, , value]) => [task, value]);
      await saver.putWrites(config, [[RESUME, "early"]], "task");
      saver.flush();
      await saver.put(THREAD, checkpoint, LOOP, { a: 1 });
      await saver.putWrites(config, [[RESUME, "late"]], "task");
      await saver.putWrites(config, [["a", 1]], "other");
      expect(await written()).toEqual([
        ["other", 1],
        ["task", "late"],
      ]);

      const again = { ...checkpoint, id: uuid6(1) };
      config.configurable.checkpoint_id = again.id;
      await saver.put(THREAD, again, LOOP, { a: 1 });
      await saver.putWrites(config, [["a", 1]], "task");
      saver.flush();
      await saver.put(THREAD, again, { ...LOOP, step: 7 }, { a: 1 });
      await saver.putWrites(
        config,
        [
          ["a", 8],
          ["a", 2],
        ],
        "task",
      );
      expect(await written()).toEqual([
        ["task", 1],
        ["task", 2],
      ]);
      expect((await saver.getTuple(config))?.metadata?.step).toBe(7);
    }));

  it("flushes before it reads", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage, { buffered: true, runId: "r1" });
      const { configurable } = await putAll(saver, THREAD, { a: 1 });
      expect(saver.latestOfRun("t1", "r1")).toBe(configurable?.checkpoint_id);
      await putAll(saver, THREAD, { a: 2 });
      expect(await valuesOf(saver, THREAD)).toEqual({ a: 2 });
      await putAll(saver, THREAD, { a: 3 });
      expect(await collect(saver.list(THREAD))).toHaveLength(3);
    }));

  it("forgets what is discarded, and never creates a table for it", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage, { buffered: true });
      await putAll(saver, THREAD, { a: 1 });
      saver.discard();
      await putAll(saver, THREAD, { a: 1 });
      await saver.deleteThread("t1");
      await macrotask();
      expect(tablesIn(storage)).toBe(0);
    }));

  it("saves nothing more once it is closed", () =>
    inObject(async (storage) => {
      for (const buffered of [true, false]) {
        const saver = new CheckpointSaver(storage, { buffered });
        const config = await putAll(saver, THREAD, { a: 1 });
        saver.flush();
        await putAll(new CheckpointSaver(storage), config, { a: 2 });
        const late = putAll(saver, config, { a: 3 });
        saver.close();
        await expect(late).rejects.toThrow("has ended");
        await expect(saver.putWrites(config, [["a", 1]], "task")).rejects.toThrow("has ended");
        await macrotask();
        expect(await valuesOf(saver, THREAD)).toEqual({ a: 2 });
      }
    }));

  it("saves values as they are when they are put, however they change later", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage, { buffered: true });
      const bytes = new Uint8Array([1]);
      const list = [1];
      const config = putAll(saver, THREAD, { bytes, list });
      const writes = saver.putWrites(await config, [["bytes", bytes]], "task");
      bytes[0] = 2;
      list.push(2);
      await writes;
      const tuple = await saver.getTuple(THREAD);
      expect(tuple?.checkpoint.channel_values).toEqual({ bytes: new Uint8Array([1]), list: [1] });
      expect(tuple?.pendingWrites).toEqual([["task", "bytes", new Uint8Array([1])]]);
    }));

  it("loses no more in a crash than what was not flushed", () =>
    inObject(async (storage) => {
      const lost = new CheckpointSaver(storage, { buffered: true });
      const first = await putAll(lost, THREAD, { a: 1 });
      await macrotask();
      await putAll(lost, first, { a: 2 }, 2);
      // What a restart leaves: the storage, and another saver.
      const saver = new CheckpointSaver(storage);
      expect(await valuesOf(saver, THREAD)).toEqual({ a: 1 });
      lost.discard();
    }));

  it("keeps the buffer when a flush fails, tries again and reports", () =>
    inObject(async (storage) => {
      const { seen, storage: watched } = observed(storage);
      const saver = new CheckpointSaver(watched, { buffered: true });
      const first = await putAll(saver, THREAD, { a: 1 });
      seen.failing = true;
      await macrotask();
      await expect(putAll(saver, first, { a: 2 }, 2)).rejects.toThrow("disk full");
      expect(() => {
        saver.flush();
      }).toThrow("disk full");
      await expect(saver.getTuple(THREAD)).rejects.toThrow("disk full");
      seen.failing = false;
      await putAll(saver, first, { a: 2 }, 2);
      expect(await collect(saver.list(THREAD))).toHaveLength(2);
    }));

  it("throws at once and keeps nothing when it is not buffered", () =>
    inObject(async (storage) => {
      const { seen, storage: watched } = observed(storage);
      const saver = new CheckpointSaver(watched);
      seen.failing = true;
      await expect(putAll(saver, THREAD, { a: 1 })).rejects.toThrow("disk full");
      seen.failing = false;
      await putAll(saver, THREAD, { a: 2 });
      expect(await collect(saver.list(THREAD))).toHaveLength(1);
    }));
});
