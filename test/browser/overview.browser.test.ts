/** The overview: what the server did, what fails, and the switch of all crons. Each caller here is told of its own crons only. */
import type { Page } from "playwright-core";
import { afterEach, beforeAll, expect, inject, it } from "vitest";
import { Api } from "./api";
import { closePage, expectNoFaults, expectSoundOnAllScreens, openPage } from "./browser";
import { openWithKey } from "./sign-in";

const DAY_MS = 86_400_000;
const keysServer = inject("keysServer");

let page: Page;
afterEach(() => closePage(page));

beforeAll(async () => {
  // Once within the next 30 days, and not while the tests run.
  const soon = new Date(Date.now() + 10 * DAY_MS);
  const once = { schedule: `0 0 ${soon.getUTCDate()} ${soon.getUTCMonth() + 1} *` };
  const tenant = new Api(keysServer.url, keysServer.tenantKey);
  const letter = { ...once, metadata: { name: "Yearly letter" }, input: {} };
  await tenant.runNow(await tenant.makeCron("briefing", letter));
  const audit = { ...once, metadata: { name: "Yearly audit" }, input: { mode: "fail" } };
  await tenant.runNow(await tenant.makeCron("invoices", audit));
  const other = new Api(keysServer.url, keysServer.otherKey);
  await other.makeCron("briefing", { ...once, metadata: { name: "Quiet" }, enabled: false });
});

const tile = (name: string) => page.locator("dl > div").filter({ hasText: name });

it("tells how many runs there were, what fails and why, what comes next, and what it costs and will cost", async () => {
  page = await openWithKey("/dashboard", keysServer.tenantKey);
  const failing = page.getByRole("region", { name: "Failing" });
  await failing.getByRole("link", { name: "Yearly audit" }).waitFor();
  const why = failing.getByRole("link", { name: "The ledger service answered 503: try again later" });
  expect(await why.first().getAttribute("href")).toMatch(/^\/dashboard\/runs\/[0-9a-f-]{36}$/);
  expect(await failing.innerText()).toMatch(/1 failure in a row\s+again in \d+ d/);
  await expect.poll(() => tile("Runs, 24 hours").innerText()).toMatch(/\s2\s+1 failed, 50 % succeeded/);
  await expect.poll(() => tile("Missed, 24 hours").innerText()).toMatch(/\s0\s+no time was missed/);
  await expect.poll(() => tile("Crons on").innerText()).toMatch(/\s2\s+none paused/);
  await expect.poll(() => tile("Crons failing").innerText()).toMatch(/\s1\s+whose last run failed/);
  await expect
    .poll(() => tile("Tokens today").innerText())
    .toMatch(/\s1,893\s+1,648 in, 245 out|\s0\s+0 in, 0 out/);
  await expect.poll(() => tile("Tokens in the next 30 days").innerText()).toMatch(/\s≈\s1,893\s+for 2 runs/);
  const cells = page.getByRole("table", { name: "Runs by hour" }).getByRole("cell");
  const sums = async (): Promise<number[]> => {
    const figures = (await cells.allTextContents()).map(Number);
    return [0, 1, 2].map((column) =>
      figures.filter((_, index) => index % 3 === column).reduce((sum, count) => sum + count, 0),
    );
  };
  await expect.poll(sums).toEqual([1, 1, 0]);
  const failed = page.getByRole("region", { name: "Last failed runs" });
  await failed.getByRole("link", { name: /^Yearly audit [0-9a-f]{8}$/ }).waitFor();
  expect(await failed.innerText()).toContain("The ledger service answered 503: try again later");
  await page.getByRole("region", { name: "Next" }).getByRole("link", { name: "Yearly letter" }).waitFor();
  await expectSoundOnAllScreens(page);
});

