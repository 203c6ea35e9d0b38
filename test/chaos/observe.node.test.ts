/** How long an experiment waits for what is still under way. */
import { expect, it } from "vitest";
import { untilQuiet } from "../../chaos/observe.mjs";

/** A server whose crons have so many runs left at each instant (ms); time passes only while somebody waits. */
function server(left: Record<string, (atMs: number) => number>) {
  let at = 0;
  return {
    time: {
      now: () => at,
      wait: async (ms: number) => {
        at += ms;
      },
    },
    async call(_method: string, path: string): Promise<unknown> {
      const [, cronId = ""] = /crons\/(.*)\/figures/.exec(path) ?? [];
      return { slots: { pending: 0 }, runs: { running: left[cronId]?.(at) ?? 0 } };
    },
  };
}

it("waits for runs that end one after the other, however long that takes", async () => {
  const slow = server({ a: (at) => Math.max(0, 100 - Math.floor(at / 3_700)) });
  const { waitedMs, stuck } = await untilQuiet(slow, [{ cronId: "a" }], 120_000, slow.time);
  expect(stuck).toEqual([]);
  expect(waitedMs).toBe(370_000);
});

it("calls stuck what has not moved for two minutes, and waits for the others", async () => {
  const mixed = server({ a: () => 3, b: (at) => Math.max(0, 50 - Math.floor(at / 10_000)) });
  const { waitedMs, stuck } = await untilQuiet(
    mixed,
    [{ cronId: "a" }, { cronId: "b" }],
    120_000,
    mixed.time,
  );
  expect(stuck).toEqual(["a"]);
  expect(waitedMs).toBe(500_000);
});

it("does not wait when nothing is under way", async () => {
  const quiet = server({});
  expect(await untilQuiet(quiet, [{ cronId: "a" }], 120_000, quiet.time)).toEqual({ waitedMs: 0, stuck: [] });
});
