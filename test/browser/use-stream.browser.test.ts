/** The hook `useStream` of `@langchain/react` in a page of its own, by server-sent events and by a WebSocket. */
import { join } from "node:path";
import { Client } from "@langchain/langgraph-sdk/client";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { closePage, expectNoFaults, openPage } from "./browser";

const client = new Client({ apiUrl: inject("serverUrl"), apiKey: null });

let html = "";
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "use-stream/page.tsx")],
    bundle: true,
    format: "esm",
    jsx: "automatic",
    minify: true,
    write: false,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  html = `<!doctype html><meta charset="utf-8"><title>Chat</title><link rel="icon" href="data:,"><body><script type="module">${outputFiles[0]?.text ?? ""}</script>`;
});

let page: Page;
afterEach(() => closePage(page));

describe.each(["sse", "websocket"])("a chat by %s", (transport) => {
  const open = async (assistant: string, limit = 10): Promise<void> => {
    page = await openPage(`/chat?assistant=${assistant}&transport=${transport}&limit=${limit}`, { html });
    await shown("idle").waitFor();
  };
  const shown = (text: string) => page.getByText(text, { exact: true });
  // A page that is busy may show the second number without having shown the first.
  const somePages = () => page.getByText(/^pages: [1-9]/);
  const click = (name: string) => page.getByRole("button", { name, exact: true }).click();
  const send = async (text: string): Promise<void> => {
    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await click("Send");
  };
  const turns = () => page.locator("li > span").allInnerTexts();
  const threadId = (): string => new URL(page.url()).searchParams.get("thread") ?? "";

  it("shows messages and tools of one turn after the other, and has them after a reload", async () => {
    await open("talks");
    await send("hello");
    await shown("You said: hello").waitFor();
    await shown("idle").waitFor();
    await send("weather");
    await shown("You said: rain in Oslo").waitFor();
    await shown("tool weather: finished").waitFor();
    await shown("idle").waitFor();
    const said = await turns();
    expect(said).toHaveLength(6);
    await page.reload();
    await expect.poll(turns).toEqual(said);
    expectNoFaults(page);
  });

  it("asks, also after a reload, and goes on with the answer", async () => {
    await open("talks");
    await send("ask me");
    await shown("question: sure?").waitFor();
    await shown("idle").waitFor();
    await page.reload();
    await shown("question: sure?").waitFor();
    await click("Yes");
    await shown("answer: yes").waitFor();
    await shown("question: sure?").waitFor({ state: "hidden" });
    await shown("idle").waitFor();
    expectNoFaults(page);
  });

  it("goes on in the middle of a run when it is reloaded", async () => {
    await open("crawl");
    await click("Crawl");
    await somePages().waitFor();
    await page.reload();
    await shown("pages: 10").waitFor();
    await shown("idle").waitFor();
    expectNoFaults(page);
  });

  it("stops a run", async () => {
    await open("crawl", 1_000);
    await click("Crawl");
    await somePages().waitFor();
    await click("Stop");
    await shown("idle").waitFor();
    const statusOf = async () => (await client.runs.list(threadId())).map(({ status }) => status);
    await expect.poll(statusOf).toEqual(["interrupted"]);
    expectNoFaults(page);
  });

  it("shows why a run has failed", async () => {
    await open("talks");
    await send("please fail");
    await page.getByText("as it was told").waitFor();
    await shown("idle").waitFor();
    expectNoFaults(page);
  });
});
