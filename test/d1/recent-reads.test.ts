/** What is remembered of D1, and for how long. */
import { describe, expect, it } from "vitest";
import { changeAndForgetReads, RecentReads } from "../../src/d1/recent-reads";
import { atClock, setClock } from "../support/crons";

atClock("2040-01-01T00:00:00.000Z");

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Reads that take their time, and how many there were. */
function source(ms: number): { read: () => Promise<string>; reads: () => number } {
  let reads = 0;
  const read = async (): Promise<string> => {
    const value = `read ${(reads += 1)}`;
    await sleep(ms);
    return value;
  };
  return { read, reads: () => reads };
}

describe("what was read a moment ago", () => {
  it("is not read again, until it is too old or the clock is set back", async () => {
    const recent = new RecentReads<string>(1000);
    const { read } = source(0);
    expect(await recent.recallOrRead("a", read)).toBe("read 1");
    setClock("2040-01-01T00:00:00.999Z");
    expect(await recent.recallOrRead("a", read)).toBe("read 1");
    expect(await recent.recallOrRead("b", read)).toBe("read 2");
    setClock("2040-01-01T00:00:01.000Z");
    expect(await recent.recallOrRead("a", read)).toBe("read 3");
    setClock("2039-01-01T00:00:00.000Z");
    expect(await recent.recallOrRead("a", read)).toBe("read 4");
  });

  it.each([1, 100, 600])("is read once by all who ask while it is being read, for %d ms", async (ms) => {
    const recent = new RecentReads<string>(1000);
    const { read, reads } = source(ms);
    const answers = await Promise.all(Array.from({ length: 20 }, () => recent.recallOrRead("a", read)));
    expect(new Set(answers)).toEqual(new Set(["read 1"]));
    expect(reads()).toBe(1);
  });

  it("is read by each who asks when the first gets no answer", async () => {
    const recent = new RecentReads<string>(1000);
    const { read } = source(0);
    void recent.recallOrRead("a", () => new Promise<string>(() => undefined));
    const answers = await Promise.all([recent.recallOrRead("a", read), recent.recallOrRead("a", read)]);
    expect(answers).toEqual([expect.stringMatching(/^read/), expect.stringMatching(/^read/)]);
    // Its place is free again.
    expect(await recent.recallOrRead("a", read)).toMatch(/^read/);
  });

  it("is forgotten with a change, and what is being read meanwhile is not remembered", async () => {
    const recent = new RecentReads<string>(1000);
    const { read } = source(5);
    const before = recent.recallOrRead("a", read);
    await changeAndForgetReads(() => Promise.resolve());
    expect(await before).toBe("read 1");
    expect(await recent.recallOrRead("a", read)).toBe("read 2");
    expect(await recent.recallOrRead("a", read)).toBe("read 2");
    await expect(
      changeAndForgetReads(() => Promise.reject(new Error("the answer was lost"))),
    ).rejects.toThrow("lost");
    expect(await recent.recallOrRead("a", read)).toBe("read 3");
  });
});
