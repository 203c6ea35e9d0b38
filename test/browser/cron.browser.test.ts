/** The page of a cron: what it shows, and each thing that can be done there. */
import type { Page } from "playwright-core";
import { afterEach, describe, expect, it } from "vitest";
import type { Cron, CronCreate } from "../../src/wire/crons/cron";
import { closePage, expectNoFaults, expectSoundOnAllScreens, openPage, type PageOptions } from "./browser";
import { server } from "./shared-server";

/** A schedule that does not come while the tests run. */
const SELDOM = "0 0 1 1 *";
const HOSTILE = `<img src=x onerror="document.title='hacked'"> <script>document.title='hacked'</script>`;

let page: Page;
afterEach(() => closePage(page));

const create = (fields: Partial<Record<keyof CronCreate, unknown>>): Promise<Cron> =>
  server.ask("POST", "/runs/crons", { assistant_id: "invoices", schedule: SELDOM, ...fields });

const read = (cron: Cron): Promise<Cron> => server.ask("GET", `/runs/crons/${cron.cron_id}`);

const open = async (cron: Cron, options?: PageOptions): Promise<void> => {
  page = await openPage(`/dashboard/crons/${cron.cron_id}`, options);
  await page.getByRole("region", { name: "Next times" }).first().waitFor();
};

const dialog = () => page.getByRole("dialog");
const act = async (name: string): Promise<void> => {
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name }).click();
  await dialog().waitFor();
};
const ledger = () => page.getByRole("region", { name: "Ledger" });

it("shows when a cron fires in its zone and in UTC, what changes of the clocks do, and what it is", async () => {
  const cron = await create({
    schedule: "30 2 * * *",
    timezone: "Europe/Berlin",
    metadata: { name: "Nightly check" },
    max_tokens_per_day: 5_000,
    webhook: "https://example.com/hook",
  });
  await open(cron);
  await page.getByRole("heading", { level: 1, name: "Nightly check" }).waitFor();
  const times = page.getByRole("region", { name: "Next times" }).last();
  await expect.poll(() => times.getByRole("row").count()).toBe(11);
  expect(await times.innerText()).toContain("02:30");
  const warnings = await page.getByRole("list", { name: "Warnings" }).innerText();
  expect(warnings).toMatch(/the clocks leave out 02:00 to 03:00/);
  expect(warnings).toMatch(/the clocks show 02:00 to 03:00 twice/);
  const definition = page.getByRole("region", { name: "Definition" });
  expect(await definition.innerText()).toMatch(
    /30 2 \* \* \*[\s\S]*example\.com\/hook[\s\S]*Tokens a day\s+5,000/,
  );
  await definition.getByRole("button", { name: "Show all policies" }).click();
  expect(await definition.innerText()).toMatch(/Slots in the ledger\s+10,000/);
  await page.getByText("No slot has come yet.").waitFor();
  await page.getByText("There is nothing to draw before it has run.").waitFor();
  expectNoFaults(page);
});

it("runs a cron now, with its own input and with another, and shows how each run ended", async () => {
  const cron = await create({ input: { mode: "quick" } });
  await open(cron);
  await page.getByRole("button", { name: "Run now" }).click();
  await dialog().getByRole("button", { name: "Run", exact: true }).click();
  await page.getByText("The run has begun").first().waitFor();
  await page.getByRole("button", { name: "Run now" }).click();
  await dialog().getByLabel("With another input").check();
  const mode = dialog().getByRole("textbox", { name: "mode" });
  expect(await mode.inputValue()).toBe("quick");
  await mode.fill("fail");
  await dialog().getByRole("button", { name: "Run", exact: true }).click();
  await ledger().getByText("failed").waitFor();
  await ledger().getByText("succeeded").waitFor();
  await ledger().getByText("The ledger service answered 503").waitFor();
  const failed = ledger().getByRole("link", { name: /failed\s*, run of/ });
  const link = await failed.getAttribute("href");
  expect(link).toMatch(/^\/dashboard\/runs\/[0-9a-f-]{36}$/);
  await page.getByRole("tab", { name: "Runs" }).click();
  const runs = page.getByRole("region", { name: "Runs" });
  await runs.getByText("failed").waitFor();
  await page.getByLabel("Status of the runs").selectOption("success");
  await expect.poll(() => runs.getByText("failed").count()).toBe(0);
  await runs.getByText("succeeded").waitFor();
  // The charts say in words what they draw.
  await page
    .getByText(/2 runs: median/)
    .first()
    .waitFor();
  expect((await read(cron)).next_run_date).toBe(cron.next_run_date);
  await expectSoundOnAllScreens(page);
});

it("pauses a cron and resumes it, with a note", async () => {
  const cron = await create({});
  await open(cron);
  await page.getByRole("button", { name: "Pause" }).click();
  await dialog().getByLabel("Note").fill("the bank is closed");
  await dialog().getByRole("button", { name: "Pause" }).click();
  await page.getByText("This cron is paused").waitFor();
  await page.getByText("the bank is closed").waitFor();
  expect(await read(cron)).toMatchObject({ enabled: false, note: "the bank is closed" });
  await page.getByRole("button", { name: "Resume" }).click();
  await dialog().getByRole("button", { name: "Resume" }).click();
  await page.getByText("This cron is paused").waitFor({ state: "detached" });
  expect(await read(cron)).toMatchObject({ enabled: true, note: null });
  expectNoFaults(page);
});