it("says that all is well where nothing fails", async () => {
  page = await openWithKey("/dashboard", keysServer.otherKey);
  await page.getByText("No cron is on.").waitFor();
  const other = new Api(keysServer.url, keysServer.otherKey);
  const [cron] = await other.post<{ cron_id: string }[]>("/runs/crons/search", {});
  await other.post(`/runs/crons/${String(cron?.cron_id)}/resume`, {});
  await page.getByText("No cron fails or is late, and none missed a time in the last 24 hours.").waitFor();
  expectNoFaults(page);
});

it("does not offer to stop all crons to whoever has a part of them only", async () => {
  page = await openWithKey("/dashboard", keysServer.otherKey);
  await expect.poll(() => tile("Crons on").innerText()).toMatch(/\d/);
  await page.getByRole("region", { name: "Runs by hour" }).getByRole("table").waitFor({ state: "attached" });
  expect(await page.getByRole("button", { name: /all crons/ }).count()).toBe(0);
});

it("tells which crons missed a time, though no run shows it", async () => {
  page = await openWithKey("/dashboard/crons", keysServer.tenantKey);
  await page.getByRole("link", { name: "Yearly letter" }).waitFor();
  // The clock of the server is the real one, so no slot of a test is missed: its answer is changed instead.
  await page.route("**/runs/crons/search", async (route) => {
    const asked = route.request().postDataJSON() as { missed_since?: string };
    const { missed_since: since, ...others } = asked;
    if (since === undefined) return route.fallback();
    const age = Date.now() - Date.parse(since);
    const isADay = age >= DAY_MS && age < DAY_MS + 10 * 60_000;
    const answer = await route.fetch({ postData: { ...others, query: isADay ? "letter" : "none" } });
    const crons = (await answer.json()) as { figures: { slots: object } }[];
    for (const { figures } of crons) {
      Object.assign(figures, { last_missed_slot: new Date().toISOString() });
      Object.assign(figures.slots, { missed: 3 });
    }
    return route.fulfill({ response: answer, json: crons });
  });
  await page.getByRole("link", { name: "Overview" }).click();
  await expect.poll(() => tile("Missed, 24 hours").innerText()).toMatch(/\s1\s+cron missed a time/);
  const missed = page.getByRole("region", { name: "Missed in the last 24 hours" });
  await missed.getByRole("link", { name: "Yearly letter" }).waitFor();
  expect(await missed.innerText()).toMatch(/3 times missed[^]*last \d{4}-\d\d-\d\d/);
  await expectSoundOnAllScreens(page);
  await tile("Missed, 24 hours").getByRole("link").click();
  await page.waitForURL(/\/dashboard\/crons\?status=missed$/);
  await expect
    .poll(() => page.getByRole("link", { name: /^Yearly/ }).allTextContents())
    .toEqual(["Yearly letter"]);
});

it("says of a figure that the server does not have that it could not be read", async () => {
  page = await openPage("/dashboard/crons", { expectedStatuses: [404, 422] });
  await page.getByRole("heading", { level: 1, name: "Crons" }).waitFor();
  const refuse = (status: number, detail: string) => ({ status, json: { detail, code: "request.invalid" } });
  await page.route("**/runs/crons/forecast", (route) => route.fulfill(refuse(404, "there is no such route")));
  await page.route("**/runs/crons/search", (route) =>
    route.request().postData()?.includes("missed_since") === true
      ? route.fulfill(refuse(422, "missed_since: unexpected field"))
      : route.fallback(),
  );
  await page.getByRole("link", { name: "Overview" }).click();
  for (const name of ["Tokens in the next 30 days", "Missed, 24 hours"])
    await expect.poll(() => tile(name).innerText()).toMatch(/–\s+could not be read/);
  await page.getByRole("table", { name: "Runs by hour" }).waitFor({ state: "attached" });
  expectNoFaults(page);
});

it("stops all crons and starts them again, with the keyboard alone", async () => {
  page = await openWithKey("/dashboard", keysServer.adminKey);
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
