/** The list of crons: what it tells of each, and how one finds one of many. */
import type { Page } from "playwright-core";
import { afterEach, beforeAll, expect, it } from "vitest";
import { closePage, expectNoFaults, expectSoundOnAllScreens, openPage, WIDTHS } from "./browser";
import { server } from "./shared-server";

let page: Page;
afterEach(() => closePage(page));

const tag = crypto.randomUUID();
const list = (query = ""): string => `/dashboard/crons?metadata=tag%3D${tag}${query}`;
const names = (): Promise<string[]> =>
  page.locator("tbody tr td:first-child a, ul li a:first-child").allTextContents();

let ledger: string;
let failing: string;

beforeAll(async () => {
  const off = { enabled: false, schedule: "0 0 1 1 *" };
  const make = (name: string, fields: object = {}): Promise<string> =>
    server.makeCron("invoices", { metadata: { tag, name }, input: {}, ...off, ...fields });
  for (let number = 1; number <= 27; number++) await make(`Archive ${String(number).padStart(2, "0")}`);
  ledger = await make("Ledger check", { enabled: true, schedule: "30 8 * * 1-5", timezone: "Europe/Berlin" });
  failing = await make("Broken import", { enabled: true, input: { mode: "fail" } });
  for (const cron of [ledger, ledger, failing]) await server.runNow(cron);
  await server.post(`/runs/crons/${failing}/pause`, { note: "waits for the supplier" });
});

const row = (name: string) =>
  page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

it("tells of each cron when it fires, what it did last, how well, and why it is paused", async () => {
  page = await openPage(list());
  await row("Ledger check").getByText("At 08:30, Monday through Friday").waitFor();
  // The figures come to D1 with the ends of the runs, or a moment later.
  await expect
    .poll(() => row("Ledger check").innerText())
    .toMatch(/invoices[^]*Europe\/Berlin[^]*in \d[^]*100 %[^]*\bon\b/);
  await row("Ledger check")
    .getByRole("link", { name: /succeeded/ })
    .first()
    .waitFor();
  await expect
    .poll(() => row("Broken import").innerText())
    .toMatch(/0 %[^]*paused[^]*waits for the supplier[^]*1 failure in a row/);
  await row("Broken import")
    .getByRole("link", { name: /failed .* 503/ })
    .waitFor();
  await page.getByText("1–25 of 29").waitFor();
  await expectSoundOnAllScreens(page);
});

it("is searched, filtered, ordered and paged, and its address says how", async () => {
  page = await openPage(list());
  await page.getByLabel("Search").fill("archive 1");
  await expect.poll(names).toHaveLength(10);
  expect(new URL(page.url()).searchParams.get("text")).toBe("archive 1");
  await page.getByLabel("Search").fill("");
  await page.getByLabel("Status").selectOption("Failing");
  await expect.poll(names).toEqual(["Broken import"]);
  await page.getByLabel("Status").selectOption("On");
  await expect.poll(names).toEqual(["Ledger check"]);
  await page.goBack();
  await expect.poll(names).toEqual(["Broken import"]);
  await page.getByLabel("Status").selectOption("All");
  await page.getByLabel("Order").selectOption("Oldest first");
  await expect.poll(async () => (await names())[0]).toBe("Archive 01");
  await page.getByRole("button", { name: "Next" }).click();
  await expect.poll(names).toEqual(["Archive 26", "Archive 27", "Ledger check", "Broken import"]);
  await page.reload();
  await expect.poll(names).toEqual(["Archive 26", "Archive 27", "Ledger check", "Broken import"]);
  await page.getByLabel("Assistant").selectOption("approval");
  await page.getByText("No cron matches").waitFor();
  expectNoFaults(page);
});

it("goes on by a page at each press of Next, however soon, and back from a page that is gone", async () => {
  const many = crypto.randomUUID();
  const make = (name: string): Promise<string> =>
    server.makeCron("invoices", {
      schedule: "0 0 1 1 *",
      enabled: false,
      input: {},
      metadata: { many, name },
    });
  // The oldest first: the third page has one cron.
  for (const [name, count] of [
    ["First", 25],
    ["Second", 25],
    ["Third", 1],
  ] as const)
    await Promise.all(Array.from({ length: count }, () => make(name)));
  const found = `/dashboard/crons?order=asc&metadata=many%3D${many}`;
  page = await openPage(found);
  await page.getByText("1–25 of 51").waitFor();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/runs/crons/search", async (route) => {
    await held;
    await route.fallback();
  });
  const next = page.getByRole("button", { name: "Next" });
  await next.click();
  await next.click();
  await next.click();
  expect(new URL(page.url()).searchParams.get("offset")).toBe("50");
  release();
  await expect.poll(names).toEqual(["Third"]);
  await page.getByText("51–51 of 51").waitFor();
  await page.goto(`${server.url}${found}&offset=500`);
  await page.getByText("The list has no such page any more").waitFor();
  await page.getByRole("button", { name: "First page" }).click();
  await page.getByText("1–25 of 51").waitFor();
  expectNoFaults(page);
});

it("goes by the clock of the server, where that of the viewer is wrong", async () => {
  page = await openPage("/dashboard/threads");
  // "Ledger check" fires within three days.
  await page.addInitScript((ms) => {
    const now = Date.now.bind(Date);
    Date.now = () => now() + ms;
  }, 10 * 86_400_000);
  await page.route("**/runs/crons/search", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({
      response: answer,
      headers: { ...answer.headers(), date: new Date().toUTCString() },
    });
  });
  await page.goto(server.url + list("&text=ledger"));
  await row("Ledger check")
    .getByText(/^in \d/)
    .waitFor();
  expect(await row("Ledger check").innerText()).not.toContain("late by");
  expectNoFaults(page);
});

it("shows the times of a cron whose zone the browser does not know", async () => {
  page = await openPage("/dashboard/threads");
  await page.route("**/runs/crons/search", async (route) => {
    const answer = await route.fetch();
    const crons = (await answer.json()) as object[];
    await route.fulfill({
      response: answer,
      json: crons.map((cron) => ({ ...cron, timezone: "Antarctica/Nowhere" })),
    });
  });
  await page.goto(server.url + list("&text=ledger"));
  await row("Ledger check").getByText("Antarctica/Nowhere").waitFor();
  await row("Ledger check")
    .getByText(/^in \d/)
    .waitFor();
  expectNoFaults(page);
});

it("has a strip of marks that is one stop of the Tab key, and opens a run", async () => {
  page = await openPage(list("&text=ledger"));
  const strip = page.getByRole("group", { name: "Last times of Ledger check" });
  const marks = strip.getByRole("link");
  await expect.poll(() => marks.count()).toBe(2);
  await marks.last().focus();
  await page.keyboard.press("ArrowLeft");
  expect(await marks.first().evaluate((mark) => mark === document.activeElement)).toBe(true);
  expect(await marks.evaluateAll((all) => all.map((mark) => (mark as HTMLElement).tabIndex))).toEqual([
    0, -1,
  ]);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/dashboard\/runs\/[0-9a-f-]{36}$/);
});

it("shows cards on a phone", async () => {
  page = await openPage(list("&text=ledger"), { width: WIDTHS.phone });
  await page.getByRole("listitem").filter({ hasText: "Ledger check" }).getByText("Succeeded").waitFor();
  expect(await page.getByRole("table").count()).toBe(0);
  expectNoFaults(page);
});