it("skips slots and takes that back", async () => {
  const cron = await create({});
  await open(cron);
  await act("Skip next slots");
  await dialog().getByLabel("How many").fill("2");
  await expect
    .poll(() => dialog().getByRole("list", { name: "Slots to be skipped" }).getByRole("listitem").count())
    .toBe(2);
  await dialog().getByLabel("Note").fill("moving house");
  await dialog().getByRole("button", { name: "Skip 2 slots" }).click();
  await expect.poll(() => ledger().getByText("skipped by hand: moving house").count()).toBe(2);
  expect((await read(cron)).next_run_date).not.toBe(cron.next_run_date);
  await act("Skip next slots");
  await dialog().getByLabel("Take back what was skipped by hand").check();
  await dialog().getByRole("button", { name: "Take back" }).click();
  await page.getByText("No slot has come yet.").waitFor();
  expect((await read(cron)).next_run_date).toBe(cron.next_run_date);
  expectNoFaults(page);
});

it("shows what a backfill would run before it runs", async () => {
  const cron = await create({ schedule: "0 12 * * *" });
  await open(cron, { expectedStatuses: [422] });
  await act("Backfill");
  expect(await dialog().getByRole("button", { name: "Run", exact: true }).isDisabled()).toBe(true);
  await dialog().getByLabel("Start").fill("2026-01-05T00:00");
  await dialog().getByLabel("End").fill("2026-01-04T00:00");
  await dialog().getByText("start, end: expected a period that is over").waitFor();
  await dialog().getByLabel("End").fill("2026-01-08T00:00");
  const times = dialog().getByRole("list", { name: "Slots to be run" });
  await expect.poll(() => times.getByRole("listitem").count()).toBe(3);
  expect(await server.ask("GET", `/runs/crons/${cron.cron_id}/slots`)).toEqual([]);
  await dialog().getByRole("button", { name: "Run 3 slots" }).click();
  await expect.poll(() => ledger().getByText("backfill").count()).toBe(3);
  await act("Backfill");
  await dialog().getByLabel("Start").fill("2026-01-05T00:00");
  await dialog().getByLabel("End").fill("2026-01-08T00:00");
  await dialog().getByText("There is nothing to run in this period. 3 slots have a run already").waitFor();
  expectNoFaults(page);
});

it("deletes a cron after asking", async () => {
  const cron = await create({ metadata: { name: "Short-lived" } });
  await open(cron, { expectedStatuses: [404] });
  await act("Delete");
  await dialog().getByRole("button", { name: "Cancel" }).click();
  expect((await read(cron)).cron_id).toBe(cron.cron_id);
  await act("Delete");
  await dialog().getByText("Short-lived").waitFor();
  await dialog().getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Crons" }).waitFor();
  expect(await read(cron)).toMatchObject({ code: "cron.not_found" });
  await page.goto(`${server.url}/dashboard/crons/${cron.cron_id}`);
  await page.getByText("There is no such cron").waitFor();
  await expectSoundOnAllScreens(page);
});

it("says so when somebody else deletes the cron that is looked at", async () => {
  const cron = await create({});
  await open(cron, { expectedStatuses: [404] });
  await fetch(`${server.url}/runs/crons/${cron.cron_id}`, { method: "DELETE" });
  await page.getByText("There is no such cron").waitFor();
  expect(await page.getByRole("button", { name: "Run now" }).count()).toBe(0);
});

describe("the ledger", () => {
  it("is paged and filtered", async () => {
    const cron = await create({});
    await server.ask("POST", `/runs/crons/${cron.cron_id}/skip`, { count: 45 });
    await open(cron);
    const rows = () => ledger().getByRole("row");
    await expect.poll(() => rows().count()).toBe(21);
    const first = await rows().nth(1).innerText();
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByRole("button", { name: "Older" }).click();
    await expect.poll(() => rows().count()).toBe(6);
    expect(await page.getByRole("button", { name: "Older" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Newer" }).click();
    await page.getByRole("button", { name: "Newer" }).click();
    await expect.poll(() => rows().nth(1).innerText()).toBe(first);
    await page.getByLabel("Status of the slots").selectOption("missed");
    await page.getByText("There is no such slot.").waitFor();
    expectNoFaults(page);
  });
});

it("shows what others have written as text, and breaks no rule on any screen", async () => {
  const cron = await create({
    metadata: { name: HOSTILE, [HOSTILE]: HOSTILE },
    input: { mode: HOSTILE, checked: 1 },
    context: { text: HOSTILE },
    thread_ttl: 60,
  });
  await server.ask("POST", `/runs/crons/${cron.cron_id}/skip`, { count: 1, note: HOSTILE });
  await server.ask("POST", `/runs/crons/${cron.cron_id}/pause`, { note: `${HOSTILE} ${"x".repeat(300)}` });
  await open(cron);
  await page.getByRole("heading", { level: 1, name: "<script>" }).waitFor();
  await page.getByText("This cron is paused").waitFor();
  await page.getByRole("status").getByText("<script>").waitFor();
  expect(await page.title()).toContain("<img src=x");
  expect(await page.locator("main img, main script").count()).toBe(0);
  await expectSoundOnAllScreens(page);
});
