/**
 * `npm run screenshots`: takes the pictures of the dashboard that the docs show, of a server that `npm run demo -- --stay` has started.
 * `-- --url http://…` names another server.
 */
import { parseArgs } from "node:util";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { packageRoot } from "../package-root.js";

const { values } = parseArgs({ options: { url: { type: "string", default: "http://localhost:8787" } } });
const IMAGES = join(packageRoot, "docs/images");
const ZONE = "Europe/Berlin";
/** So long after the last answer nothing moves any more. */
const QUIET_MS = 1_500;

interface Picture {
  readonly file: string;
  /** Clicks its way from the list of crons, or gives an address after `/dashboard`. */
  readonly open: string | ((page: Page) => Promise<void>);
  readonly width: number;
  readonly height: number;
  readonly colorScheme: "light" | "dark";
}

const desk = { width: 1440, height: 1000 } as const;
const openCron = async (page: Page, name: string): Promise<void> => {
  await page.goto(`${values.url}/dashboard/crons?text=${encodeURIComponent(name)}`);
  await page.getByRole("link", { name, exact: true }).click();
};

async function fillInCron(page: Page): Promise<void> {
  await page.goto(`${values.url}/dashboard/crons/new`);
  await page.getByRole("textbox", { name: "Name" }).fill("Port report");
  await page.getByRole("combobox", { name: "Assistant" }).fill("briefing");
  await page.getByRole("option", { name: "briefing" }).click();
  await page.getByRole("textbox", { name: "Message" }).fill("Which ships are late in Hamburg?");
  await page.getByRole("textbox", { name: "Cron expression" }).fill("30 6 * * 1-5");
}

const PICTURES: readonly Picture[] = [
  { file: "overview.png", open: "", ...desk, colorScheme: "light" },
  { file: "crons.png", open: "/crons", ...desk, colorScheme: "dark" },
  { file: "crons-phone.png", open: "/crons", width: 390, height: 844, colorScheme: "light" },
  {
    file: "cron.png",
    open: (page) => openCron(page, "Invoice reconciliation"),
    ...desk,
    colorScheme: "light",
  },
  { file: "new-cron.png", open: fillInCron, ...desk, colorScheme: "light" },
  {
    file: "run.png",
    open: async (page) => {
      await page.goto(`${values.url}/dashboard/crons?text=Morning`);
      await page
        .getByRole("link", { name: /succeeded/ })
        .last()
        .click();
    },
    ...desk,
    colorScheme: "dark",
  },
];

const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
for (const { file, open, width, height, colorScheme } of PICTURES) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    timezoneId: ZONE,
    locale: "en-GB",
  });
  const page = await context.newPage();
  if (typeof open === "string") await page.goto(`${values.url}/dashboard${open}`);
  else await open(page);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForLoadState("networkidle");
  await page.waitForTimeout(QUIET_MS);
  await page.screenshot({ path: join(IMAGES, file) });
  console.log(file);
  await context.close();
}
await browser.close();
