/** Pages of the dashboard in Chromium. Each keeps an account of what no page of it may do, and of what axe finds. */
import axe from "axe-core";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { expect, inject } from "vitest";

/** The widths that pages are looked at: a phone, a tablet, a desk. */
export const WIDTHS = { phone: 390, tablet: 820, desk: 1440 } as const;

const HEIGHT = 900;

let browser: Promise<Browser> | undefined;
/** One for all pages of a file: each has what the others have loaded. */
let context: Promise<BrowserContext> | undefined;

async function newContext(): Promise<BrowserContext> {
  browser ??= chromium.connect(inject("browserUrl"));
  return (await browser).newContext({
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
  });
}

/** What each page did that it may not do. */
const faults = new WeakMap<Page, string[]>();

export interface PageOptions {
  readonly width?: number;
  readonly colorScheme?: "light" | "dark";
  /** The server, if not the one that all tests share. */
  readonly url?: string;
  /** Do not count these failed requests as faults: statuses that the test provokes. */
  readonly expectedStatuses?: readonly number[];
  /** What the page is, in place of what the server has at the address. */
  readonly html?: string;
}

/** Opens an address such as `/dashboard/crons`, in a page that knows nothing of the pages before it. */
export async function openPage(address: string, options: PageOptions = {}): Promise<Page> {
  const { width = WIDTHS.desk, colorScheme = "light", url = inject("serverUrl") } = options;
  context ??= newContext();
  const page = await (await context).newPage();
  await page.setViewportSize({ width, height: HEIGHT });
  await page.emulateMedia({ colorScheme });
  await forgetChoices(page, url);
  // Sooner than the test ends, so that it says what was waited for.
  page.setDefaultTimeout(40_000);
  const found: string[] = [];
  faults.set(page, found);
  page.on("pageerror", (error) => found.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const status = Number(/status of (\d+)/.exec(message.text())?.[1]);
    if (options.expectedStatuses?.includes(status) === true) return;
    found.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(url).origin)
      found.push(`request: ${request.url()}`);
  });
  const { html } = options;
  if (html !== undefined) {
    const { origin, pathname } = new URL(address, url);
    await page.route(`${origin}${pathname}*`, (route) =>
      route.fulfill({ contentType: "text/html", body: html }),
    );
  }
  await page.goto(url + address);
  return page;
}

/** Forgets the zone and the colour scheme that were chosen on another page. */
async function forgetChoices(page: Page, url: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.clearDataForOrigin", {
    origin: new URL(url).origin,
    storageTypes: "local_storage",
  });
  await session.detach();
}

/** Nothing was logged as an error, the content security policy was not broken, and nothing was asked of another server. */
export function expectNoFaults(page: Page): void {
  expect(faults.get(page)).toEqual([]);
}

/** axe-core finds nothing serious. */
export async function expectAccessible(page: Page): Promise<void> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ["violations"],
      // It would read the style sheets once more, for rules about turned screens and sounds.
      preload: false,
    });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ""}`).join("\n")}`,
      );
  });
  expect(found).toEqual([]);
}

/** Goes on with the Tab key to what has this name, or says that it is not to be reached. */
export async function goByTab(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press("Tab");
    const isThere = await page.evaluate((wanted) => {
      const active = document.activeElement;
      const label =
        active instanceof HTMLInputElement ||
        active instanceof HTMLTextAreaElement ||
        active instanceof HTMLSelectElement
          ? active.labels?.[0]?.textContent
          : active?.textContent;
      return (active?.getAttribute("aria-label") ?? label ?? "").replace(" *", "") === wanted;
    }, name);
    if (isThere) return;
  }
  throw new Error(`the Tab key did not come to "${name}"`);
}

/** Nothing is wider than the screen. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  await expect.poll(() => widthBeyondScreen(page)).toBe(0);
}

const widthBeyondScreen = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });

/** Has the system be light or dark, and waits until the page is. */
async function showScheme(page: Page, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction((scheme) => {
    const root = document.documentElement;
    // The attribute is what the page's own rules follow; the style is what the browser makes of it.
    return (
      root.getAttribute("data-mantine-color-scheme") === scheme &&
      getComputedStyle(root).colorScheme === scheme
    );
  }, colorScheme);
  // What is computed of it is painted with the next picture.
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
}

/** All of the above: on a desk and on a phone, in light and dark, and nothing is wider than a tablet either. */
export async function expectSoundOnAllScreens(page: Page): Promise<void> {
  for (const [width, colorScheme] of [
    [WIDTHS.desk, "light"],
    [WIDTHS.tablet, "light"],
    [WIDTHS.phone, "dark"],
  ] as const) {
    await page.setViewportSize({ width, height: HEIGHT });
    await showScheme(page, colorScheme);
    await expectNoSidewaysScroll(page);
    if (width !== WIDTHS.tablet) await expectAccessible(page);
  }
  expectNoFaults(page);
}

/** A request that a test answers itself may be under way: nobody waits for it any more. */
export async function closePage(page: Page): Promise<void> {
  if (page.isClosed()) return;
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.close();
}

/** Called when all tests of a file have been run. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
  context = undefined;
}
