/** Pages of the dashboard in Chromium. Each keeps an account of what no page of it may do, and of what axe finds. */
import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { expect, inject } from "vitest";
import { CHROMIUM_FLAGS, requireChromium } from "./chromium";

/** The widths that pages are looked at: a phone, a tablet, a desk. */
export const WIDTHS = { phone: 390, tablet: 820, desk: 1440 } as const;

const HEIGHT = 900;

let browser: Promise<Browser> | undefined;

/** What each page did that it may not do. */
const faults = new WeakMap<Page, string[]>();

export interface PageOptions {
  readonly width?: number;
  readonly colorScheme?: "light" | "dark";
  /** The server, if not the one that all tests share. */
  readonly url?: string;
  /** Do not count these failed requests as faults: statuses that the test provokes. */
  readonly expectedStatuses?: readonly number[];
}

/** Opens an address such as `/dashboard/crons` in a browser context of its own. */
export async function openPage(address: string, options: PageOptions = {}): Promise<Page> {
  const { width = WIDTHS.desk, colorScheme = "light", url = inject("serverUrl") } = options;
  browser ??= chromium.launch({ executablePath: requireChromium(), args: CHROMIUM_FLAGS });
  const context = await (
    await browser
  ).newContext({
    viewport: { width, height: HEIGHT },
    colorScheme,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  // Sooner than the test ends, so that it says what was waited for.
  page.setDefaultTimeout(12_000);
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
  await page.goto(url + address);
  return page;
}

/** Nothing was logged as an error, the content security policy was not broken, and nothing was asked of another server. */
export function expectNoFaults(page: Page): void {
  expect(faults.get(page)).toEqual([]);
}

/** axe-core finds nothing serious. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ["violations"],
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

/** Nothing is wider than the screen. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { scrollWidth, clientWidth } = await page.evaluate(() => ({
    scrollWidth: document.documentElement.scrollWidth,
    clientWidth: document.documentElement.clientWidth,
  }));
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
}

/** All of the above: on a desk and on a phone, in light and dark, and nothing is wider than a tablet either. */
export async function expectSoundOnAllScreens(page: Page): Promise<void> {
  for (const [width, colorScheme] of [
    [WIDTHS.desk, "light"],
    [WIDTHS.tablet, "light"],
    [WIDTHS.phone, "dark"],
  ] as const) {
    await page.setViewportSize({ width, height: HEIGHT });
    await page.emulateMedia({ colorScheme });
    await expectNoSidewaysScroll(page);
    if (width !== WIDTHS.tablet) await expectAccessible(page);
  }
  expectNoFaults(page);
}

export async function closePage(page: Page): Promise<void> {
  await page.context().close();
}

/** Called when all files have been run. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}
