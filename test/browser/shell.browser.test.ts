/** What all pages share: that they are served, where one can go from them, and how they are shown. */
import type { Page } from "playwright-core";
import { afterEach, describe, expect, inject, it } from "vitest";
import { closePage, expectNoFaults, expectSoundOnAllScreens, openPage, type PageOptions } from "./browser";

const ADDRESSES = ["/dashboard", "/dashboard/crons", "/dashboard/threads", "/dashboard/assistants"];

let page: Page;
afterEach(() => closePage(page));

const open = async (address: string, options?: PageOptions): Promise<void> => {
  page = await openPage(address, options);
};

describe("each page", () => {
  it.each(ADDRESSES)(
    "%s breaks no rule on any screen, and has nothing that axe finds serious",
    async (address) => {
      await open(address);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await expectSoundOnAllScreens(page);
    },
  );
});

it("is gone through with the keyboard alone", async () => {
  await open("/dashboard");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const active = (): Promise<string | undefined> => page.evaluate(() => document.activeElement?.tagName);
  await expect.poll(active).toBe("MAIN");
  await page.getByRole("link", { name: "Crons", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Crons" }).waitFor();
  await expect.poll(active).toBe("H1");
  await expect.poll(() => page.title()).toBe("Crons · EdgeCron");
  expect(new URL(page.url()).pathname).toBe("/dashboard/crons");
});

it("is dark or light as the system is, or as is chosen", async () => {
  await open("/dashboard", { colorScheme: "dark" });
  const background = (): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(await background()).toBe("rgb(22, 24, 27)");
  await page.getByRole("button", { name: "Colour scheme" }).click();
  await page.getByRole("menuitem", { name: "Light" }).click();
  await expect.poll(background).toBe("rgb(245, 246, 248)");
  await page.reload();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(await background()).toBe("rgb(245, 246, 248)");
  expectNoFaults(page);
});

it("says that the server does not answer, and from when the figures are, until it does again", async () => {
  await open("/dashboard/crons?text=Morning+briefing");
  await page.getByRole("link", { name: "Morning briefing" }).waitFor();
  const isOfApi = (address: URL): boolean => !address.pathname.startsWith("/dashboard");
  await page.route(isOfApi, (route) => route.abort());
  const banner = page.getByText(/The server does not answer. What you see is of \d\d:\d\d:\d\d/);
  await banner.waitFor();
  expect(await page.getByRole("link", { name: "Morning briefing" }).count()).toBe(1);
  await page.unroute(isOfApi);
  await banner.waitFor({ state: "detached" });
});

it("says so when there is no such page", async () => {
  await open("/dashboard/nothing/here");
  await page.getByText("There is no page at this address.").waitFor();
  expectNoFaults(page);
});

it("says so when the address has no whole id", async () => {
  await open("/dashboard/crons/4d1b3d5e", { expectedStatuses: [422] });
  await page.getByText("There is no such cron").waitFor();
  expectNoFaults(page);
});

describe("its files", () => {
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(inject("serverUrl") + path, { headers, redirect: "manual" });

  it("are kept for good when their names are hashed, and the page is asked for anew each time", async () => {
    await open("/dashboard/crons");
    await page.getByRole("heading", { level: 1 }).waitFor();
    const script = await page.locator("script[type=module]").getAttribute("src");
    const hashed = await get(new URL(script ?? "", `${inject("serverUrl")}/`).pathname);
    expect(hashed.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const missing = await get("/dashboard/assets/gone-12345678.js");
    expect(missing.headers.get("cache-control")).not.toContain("immutable");
    const shown = await get("/dashboard/crons/4d1b3d5e-0000-4000-8000-000000000000");
    expect(shown.status).toBe(200);
    expect(shown.headers.get("content-type")).toContain("text/html");
    expect(shown.headers.get("cache-control")).toContain("must-revalidate");
    expect(shown.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("shadow no route of the API, whoever asks", async () => {
    const browserHeaders = {
      accept: "text/html",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    const unknown = ["/", "/index.html", "/dashboards", "/runs/nothing/here", "/_headers", "/assets/x.js"];
    for (const path of unknown) {
      const answer = await get(path, browserHeaders);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.json()).toMatchObject({ code: "request.not_found" });
    }
    expect((await get("/ok", browserHeaders)).status).toBe(200);
    expect(await (await get("/info", browserHeaders)).json()).toMatchObject({ auth: "open" });
  });
});
