/** The page of a run: what it shows of each kind of run, and what can be done with one. */
import type { Run } from "@langchain/langgraph-sdk";
import { Client } from "@langchain/langgraph-sdk/client";
import type { Page } from "playwright-core";
import { afterEach, describe, expect, inject, it } from "vitest";
import {
  closePage,
  expectNoFaults,
  expectNoSidewaysScroll,
  expectSoundOnAllScreens,
  openPage,
  type PageOptions,
  WIDTHS,
} from "./browser";
import { deep, FOREIGN, LONG_WORD, MARKUP } from "./foreign";
import { server } from "./shared-server";

const client = new Client({ apiUrl: inject("serverUrl"), apiKey: null });

let page: Page;
afterEach(() => closePage(page));

const open = async (runId: string, options?: PageOptions): Promise<void> => {
  page = await openPage(`/dashboard/runs/${runId}`, options);
  await page.getByRole("heading", { level: 1 }).waitFor();
};

const section = (name: string) => page.getByRole("region", { name, exact: true });
const status = (word: string) => page.locator("header").getByText(word, { exact: true });

/** A run on a thread of its own, which has ended. */
async function endedRun(
  assistant: string,
  body: Parameters<typeof client.runs.create>[2],
): Promise<{ run: Run; threadId: string }> {
  const { thread_id: threadId } = await client.threads.create();
  const run = await client.runs.create(threadId, assistant, body);
  await client.runs.join(threadId, run.run_id).catch(() => undefined);
  return { run, threadId };
}

/** The run of a cron by hand, which has ended. */
async function cronRun(fields: object): Promise<{ cronId: string; runId: string }> {
  const cron = await server.post<{ cron_id: string }>("/runs/crons", {
    assistant_id: "briefing",
    schedule: "0 3 1 1 *",
    input: { messages: [{ role: "user", content: "What matters?" }] },
    metadata: { name: "Yearly briefing" },
    ...fields,
  });
  await server.post(`/runs/crons/${cron.cron_id}/run`, {});
  const found = async (): Promise<Run | undefined> =>
    (await server.post<Run[]>("/runs/search", { metadata: { cron_id: cron.cron_id } }))[0];
  await expect.poll(async () => (await found())?.status).toBe("success");
  return { cronId: cron.cron_id, runId: (await found())?.run_id ?? "" };
}

describe("a run that has ended", () => {
  it("is shown as a conversation, with tool calls, tokens, input and thread", async () => {
    const { run, threadId } = await endedRun("briefing", {
      input: { messages: [{ role: "user", content: "What matters today?" }] },
    });
    await open(run.run_id);
    const talk = section("Conversation");
    await talk.getByText("You have the stand-up at 10:00").waitFor();
    await talk.getByText("What matters today?", { exact: true }).waitFor();
    await talk.getByText("search_news", { exact: true }).waitFor();
    await talk.getByText("Reuters").waitFor();
    await talk.getByText("10:00 Stand-up").waitFor();
    await status("succeeded").waitFor();
    const facts = section("Run");
    await facts.getByText("1,648 in, 245 out").waitFor();
    const thread = facts.getByRole("link", { name: threadId.slice(-8) });
    expect(await thread.getAttribute("href")).toBe(`/dashboard/threads/${threadId}`);
    await section("Input").getByText('"What matters today?"').waitFor();
    expect(await page.title()).toBe("Run of briefing · EdgeCron");
    await expectSoundOnAllScreens(page);
  });

  it("on a thread with earlier runs shows their messages when they are asked for", async () => {
    const { threadId } = await endedRun("briefing", {
      input: { messages: [{ role: "user", content: "First" }] },
    });
    const run = await client.runs.create(threadId, "briefing", {
      input: { messages: [{ role: "user", content: "Second" }] },
    });
    await client.runs.join(threadId, run.run_id);
    await open(run.run_id);
    const talk = section("Conversation");
    await talk.getByText("Second", { exact: true }).waitFor();
    expect(await talk.getByText("First", { exact: true }).count()).toBe(0);
    await talk.getByRole("button", { name: /earlier messages/ }).click();
    await talk.getByText("First", { exact: true }).waitFor();
    expectNoFaults(page);
  });

  it("with an error shows all of it, and what was there when it failed", async () => {
    const { run } = await endedRun("invoices", { input: { mode: "fail" } });
    await open(run.run_id);
    await section("Error").getByText("The ledger service answered 503: try again later").waitFor();
    await section("Output").getByText('"checked": 214').waitFor();
    await status("failed").waitFor();
    await expectSoundOnAllScreens(page);
  });

  it("with a webhook shows how its delivery goes", async () => {
    const { run } = await endedRun("invoices", { input: {}, webhook: "https://nowhere.example.com/hook" });
    await open(run.run_id);
    await section("Webhook").getByText("https://nowhere.example.com/hook").waitFor();
    await section("Webhook").getByText("Last error").waitFor();
    expectNoFaults(page);
  });
});

