/** Lists that grow: what they cost, and what is left of them when checkpoints are deleted. */
import { AIMessage, HumanMessage, type BaseMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keepLatestState } from "../../../src/thread/checkpoints/checkpoint-deletion";
import { IS_PACK } from "../../../src/thread/checkpoints/checkpoint-parts";
import { CheckpointSaver } from "../../../src/thread/checkpoints/checkpoint-saver";
import { ListMemory } from "../../../src/thread/checkpoints/list-memory";
import { LONG_LIST_BYTES } from "../../../src/thread/checkpoints/list-store";
import {
  checkpointOf,
  count,
  inObject,
  LOOP,
  macrotask,
  observed,
  putAll,
  THREAD,
  valuesOf,
} from "../../support/checkpoints";

const message = (n: number): BaseMessage =>
  n % 2 === 0
    ? new HumanMessage({ id: `m${n}`, content: `question ${n} ${"?".repeat(300)}` })
    : new AIMessage({
        id: `m${n}`,
        content: `answer ${n}`,
        tool_calls: [{ id: `c${n}`, name: "t", args: { n } }],
      });

const messages = (from: number, to: number): BaseMessage[] =>
  Array.from({ length: to - from }, (_, i) => message(from + i));

/** Saves the next checkpoint, in which only `list` has changed. */
const put = (saver: CheckpointSaver, config: RunnableConfig, list: unknown[], step: number) =>
  saver.put(config, checkpointOf({ list, other: 1 }, { list: step }), LOOP, { list: step });

const listAt = async (saver: CheckpointSaver, config: RunnableConfig = THREAD) =>
  (await valuesOf(saver, config))?.list as unknown[];

const contents = (list: unknown[]) => list.map((item) => (item as BaseMessage).content);

const sum = (storage: DurableObjectStorage, table: string, expression: string, where = "1") =>
  storage.sql.exec<{ n: number | null }>(`SELECT sum(${expression}) AS n FROM ${table} WHERE ${where}`).one()
    .n ?? 0;
const packs = (storage: DurableObjectStorage) => count(storage, "checkpoint_parts", IS_PACK);

/** Saves a list that grows by one message with each checkpoint. @returns the configs of the checkpoints */
async function grow(saver: CheckpointSaver, to: number, list: BaseMessage[] = []): Promise<RunnableConfig[]> {
  const configs: RunnableConfig[] = [];
  for (let n = list.length; n < to; n += 1) {
    list = [...list, message(n)];
    configs.push(await put(saver, configs.at(-1) ?? THREAD, list, n + 1));
  }
  return configs;
}

describe("a list that grows", () => {
  it("costs what was added, and every checkpoint has its own state of it", () =>
    inObject(async (storage) => {
      const configs = await grow(new CheckpointSaver(storage), 600);
      const bytes = () =>
        sum(storage, "checkpoints", "length(body)") + sum(storage, "checkpoint_parts", "length(bytes)");
      const after600 = bytes();
      expect(after600).toBeLessThan(600 * 1000);
      expect(sum(storage, "checkpoints", "length(body) > 1000")).toBe(0);
      expect(packs(storage)).toBeLessThan(300);
      const reader = new CheckpointSaver(storage);
      for (const length of [1, 20, 57, 300, 600]) {
        expect(contents(await listAt(reader, configs[length - 1]))).toEqual(contents(messages(0, length)));
      }
      expect((await listAt(reader))[599]).toBeInstanceOf(AIMessage);
    }));

  it("is not stored again by a run that goes on with it, nor serialized again", () =>
    inObject(async (storage) => {
      await grow(new CheckpointSaver(storage), 300);
      const before = sum(storage, "checkpoint_parts", "length(bytes)");
      const saver = new CheckpointSaver(storage);
      const list = (await listAt(saver)) as BaseMessage[];
      let serialized = 0;
      for (const item of list) {
        const toJSON = item.toJSON.bind(item);
        Object.defineProperty(item, "toJSON", { value: () => ((serialized += 1), toJSON()) });
      }
      await put(saver, THREAD, [...list, message(300)], 301);
      expect(serialized).toBeLessThan(10);
      expect(sum(storage, "checkpoint_parts", "length(bytes)") - before).toBeLessThan(3_000);
      expect(contents(await listAt(new CheckpointSaver(storage)))).toEqual(contents(messages(0, 301)));
    }));

  it("stays in its checkpoint while it is short, and takes one row at once when it is long", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      await putAll(saver, THREAD, { list: ["x".repeat(LONG_LIST_BYTES - 10)] });
      expect(count(storage, "sqlite_master", "name = 'checkpoint_parts'")).toBe(0);
      const numbers = Array.from({ length: 20_000 }, (_, i) => i / 7);
      await putAll(saver, THREAD, { numbers });
      expect(count(storage, "checkpoint_parts")).toBe(1);
      expect((await valuesOf(new CheckpointSaver(storage), THREAD))?.numbers).toEqual(numbers);
    }));
});

