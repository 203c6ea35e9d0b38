/** The pages of assistants: which there are, and one with its configuration, versions, schemas and crons. */
import { Client } from "@langchain/langgraph-sdk/client";
import type { Page } from "playwright-core";
import { afterEach, expect, inject, it } from "vitest";
import { closePage, expectSoundOnAllScreens, openPage } from "./browser";
import { FOREIGN, MARKUP } from "./foreign";

const client = new Client({ apiUrl: inject("serverUrl"), apiKey: null });

let page: Page;
afterEach(() => closePage(page));

it("all are listed with their graphs and how many crons use them, and lead to a new cron", async () => {
  const { assistant_id: id } = await client.assistants.create({ graphId: "invoices", name: "Counted" });
  for (const schedule of ["0 3 1 1 *", "0 4 1 1 *"]) await client.crons.create(id, { schedule });
  page = await openPage("/dashboard/assistants");
  await page.getByRole("row", { name: /Reconciles invoices/ }).waitFor();
  const row = page.getByRole("row", { name: /Counted/ });
  await expect.poll(() => row.getByRole("cell").nth(3).innerText()).toBe("2");
  await expectSoundOnAllScreens(page);
  const link = row.getByRole("link", { name: "New cron with Counted" });
  expect(await link.getAttribute("href")).toBe(`/dashboard/crons/new?assistant_id=${id}`);
});

it("one is shown with its versions, schemas and crons", async () => {
  const { assistant_id: id } = await client.assistants.create({
    graphId: "crawl",
    name: "Careful crawler",
    description: "Visits few pages",
    config: { tags: ["slow"] },
  });
  await client.assistants.update(id, { config: { tags: ["slower"] } });
  const { cron_id: cronId } = (await client.crons.create(id, {
    schedule: "0 3 1 1 *",
    metadata: { name: "New year's crawl" },
  })) as unknown as { cron_id: string };
  page = await openPage(`/dashboard/assistants/${id}`);
  await page.getByRole("heading", { level: 1, name: "Careful crawler" }).waitFor();
  const cron = page
    .getByRole("region", { name: "Crons that use it" })
    .getByRole("link", { name: "New year's crawl" });
  expect(await cron.first().getAttribute("href")).toBe(`/dashboard/crons/${cronId}`);
  await page.getByText("Version 1", { exact: false }).first().click();
  await page.getByText('"slow"').waitFor();
  await page.getByRole("region", { name: "Schemas of the graph" }).getByText('"limit"').first().waitFor();
  await expectSoundOnAllScreens(page);
  const link = page.getByRole("link", { name: "New cron with it" });
  expect(await link.getAttribute("href")).toBe(`/dashboard/crons/new?assistant_id=${id}`);
});

it("are shown as text, whatever they say of themselves", async () => {
  const { assistant_id: id } = await client.assistants.create({
    graphId: "crawl",
    name: FOREIGN,
    description: FOREIGN,
    metadata: { [MARKUP]: FOREIGN },
    config: { configurable: { [MARKUP]: FOREIGN } },
  });
  page = await openPage(`/dashboard/assistants/${id}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("region", { name: "Schemas of the graph" }).getByText('"limit"').first().waitFor();
  await expectSoundOnAllScreens(page);
  await page.goto(`${inject("serverUrl")}/dashboard/assistants`);
  await page.getByRole("row", { name: /Reconciles invoices/ }).waitFor();
  await expectSoundOnAllScreens(page);
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await client.assistants.delete(id);
});

it("one that there is not is said not to be there", async () => {
  page = await openPage(`/dashboard/assistants/${crypto.randomUUID()}`, { expectedStatuses: [404] });
  await page.getByText("There is no such assistant").waitFor();
  await expectSoundOnAllScreens(page);
});
