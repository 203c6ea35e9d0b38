/** Signing in and out: with an API key, kept in the tab only. */
import type { Page } from "playwright-core";
import { afterEach, expect, inject, it } from "vitest";
import { closePage, expectNoFaults, expectSoundOnAllScreens } from "./browser";
import { openWithoutKey } from "./sign-in";

const KEY = inject("keysServer").adminKey;

let page: Page;
afterEach(() => closePage(page));

it("asks for a key, sends it, and stays at the address that was opened", async () => {
  page = await openWithoutKey("/dashboard/crons?status=on&text=none");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByText("x-api-key: missing, or not a key of this deployment").waitFor();
  await expectSoundOnAllScreens(page);
  const field = page.getByRole("textbox", { name: "API key" });
  await field.fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("The server does not take this key.").waitFor();
  await field.fill(KEY);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Crons" }).waitFor();
  await page.getByText("No cron matches").waitFor();
  expect(new URL(page.url()).search).toBe("?status=on&text=none");
  await page.reload();
  await page.getByText("No cron matches").waitFor();
  expect(await page.evaluate(() => JSON.stringify(Object.values(localStorage)))).not.toContain(KEY);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  expectNoFaults(page);
});

it("sends a token as LangGraph's SDKs send one to an Auth", async () => {
  page = await openWithoutKey("/dashboard");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByText("Bearer token").click();
  await page.getByRole("textbox", { name: "Bearer token" }).fill("token-of-ada");
  const sent = page.waitForRequest((request) => request.headers()["authorization"] === "Bearer token-of-ada");
  await page.keyboard.press("Enter");
  expect((await sent).headers()["x-api-key"]).toBeUndefined();
  // Whoever mistyped a token gives a token again.
  await page.getByText("The server does not take this token.").waitFor();
  await page.getByRole("textbox", { name: "Bearer token" }).waitFor();
});