describe("a list that changes", () => {
  it("is saved as it is when nodes change its items in place, and earlier checkpoints keep theirs", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const list = messages(0, 100);
      const first = await put(saver, THREAD, list, 1);
      (list[3] as BaseMessage).content = "changed";
      (list[51] as AIMessage).tool_calls?.push({ id: "x", name: "y", args: {} });
      await put(saver, first, list, 2);
      const now = await listAt(new CheckpointSaver(storage));
      expect((now[3] as BaseMessage).content).toBe("changed");
      expect((now[51] as AIMessage).tool_calls).toHaveLength(2);
      expect(contents(await listAt(new CheckpointSaver(storage), first))).toEqual(contents(messages(0, 100)));
    }));

  it("shares what is left of it when its first messages are removed", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const all = messages(0, 400);
      let config = await put(saver, THREAD, all.slice(0, 100), 1);
      const before = sum(storage, "checkpoint_parts", "length(bytes)");
      for (let n = 1; n <= 50; n += 1)
        config = await put(saver, config, all.slice(n * 4, 100 + n * 4), n + 1);
      const perStep = (sum(storage, "checkpoint_parts", "length(bytes)") - before) / 50;
      expect(perStep).toBeLessThan(4_000);
      expect(contents(await listAt(new CheckpointSaver(storage)))).toEqual(contents(messages(200, 300)));
    }));

  it("goes its own way on each branch", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const root = await put(saver, THREAD, messages(0, 60), 1);
      const left = await put(saver, root, [...messages(0, 60), ...messages(100, 140)], 2);
      const right = await put(saver, root, [...messages(0, 60), ...messages(200, 240)], 2);
      const reader = new CheckpointSaver(storage);
      expect(contents(await listAt(reader, left))).toEqual(
        contents([...messages(0, 60), ...messages(100, 140)]),
      );
      expect(contents(await listAt(reader, right))).toEqual(
        contents([...messages(0, 60), ...messages(200, 240)]),
      );
      expect(contents(await listAt(reader, root))).toEqual(contents(messages(0, 60)));
    }));

  const item = fc.oneof(
    fc.string({ maxLength: 900 }),
    fc.double(),
    fc.constantFrom(null, undefined, true, new Date(0), new Uint8Array([1, 2]), [], [[]], { id: "same" }),
    fc.record({ id: fc.nat(5).map(String), text: fc.string({ maxLength: 2_000 }), deep: fc.array(fc.nat()) }),
    fc.nat(20).map(message),
  );
  const edit = fc.oneof(
    fc.record({ at: fc.nat(), remove: fc.nat(4), add: fc.array(item, { maxLength: 4 }) }),
    fc.record({
      at: fc.nat(),
      remove: fc.constant(0),
      add: fc.array(item, { minLength: 15, maxLength: 30 }),
    }),
  );

  it("is loaded as LangGraph's own saver would load it, whatever was done to it", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(edit, { minLength: 2, maxLength: 12 }),
        fc.boolean(),
        async (edits, reload) => {
          await inObject(async (storage) => {
            const reference = new MemorySaver();
            const lists = new ListMemory();
            let saver = new CheckpointSaver(storage, { lists });
            let config: RunnableConfig = THREAD;
            let list: unknown[] = [];
            const configs: RunnableConfig[] = [];
            for (const [step, { at, remove, add }] of edits.entries()) {
              list = list.toSpliced(at % (list.length + 1), remove, ...add);
              const checkpoint = checkpointOf({ list }, { list: step + 1 });
              await reference.put(config, checkpoint, LOOP);
              config = await saver.put(config, checkpoint, LOOP, { list: step + 1 });
              configs.push(config);
              if (!reload) continue;
              saver = new CheckpointSaver(storage, { lists });
              list = await listAt(saver);
            }
            const reader = new CheckpointSaver(storage);
            for (const each of configs) {
              const expected = await reference.getTuple(each);
              expect(await valuesOf(reader, each)).toEqual(expected?.checkpoint.channel_values);
            }
            // The latest state is all that is left, and it is whole.
            await keepLatestState(storage, reader, "t1");
            const expected = await reference.getTuple(config);
            expect(await valuesOf(new CheckpointSaver(storage), config)).toEqual(
              expected?.checkpoint.channel_values,
            );
            if (count(storage, "sqlite_master", "name = 'checkpoint_parts'") > 0) {
              await saver.deleteThread("t1");
              expect(count(storage, "checkpoint_parts")).toBe(0);
            }
          });
        },
      ),
      { numRuns: 40 },
    ));
});