describe("a run of a cron", () => {
  it("whose thread is gone shows what the record and the ledger still know, and says what is gone", async () => {
    const { cronId, runId } = await cronRun({});
    await open(runId, { expectedStatuses: [404] });
    await page.getByRole("heading", { name: /^Run of Yearly briefing/ }).waitFor();
    await page.getByText("The output is gone with its thread").waitFor();
    const facts = section("Run");
    await facts.getByText("By hand").waitFor();
    await facts.getByText("gone", { exact: true }).waitFor();
    await facts.getByText("1,648 in, 245 out").waitFor();
    const cron = facts.getByRole("link", { name: /^Yearly briefing/ });
    expect(await cron.getAttribute("href")).toBe(`/dashboard/crons/${cronId}`);
    await section("Input").getByText('"What matters?"').waitFor();
    await expectSoundOnAllScreens(page);
  });

  it("whose thread is kept shows its output", async () => {
    const { runId } = await cronRun({ on_run_completed: "keep" });
    await open(runId);
    await section("Conversation").getByText("You have the stand-up at 10:00").waitFor();
    expectNoFaults(page);
  });
});

describe("a run that is under way", () => {
  it("is followed, also after a reload, and can be cancelled", async () => {
    const { thread_id: threadId } = await client.threads.create();
    const run = await client.runs.create(threadId, "crawl", { input: { limit: 200 } });
    await open(run.run_id);
    await status("running").waitFor();
    const pages = async (): Promise<number> =>
      Number(/"pages": (\d+)/.exec(await section("Output").innerText())?.[1] ?? 0);
    await expect.poll(pages).toBeGreaterThan(0);
    const seen = await pages();
    await page.reload();
    await expect.poll(pages).toBeGreaterThan(seen);
    await page.getByRole("button", { name: "Cancel run" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the run" }).click();
    await status("interrupted").waitFor();
    expect(await page.getByRole("button", { name: "Cancel run" }).count()).toBe(0);
    expect((await client.runs.get(threadId, run.run_id)).status).toBe("interrupted");
    expectNoFaults(page);
  });

  it("and takes its thread with it leaves on the page what came of it", async () => {
    const run = await client.runs.create(null, "crawl", { input: { limit: 20 } });
    await open(run.run_id, { expectedStatuses: [404] });
    await section("Output").getByText('"pages": ').waitFor();
    await status("succeeded").waitFor();
    await page.getByText("This page still shows what it saw of it").waitFor();
    await section("Output").getByText('"pages": ').waitFor();
  });
});

describe("a run that asks", () => {
  /** Opens the page of a run that waits with this question. */
  async function openAsking(question: unknown): Promise<string> {
    const { run, threadId } = await endedRun("approval", { input: { question } });
    await open(run.run_id);
    await section("Waits for an answer").waitFor();
    return threadId;
  }
  const answerOf = async (threadId: string): Promise<unknown> =>
    (await client.threads.getState<{ answer?: unknown }>(threadId)).values.answer;

  it("is answered with text", async () => {
    const threadId = await openAsking(undefined);
    await section("Waits for an answer").getByText("May this be sent to 1,204 customers?").waitFor();
    await expectSoundOnAllScreens(page);
    await page.getByRole("textbox", { name: "Answer" }).fill("yes");
    const before = page.url();
    await page.getByRole("button", { name: "Send answer" }).click();
    await expect.poll(() => page.url()).not.toBe(before);
    await expect.poll(() => answerOf(threadId)).toBe("yes");
    await status("succeeded").waitFor();
    await section("Output").getByText('"sent": true').waitFor();
    await page.goto(before);
    await section("Run").getByText("Newest run").waitFor();
    expect(await section("Waits for an answer").count()).toBe(0);
    expectNoFaults(page);
  });

  it("is answered with JSON, which is checked first", async () => {
    const threadId = await openAsking("Which of the two?");
    await page
      .locator("label")
      .filter({ hasText: /^JSON$/ })
      .click();
    const answer = page.getByRole("textbox", { name: "Answer" });
    await answer.fill("{approved: yes}");
    await page.getByRole("button", { name: "Send answer" }).click();
    await page.getByRole("alert").getByText("this is not JSON").waitFor();
    await answer.fill('{"approved": [1, null]}');
    await page.getByRole("button", { name: "Send answer" }).click();
    await expect.poll(() => answerOf(threadId)).toEqual({ approved: [1, null] });
    expectNoFaults(page);
  });

  it("for reviews of actions has a button for each decision that it takes", async () => {
    const threadId = await openAsking({
      actionRequests: [
        { name: "send_mail", args: { to: "all" }, description: "It goes to everybody" },
        { name: "delete_file", args: { path: "/tmp/x" } },
      ],
      reviewConfigs: [
        { actionName: "send_mail", allowedDecisions: ["approve", "edit", "reject"] },
        { actionName: "delete_file", allowedDecisions: ["reject", "respond"] },
      ],
    });
    const mail = page.getByRole("group", { name: "send_mail" });
    const file = page.getByRole("group", { name: "delete_file" });
    expect(await file.getByRole("button", { name: "Approve" }).count()).toBe(0);
    const send = page.getByRole("button", { name: "Send decisions" });
    expect(await send.isDisabled()).toBe(true);
    await mail.getByRole("button", { name: "Edit" }).click();
    await mail.getByRole("textbox", { name: /Arguments/ }).fill('{"to": "ann"}');
    await file.getByRole("button", { name: "Reject" }).click();
    await file.getByRole("textbox", { name: /Reason/ }).fill("not that one");
    await expectSoundOnAllScreens(page);
    await send.click();
    await expect
      .poll(() => answerOf(threadId))
      .toEqual({
        decisions: [
          { type: "edit", editedAction: { name: "send_mail", args: { to: "ann" } } },
          { type: "reject", message: "not that one" },
        ],
      });
  });

  it("in the older form of such reviews is answered in that form", async () => {
    const threadId = await openAsking([
      {
        action_request: { action: "send_mail", args: { to: "all" } },
        config: { allow_accept: true, allow_ignore: true, allow_edit: false, allow_respond: true },
        description: "It goes to everybody",
      },
    ]);
    await page.getByRole("button", { name: "Respond" }).click();
    await page.getByRole("textbox", { name: "Response" }).fill("To Ann only");
    await page.getByRole("button", { name: "Send decision" }).click();
    await expect.poll(() => answerOf(threadId)).toEqual([{ type: "response", args: "To Ann only" }]);
  });
});

describe("what runs and models say", () => {
  const messages = [
    { role: "user", name: FOREIGN, content: FOREIGN },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: FOREIGN },
        { type: "text", text: MARKUP },
        { type: "image_url", image_url: { url: "https://evil.example/track.png" } },
        { type: "image", source_type: "base64", mime_type: "image/png", data: "aGk=" },
        { type: MARKUP, odd: FOREIGN },
      ],
      tool_calls: [{ id: "call", name: FOREIGN, args: { deep: deep(20) } }],
    },
    { role: "tool", tool_call_id: "call", name: MARKUP, status: "error", content: FOREIGN },
    { role: "system", content: [MARKUP, "Be brief."] },
  ];

  it("is text, wherever it stands", async () => {
    const { run } = await endedRun("briefing", { input: { messages }, metadata: { name: FOREIGN } });
    await open(run.run_id);
    const talk = section("Conversation");
    await talk.getByText("Image, not loaded: https://evil.example/track.png").waitFor();
    await talk.getByText(MARKUP, { exact: true }).first().waitFor();
    for (const summary of await page.locator("summary").all()) await summary.click();
    await expectSoundOnAllScreens(page);
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    expect(await page.locator("img").count()).toBe(0);
  });

  it("is text in errors, and cut while it is long", async () => {
    const reason = `${FOREIGN} ${"x ".repeat(4_000)} end of it`;
    const { run } = await endedRun("invoices", { input: { mode: `fail: ${reason}` } });
    await open(run.run_id, { width: WIDTHS.phone });
    const error = section("Error");
    await error.getByText(LONG_WORD.slice(0, 60)).waitFor();
    expect(await error.getByText("end of it").count()).toBe(0);
    await error.getByRole("button", { name: /Show all/ }).click();
    await error.getByText("end of it").waitFor();
    await expectNoSidewaysScroll(page);
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    expectNoFaults(page);
  });

  it("is cut where it is a megabyte, and the page stays usable", async () => {
    const content = "ein Wort ".repeat(100_000);
    const { run } = await endedRun("briefing", { input: { messages: [{ role: "user", content }] } });
    await open(run.run_id);
    await section("Conversation").getByText("You have the stand-up at 10:00").waitFor();
    await page.getByRole("button", { name: "Show all 900,000 characters" }).waitFor();
    expect((await page.locator("body").innerText()).length).toBeLessThan(200_000);
    await expectNoSidewaysScroll(page);
    expectNoFaults(page);
  });
});

it("says where else to look when there is no record of a run", async () => {
  await open(crypto.randomUUID(), { expectedStatuses: [404] });
  await page.getByText("There is no record of this run").waitFor();
  await expectSoundOnAllScreens(page);
});
