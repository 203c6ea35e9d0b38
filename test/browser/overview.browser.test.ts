/** The overview: what the server did, what fails, and the switch of all crons. */
import type { Page } from "playwright-core";
import { afterEach, beforeAll, expect, it } from "vitest";
import { closePage, expectNoFaults, expectSoundOnAllScreens, openPage } from "./browser";
import { makeCron, runNow } from "./seed";

let page: Page;
afterEach(() => closePage(page));

beforeAll(async () => {
  const yearly = { schedule: "0 0 1 1 *" };
  await runNow(await makeCron("briefing", { ...yearly, metadata: { name: "Yearly letter" }, input: {} }));
  await runNow(
    await makeCron("invoices", { ...yearly, metadata: { name: "Yearly audit" }, input: { mode: "fail" } }),
  );
});

const tile = (name: string) => page.locator("dl > div").filter({ hasText: name });

it("tells how many runs there were, what fails, what comes next and what it cost", async () => {
  page = await openPage("/dashboard");
  const failing = page.getByRole("region", { name: "Failing" });
  await failing.getByRole("link", { name: "Yearly audit" }).waitFor();
  expect(await failing.innerText()).toMatch(/Yearly audit\s+1 failure in a row\s+again in \d+ d/);
  await expect.poll(() => tile("Failures, 24 hours").innerText()).toMatch(/\s[1-9]\d*\s+of \d+ runs/);
  expect(await tile("Crons failing").innerText()).toMatch(/\s[1-9]\d*\s+whose last run failed/);
  expect(await tile("Tokens today").innerText()).toMatch(/\s\d[\d,.]*K?\s+.*in, .* out/);
  const runs = page.getByRole("table", { name: "Runs by hour" }).getByRole("row").last();
  expect(await runs.getByRole("cell").allTextContents()).toEqual([
    expect.stringMatching(/^[1-9]/) as string,
    expect.stringMatching(/^[1-9]/) as string,
    "0",
  ]);
  const failed = page.getByRole("region", { name: "Last failed runs" });
  await failed
    .getByRole("link", { name: /^Yearly audit [0-9a-f]{8}$/ })
    .first()
    .waitFor();
  expect(await failed.innerText()).toContain("The ledger service answered 503: try again later");
  await page.getByRole("region", { name: "Next" }).getByRole("link", { name: "Morning briefing" }).waitFor();
  await expectSoundOnAllScreens(page);
});

it("stops all crons and starts them again, with the keyboard alone", async () => {
  page = await openPage("/dashboard");
  const stop = page.getByRole("button", { name: "Stop all crons" });
  await stop.waitFor();
  await stop.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Stop all crons?" }).waitFor();
  await expect
    .poll(() => page.getByLabel("Note").evaluate((field) => field === document.activeElement))
    .toBe(true);
  await page.keyboard.type("the supplier is down");
  await page.keyboard.press("Enter");
  await page.getByText("Note: the supplier is down").waitFor();
  await page.getByText("All crons are stopped.").waitFor();
  const start = page.getByRole("button", { name: "Start all crons" });
  await start.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  // Escape asks for nothing.
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await start.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Start all crons" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await stop.waitFor();
  await page.getByText("Note: the supplier is down").waitFor({ state: "detached" });
  expectNoFaults(page);
});
