/** What the checkpoint saver stores and how, in the SQLite of real Durable Objects. */
import {
  INTERRUPT,
  RESUME,
  TASKS,
  uuid6,
  type Checkpoint,
  type CheckpointMetadata,
} from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { INLINE_VALUE_BYTES } from "../../../src/thread/checkpoints/checkpoint-body";
import { CHUNK_BYTES } from "../../../src/thread/checkpoints/checkpoint-parts";
import { CheckpointSaver, MAX_CHECKPOINT_BYTES } from "../../../src/thread/checkpoints/checkpoint-saver";
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
} from "../../support/checkpoints";
import { collect } from "../../support/collect";

describe("large states", () => {
  it("keeps a state of 20 MB, and does not rewrite it while it stays the same", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const big = "x".repeat(20_000_000);
      let config = await putAll(saver, THREAD, { big, step: 0 });
      const chunks = Math.ceil((big.length + 2) / CHUNK_BYTES);
      expect(count(storage, "checkpoint_parts")).toBe(chunks);

      for (let step = 2; step < 12; step += 1) {
        const next = checkpointOf({ big, step }, { step });
        config = await saver.put(config, next, LOOP, { step });
      }
      expect(count(storage, "checkpoint_parts")).toBe(chunks);
      expect(count(storage, "checkpoints", "length(body) < 1000")).toBe(11);
      const values = await valuesOf(saver, THREAD);
      expect(values?.step).toBe(11);
      expect(values?.big === big).toBe(true);
    }));

  it.each([
    [CHUNK_BYTES, 1],
    [CHUNK_BYTES + 1, 2],
    [2 * CHUNK_BYTES, 2],
    [2 * CHUNK_BYTES + 1, 3],
  ])("splits a value of %i bytes in %i chunks", (size, chunks) =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const bytes = new Uint8Array(size).map((_, i) => i % 251);
      await putAll(saver, THREAD, { bytes });
      expect(count(storage, "checkpoint_parts")).toBe(chunks);
      expect((await valuesOf(saver, THREAD))?.bytes).toEqual(bytes);
    }),
  );

  it("splits metadata and task writes as well", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const note = "m".repeat(2 * CHUNK_BYTES);
      const checkpoint = checkpointOf({ a: 1 });
      const config = await saver.put(THREAD, checkpoint, { ...LOOP, note } as CheckpointMetadata, { a: 1 });
      await saver.putWrites(config, [[INTERRUPT, note]], "task");
      expect(count(storage, "checkpoint_parts", "part = 'body'")).toBe(3);
      expect(count(storage, "checkpoint_parts", "part = 'writes:task'")).toBe(3);
      const tuple = await saver.getTuple(THREAD);
      expect(tuple?.metadata).toEqual({ ...LOOP, note });
      expect(tuple?.pendingWrites).toEqual([["task", INTERRUPT, note]]);

      await saver.putWrites(config, [[INTERRUPT, "short"]], "task");
      expect(count(storage, "checkpoint_parts", "part = 'writes:task'")).toBe(1);
      expect((await saver.getTuple(THREAD))?.pendingWrites).toEqual([["task", INTERRUPT, "short"]]);
    }));

  it("keeps many small values out of the row once they fill it", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const values = Object.fromEntries(
        Array.from({ length: 30 }, (_, i) => [`c${i}`, `${i}`.padEnd(INLINE_VALUE_BYTES - 2, "-")]),
      );
      await putAll(saver, THREAD, values);
      expect(count(storage, "checkpoint_parts")).toBe(22);
      expect(await valuesOf(saver, THREAD)).toEqual(values);
    }));

  it("refuses what is above the limit and says so", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const half = new Uint8Array(MAX_CHECKPOINT_BYTES / 2);
      const config = await putAll(saver, THREAD, { half });
      const both = checkpointOf({ half, other: half });
      const message =
        /A checkpoint of thread t1 is 64\.0 MiB when serialized, above the limit of 64\.0 MiB.*store/;
      await expect(saver.put(config, both, LOOP, { other: 1 })).rejects.toThrow(message);
      await expect(
        saver.putWrites(
          config,
          [
            ["a", half],
            ["b", half],
          ],
          "task",
        ),
      ).rejects.toThrow(/writes of a task/);
      expect(count(storage, "checkpoints")).toBe(1);
    }));
});

describe("values of forks", () => {
  it("keeps branches apart that count their versions from the same number", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const root = await putAll(saver, THREAD, { a: "root", big: "r".repeat(50_000) });
      const left = await putAll(saver, root, { a: "left", big: "l".repeat(50_000) }, 2);
      const right = await putAll(saver, root, { a: "right", big: "R".repeat(50_000) }, 2);
      expect(await valuesOf(saver, left)).toEqual({ a: "left", big: "l".repeat(50_000) });
      expect(await valuesOf(saver, right)).toEqual({ a: "right", big: "R".repeat(50_000) });
    }));

  it("copies a checkpoint beside the original with the values that its parent does not have", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const same = "s".repeat(50_000);
      const root = await putAll(saver, THREAD, { same, a: 1, big: "old".repeat(10_000) });
      const values = { same, a: 2, big: "new".repeat(10_000) };
      const original = checkpointOf(values, { a: 2, big: 2 });
      await saver.put(root, original, LOOP, { a: 2, big: 2 });
      const copy = await saver.put(root, { ...original, id: uuid6(1) }, { ...LOOP, source: "fork" }, {});
      expect(await valuesOf(saver, copy)).toEqual(values);
      expect(count(storage, "checkpoint_parts", "part = 'value:same'")).toBe(1);
    }));
});

