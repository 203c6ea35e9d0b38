/** How much is loaded first, and how soon a page of many crons can be used on a slow processor. */
import type { CDPSession, Page } from "playwright-core";
import { afterEach, beforeAll, expect, inject, it } from "vitest";
import { closePage, expectNoFaults, openPage } from "./browser";
import { server } from "./shared-server";

const CRONS = 1_000;
/** How many are made at a time. */
const AT_ONCE = 25;
const SLOWED_DOWN = 4;
const MAX_FIRST_LOAD_BYTES = 300_000;

let page: Page;
afterEach(() => closePage(page));

beforeAll(async () => {
  for (let number = 0; number < CRONS; number += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) =>
        server.makeCron("invoices", {
          schedule: `0 0 ${(index % 28) + 1} 1 *`,
          metadata: { name: `Speed ${number + index}`, tag: "speed" },
          input: {},
          enabled: false,
        }),
      ),
    );
  }
}, 300_000);

/** The bytes of the files of the page, packed as Cloudflare packs them for a browser. */
async function packedBytes(): Promise<number> {
  return page.evaluate(async () => {
    const files = performance
      .getEntriesByType("resource")
      .map(({ name }) => name)
      .filter((name) => name.includes("/dashboard/assets/"));
    const sizes = await Promise.all(
      [location.href, ...files].map(async (file) => {
        const { body } = await fetch(file);
        const packed = body?.pipeThrough(new CompressionStream("gzip"));
        return (await new Response(packed).arrayBuffer()).byteLength;
      }),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  });
}

it("loads less than 300 kB first", async () => {
  page = await openPage("/dashboard");
  await page.getByRole("table", { name: "Runs by hour" }).waitFor({ state: "attached" });
  const bytes = await packedBytes();
  console.log(`first load: ${Math.round(bytes / 1_000)} kB, packed by gzip`);
  expect(bytes).toBeLessThan(MAX_FIRST_LOAD_BYTES);
});

it.each([
  ["/dashboard", "dl > div:first-child dd:nth-of-type(1)", /^\d/],
  ["/dashboard/crons?metadata=tag%3Dspeed", "tbody tr:nth-child(25) a", /^Speed/],
])(
  "shows %s of 1,000 crons, and tells how long a processor that is four times slower computes for it",
  async (address, last, text) => {
    page = await openPage("/dashboard/threads");
    const session = await page.context().newCDPSession(page);
    // The time that the page's thread computes, and not what passes meanwhile: other programs take their part of this machine.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const before = await computedMs(session);
    await page.goto(inject("serverUrl") + address);
    await page.waitForFunction(
      ([selector, source]) => new RegExp(source).test(document.querySelector(selector)?.textContent ?? ""),
      [last, text.source] as const,
      { polling: "raf" },
    );
    const ms = (await computedMs(session)) - before;
    const usableMs = Math.round(ms * SLOWED_DOWN);
    console.log(`${address}: computes for ${Math.round(ms)} ms, so it can be used after ${usableMs} ms`);
    expect(ms).toBeGreaterThan(0);
    expectNoFaults(page);
  },
);

/** How long the thread of the page has computed so far. */
async function computedMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? NaN) * 1_000;
}
