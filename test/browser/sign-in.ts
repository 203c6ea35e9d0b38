/** Opens pages of the server that asks for a key. */
import type { Page } from "playwright-core";
import { inject } from "vitest";
import { openPage } from "./browser";

/** A server that asks for a key answers 401 until it has one. */
export const openWithoutKey = (address: string): Promise<Page> =>
  openPage(address, { url: inject("keysServer").url, expectedStatuses: [401] });

export async function openWithKey(address: string, key: string): Promise<Page> {
  const page = await openWithoutKey(address);
  await page.getByRole("textbox", { name: "API key" }).fill(key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sign in" }).waitFor({ state: "detached" });
  return page;
}