describe("task writes", () => {
  it("keeps the first ordinary write and the last special one, in one row", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const config = await putAll(saver, THREAD, {});
      await saver.putWrites(
        config,
        [
          ["a", 1],
          ["a", 2],
        ],
        "task",
      );
      await saver.putWrites(
        config,
        [
          ["a", 8],
          ["a", 9],
          ["b", 3],
        ],
        "task",
      );
      await saver.putWrites(config, [[RESUME, "first"]], "task");
      await saver.putWrites(config, [[RESUME, "second"]], "task");
      expect((await saver.getTuple(config))?.pendingWrites).toEqual([
        ["task", RESUME, "second"],
        ["task", "a", 1],
        ["task", "a", 2],
        ["task", "b", 3],
      ]);
      expect(count(storage, "checkpoint_parts")).toBe(1);
    }));

  it("orders the writes of a superstep by task path, then task", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const config = await putAll(saver, THREAD, {});
      await saver.putWrites(config, [["a", 1]], "task-1", "~b");
      await saver.putWrites(config, [["a", 2]], "task-3", "~a");
      await saver.putWrites(config, [["a", 3]], "task-2", "~a");
      await saver.putWrites(config, [["a", 0]], "task-9");
      const writes = (await saver.getTuple(config))?.pendingWrites;
      expect(writes?.map(([task]) => task)).toEqual(["task-9", "task-2", "task-3", "task-1"]);
    }));
});

describe("list", () => {
  it("goes over namespaces and reads one checkpoint at a time, newest first", () =>
    inObject(async (storage) => {
      const { seen, storage: watched } = observed(storage);
      const saver = new CheckpointSaver(watched);
      const ids: string[] = [];
      for (const checkpoint_ns of ["", "child:1", "", "child:2"]) {
        const config = { configurable: { thread_id: "t1", checkpoint_ns } };
        const { configurable } = await putAll(saver, config, { big: "b".repeat(50_000) });
        ids.unshift(String(configurable?.checkpoint_id));
      }
      seen.statements = [];
      const tuples = saver.list(THREAD);
      const first = await tuples.next();
      expect((first.value as { checkpoint: Checkpoint }).checkpoint.id).toBe(ids[0]);
      expect(seen.statements.filter((statement) => statement.includes("SELECT parent"))).toHaveLength(1);
      const rest = await collect(tuples);
      expect(rest.map(({ checkpoint }) => checkpoint.id)).toEqual(ids.slice(1));
    }));

  it("filters metadata by containment", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const metadata = { ...LOOP, tags: ["a", "b"], owner: { id: 7, name: "x" } };
      await saver.put(THREAD, checkpointOf({}), metadata, {});
      const matches = async (filter: Record<string, unknown>) =>
        (await collect(saver.list(THREAD, { filter, limit: 5 }))).length;
      expect(await matches({ owner: { id: 7 }, tags: ["b"] })).toBe(1);
      expect(await matches({ owner: { id: 8 } })).toBe(0);
      expect(await matches({ tags: ["c"] })).toBe(0);
      expect(await matches({ constructor: {} })).toBe(0);
    }));

  it("writes nothing for readers of an empty object", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      expect(await saver.getTuple(THREAD)).toBeUndefined();
      expect(await collect(saver.list({}))).toEqual([]);
      expect(saver.latestOfRun("t1", "r1")).toBeUndefined();
      expect(await saver.getDeltaChannelHistory({ config: THREAD, channels: ["a"] })).toEqual({
        a: { writes: [] },
      });
      saver.deleteRun("t1", "r1");
      await saver.deleteThread("t1");
      expect(tablesIn(storage)).toBe(0);
    }));
});

describe("checkpoints of LangGraph before 0.4", () => {
  it("come back with the sends that wait, where the LangGraph that wrote them looks for them", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const first = await saver.put(THREAD, { ...checkpointOf({ a: 1 }), v: 1 }, LOOP, { a: 1 });
      expect((await saver.getTuple(first))?.checkpoint).toMatchObject({ pending_sends: [] });
      await saver.putWrites(first, [[TASKS, { node: "work", args: 1 }]], "task");
      const second = await saver.put(first, { ...checkpointOf({ a: 2 }, { a: 2 }), v: 1 }, LOOP, { a: 2 });
      expect((await saver.getTuple(second))?.checkpoint).toMatchObject({
        pending_sends: [{ node: "work", args: 1 }],
      });
      expect(saver.hasOldFormat).toBe(true);
    }));

  it("are told from others", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const config = await putAll(saver, THREAD, { a: 1 });
      expect((await saver.getTuple(config))?.checkpoint).not.toHaveProperty("pending_sends");
      expect(saver.hasOldFormat).toBe(false);
    }));
});
