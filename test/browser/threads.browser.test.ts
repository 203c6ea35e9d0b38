/** The pages of threads: those of crons apart from the others, and one thread with its state, its history and its runs. */
import { Client } from "@langchain/langgraph-sdk/client";
import type { Page } from "playwright-core";
import { afterEach, describe, expect, inject, it } from "vitest";
import { closePage, expectNoFaults, expectSoundOnAllScreens, openPage, type PageOptions } from "./browser";
import { FOREIGN, MARKUP } from "./foreign";

const client = new Client({ apiUrl: inject("serverUrl"), apiKey: null });

let page: Page;
afterEach(() => closePage(page));

const open = async (address: string, options?: PageOptions): Promise<void> => {
  page = await openPage(address, options);
  await page.getByRole("heading", { level: 1 }).waitFor();
};

const shortId = (id: string): string => id.slice(-8);
const rows = () => page.getByRole("region", { name: "Threads", exact: true }).locator("tbody tr");

describe("the list of threads", () => {
  it("has those of crons apart from chats, by metadata and by status", async () => {
    const team = crypto.randomUUID();
    const chat = await client.threads.create({ metadata: { team } });
    const used = await client.threads.create({ metadata: { team } });
    await client.crons.createForThread(used.thread_id, "briefing", { schedule: "0 3 1 1 *" });
    const waiting = await client.threads.create({ metadata: { team } });
    const run = await client.runs.create(waiting.thread_id, "approval", { input: {} });
    await client.runs.join(waiting.thread_id, run.run_id);
    await open("/dashboard/threads");
    const metadata = page.getByRole("textbox", { name: "Metadata" });
    await metadata.fill(`team: ${team}`);
    await expect.poll(() => rows().count()).toBe(1);
    await rows()
      .getByRole("link", { name: shortId(used.thread_id) })
      .waitFor();
    await page
      .locator("label")
      .filter({ hasText: /^Others$/ })
      .click();
    await expect.poll(() => rows().count()).toBe(2);
    await rows()
      .getByRole("link", { name: shortId(chat.thread_id) })
      .waitFor();
    await page.getByRole("combobox", { name: "Status" }).click();
    await page.getByRole("option", { name: "Interrupted" }).click();
    await expect.poll(() => rows().count()).toBe(1);
    await rows().getByText("1 question").waitFor();
    expect(new URL(page.url()).search).toBe("?kind=others&status=interrupted");
    await metadata.fill("team");
    await page.getByText("Write pairs such as team=ops, tier=2.").waitFor();
    await metadata.fill(`{"team": "${crypto.randomUUID()}"}`);
    await page.getByText("No thread passes these filters").waitFor();
    await metadata.fill("");
    await rows().first().waitFor();
    await expectSoundOnAllScreens(page);
  });

  it("leads to the page of a thread, which names the cron that runs on it", async () => {
    const used = await client.threads.create({ metadata: { title: "Notes of the week" } });
    const fields = { schedule: "0 3 1 1 *", metadata: { name: "Weekly notes" } };
    const { cron_id: cronId } = await client.crons.createForThread(used.thread_id, "briefing", fields);
    await open(`/dashboard/threads/${used.thread_id}`);
    const link = page.getByRole("link", { name: "Weekly notes" });
    expect(await link.getAttribute("href")).toBe(`/dashboard/crons/${cronId}`);
    expectNoFaults(page);
  });

  it("is paged", async () => {
    const team = crypto.randomUUID();
    await Promise.all(Array.from({ length: 27 }, () => client.threads.create({ metadata: { team } })));
    await open("/dashboard/threads?kind=others");
    await page.getByRole("textbox", { name: "Metadata" }).fill(`team: ${team}`);
    await page.getByText("1–25 of 27").waitFor();
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("26–27 of 27").waitFor();
    expect(await rows().count()).toBe(2);
    expectNoFaults(page);
  });
});

describe("a thread", () => {
  it("shows its state as a conversation and as JSON, its history in pages, and its runs", async () => {
    const { thread_id: id } = await client.threads.create({ metadata: { title: "A talk" } });
    for (let n = 1; n <= 6; n++) {
      const run = await client.runs.create(id, "briefing", {
        input: { messages: [{ role: "user", content: `Question ${n}` }], step_ms: 1 },
      });
      await client.runs.join(id, run.run_id);
    }
    await open(`/dashboard/threads/${id}`);
    await page.getByRole("heading", { level: 1, name: "A talk" }).waitFor();
    await page.getByText("Question 6", { exact: true }).waitFor();
    await page.getByText("All as JSON").click();
    await page.getByText('"step_ms": 1').first().waitFor();
    await expectSoundOnAllScreens(page);

    await page.getByRole("tab", { name: "History" }).click();
    const states = page.getByRole("region", { name: "States" });
    await expect.poll(() => states.locator("tbody tr").count()).toBe(25);
    await page.getByRole("button", { name: "Older" }).click();
    await expect.poll(() => states.locator("tbody tr").count()).toBe(5);
    await states.getByRole("button", { name: "Show state" }).first().click();
    await page
      .getByRole("region", { name: "The state that was opened" })
      .getByText("Question 1", { exact: true })
      .waitFor();
    await expectSoundOnAllScreens(page);
    await page.getByRole("button", { name: "Newer" }).click();
    await expect.poll(() => states.locator("tbody tr").count()).toBe(25);

    await page.getByRole("tab", { name: "Runs" }).click();
    const runs = page.getByRole("region", { name: "Runs", exact: true });
    await expect.poll(() => runs.locator("tbody tr").count()).toBe(6);
    await expectSoundOnAllScreens(page);
    await runs.getByRole("link").first().click();
    await page.getByRole("heading", { level: 1, name: "Run of briefing" }).waitFor();
  });

  it("that waits is answered from its page too", async () => {
    const { thread_id: id } = await client.threads.create();
    const run = await client.runs.create(id, "approval", { input: {} });
    await client.runs.join(id, run.run_id);
    await open(`/dashboard/threads/${id}`);
    await page.getByRole("textbox", { name: "Answer" }).fill("yes");
    await page.getByRole("button", { name: "Send answer" }).click();
    await page.getByRole("heading", { level: 1, name: "Run of approval" }).waitFor();
    await expect
      .poll(async () => (await client.threads.getState<{ answer?: unknown }>(id)).values.answer)
      .toBe("yes");
    expectNoFaults(page);
  });

  it("is shown as text, whatever its metadata and its state are", async () => {
    const { thread_id: id } = await client.threads.create({
      metadata: { title: FOREIGN, [MARKUP]: FOREIGN, cron_id: MARKUP, assistant_id: MARKUP },
    });
    const run = await client.runs.create(id, "approval", { input: { question: { [MARKUP]: FOREIGN } } });
    await client.runs.join(id, run.run_id);
    await open(`/dashboard/threads/${id}`, { expectedStatuses: [404, 422] });
    await page.getByText("Waits for an answer").waitFor();
    await expectSoundOnAllScreens(page);
    await page.getByRole("tab", { name: "History" }).click();
    await page.getByRole("region", { name: "States" }).waitFor();
    await page.goto(`${inject("serverUrl")}/dashboard/threads`);
    await rows()
      .getByRole("link", { name: shortId(id), exact: true })
      .waitFor();
    await expectSoundOnAllScreens(page);
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  });

  it("that is gone is said to be gone", async () => {
    await open(`/dashboard/threads/${crypto.randomUUID()}`, { expectedStatuses: [404] });
    await page.getByText("There is no such thread").waitFor();
    await expectSoundOnAllScreens(page);
  });
});