describe("the packs of a list", () => {
  it("go with the checkpoints that refer to them, and no earlier", () =>
    inObject(async (storage) => {
      const first = new CheckpointSaver(storage, { runId: "r1" });
      const configs = await grow(first, 100);
      const ofFirst = packs(storage);
      const second = new CheckpointSaver(storage, { runId: "r2" });
      const list = (await listAt(second)) as BaseMessage[];
      await put(second, configs.at(-1) ?? THREAD, [...list, ...messages(100, 150)], 200);
      expect(packs(storage)).toBeGreaterThan(ofFirst);
      second.deleteRun("t1", "r2");
      expect(packs(storage)).toBe(ofFirst);
      expect(contents(await listAt(new CheckpointSaver(storage)))).toEqual(contents(messages(0, 100)));

      await put(second, configs.at(-1) ?? THREAD, [...list, ...messages(100, 150)], 200);
      first.deleteRun("t1", "r1");
      expect(contents(await listAt(new CheckpointSaver(storage)))).toEqual(contents(messages(0, 150)));
      second.deleteRun("t1", "r2");
      expect(count(storage, "checkpoint_parts")).toBe(0);
    }));

  it("go when only the latest state is kept, and their pages are given back", () =>
    inObject(async (storage) => {
      const saver = new CheckpointSaver(storage);
      const configs = await grow(saver, 400);
      await put(saver, configs.at(-1) ?? THREAD, messages(390, 430), 500);
      const before = storage.sql.databaseSize;
      await keepLatestState(storage, saver, "t1");
      expect(storage.sql.databaseSize).toBeLessThan(before / 4);
      expect(packs(storage)).toBeLessThan(10);
      expect(contents(await listAt(new CheckpointSaver(storage)))).toEqual(contents(messages(390, 430)));
    }));

  it("are written with the checkpoint, in one transaction; what is dropped is not referred to later", () =>
    inObject(async (storage) => {
      const { seen, storage: watched } = observed(storage);
      const saver = new CheckpointSaver(watched, { buffered: true });
      await put(saver, THREAD, messages(0, 60), 1);
      saver.discard();
      await put(saver, THREAD, messages(0, 61), 2);
      seen.failing = true;
      await macrotask();
      seen.failing = false;
      const config = await put(saver, THREAD, messages(0, 62), 3);
      await macrotask();
      expect(contents(await listAt(new CheckpointSaver(storage)))).toEqual(contents(messages(0, 62)));

      const unbuffered = new CheckpointSaver(watched);
      await listAt(unbuffered);
      seen.failing = true;
      await expect(put(unbuffered, config, messages(0, 90), 4)).rejects.toThrow("disk full");
      seen.failing = false;
      await put(unbuffered, config, messages(0, 91), 5);
      expect(contents(await listAt(new CheckpointSaver(storage)))).toEqual(contents(messages(0, 91)));
    }));
});

describe("lists that are remembered from run to run", () => {
  it("are not loaded again, but for what was changed meanwhile", () =>
    inObject(async (storage) => {
      const lists = new ListMemory();
      await grow(new CheckpointSaver(storage, { lists }), 60);
      const first = await listAt(new CheckpointSaver(storage, { lists }));
      (first[4] as BaseMessage).content = "left over from the last run";
      const second = await listAt(new CheckpointSaver(storage, { lists }));
      expect(contents(second)).toEqual(contents(messages(0, 60)));
      expect(second[20]).toBe(first[20]);
      expect(second[4]).not.toBe(first[4]);
    }));

  it("are read and saved with as few rows when they are long as when they are short", () =>
    inObject(async (storage) => {
      const lists = new ListMemory();
      /** Rows that a run reads which adds four messages. */
      const rowsOf = async (length: number): Promise<number> => {
        const { seen, storage: watched } = observed(storage);
        const saver = new CheckpointSaver(watched, { lists });
        const list = (await listAt(saver)) as BaseMessage[];
        expect(list).toHaveLength(length);
        await grow(saver, length + 4, list);
        return seen.rowsRead();
      };
      const growTo = async (length: number): Promise<void> => {
        const saver = new CheckpointSaver(storage, { lists });
        const list = ((await valuesOf(saver, THREAD))?.list ?? []) as BaseMessage[];
        await grow(saver, length, list);
      };
      await growTo(100);
      const short = await rowsOf(100);
      await growTo(1_600);
      const long = await rowsOf(1_600);
      expect(short).toBeGreaterThan(0);
      expect(long).toBeLessThanOrEqual(short * 1.5);
    }));

  it("are those of the checkpoint that is loaded, also when later ones were deleted", () =>
    inObject(async (storage) => {
      const lists = new ListMemory();
      const configs = await grow(new CheckpointSaver(storage, { lists, runId: "r1" }), 60);
      const second = new CheckpointSaver(storage, { lists, runId: "r2" });
      await put(
        second,
        configs.at(-1) ?? THREAD,
        [...((await listAt(second)) as []), ...messages(60, 99)],
        100,
      );
      second.deleteRun("t1", "r2");
      const third = new CheckpointSaver(storage, { lists, runId: "r3" });
      const list = (await listAt(third)) as BaseMessage[];
      expect(contents(list)).toEqual(contents(messages(0, 60)));
      await put(third, configs.at(-1) ?? THREAD, [...list, ...messages(60, 99)], 100);
      expect(contents(await listAt(new CheckpointSaver(storage)))).toEqual(contents(messages(0, 99)));
    }));
});
