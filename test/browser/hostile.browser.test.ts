/** What crons, runs, models and people say is shown as text, whatever it is. */
import type { Page } from "playwright-core";
import { afterEach, beforeAll, expect, it } from "vitest";
import { closePage, expectNoFaults, expectNoSidewaysScroll, openPage, WIDTHS } from "./browser";
import { server } from "./shared-server";

const MARKUP = `<img src="https://evil.example/x.png" onerror="window.hacked = true"><script>window.hacked = true</script>`;
const LINK = "[click](javascript:window.hacked=true) javascript:window.hacked=true";
const TEXT = `"'\`\${7*7}{{7*7}} ${MARKUP} ${LINK} \u202Etxt.exe \u0000 ${"long".repeat(60)}`.replace(
  "\u0000",
  "",
);

/** Those of this test alone. */
const CRONS = "/crons?text=evil.example";
/** What names of crons stand on. */
const LISTS = ["", CRONS];

const LONG = "ten thousand characters ".repeat(420);
/** What graphs may leave as the values of a state, and what is to be read of it. */
const ODD_VALUES: readonly (readonly [value: unknown, shown: string])[] = [
  ["a bare text", '"a bare text"'],
  [7.5, "7.5"],
  [false, "false"],
  [["a", null], '"a",\n  null'],
  [[], "[]"],
  [null, "This run has written no state"],
  [
    {
      messages: [
        { role: "constructor", content: "of no known role" },
        { type: "human", content: [{ type: "image_url", image_url: { url: "https://evil.example/x.png" } }] },
        {
          type: "ai",
          content: LONG,
          tool_calls: [{ id: "1", name: "unanswered", args: null }, { name: 7 }, null],
        },
        { type: "tool", tool_call_id: "never asked for", content: { an: "object" } },
        { type: "ai", content: null, usage_metadata: { input_tokens: "many" } },
      ],
    },
    "unanswered",
  ],
];

let addresses: string[];
let oddRun: string;
let page: Page;
afterEach(() => closePage(page));

beforeAll(async () => {
  const { assistant_id: assistant } = await server.post<{ assistant_id: string }>("/assistants", {
    graph_id: "briefing",
    name: TEXT,
    description: TEXT,
    metadata: { [TEXT]: TEXT },
  });
  const yearly = { schedule: "0 0 1 1 *", metadata: { name: TEXT, [TEXT]: TEXT } };
  const input = { messages: [{ role: "user", content: TEXT }] };
  const cron = await server.makeCron(assistant, { ...yearly, input });
  const run = await server.runNow(cron);
  oddRun = run.run_id;
  await server.post(`/runs/crons/${cron}/pause`, { note: TEXT });
  const longName = { name: `${TEXT} ${"long".repeat(2_500)}` };
  const failing = await server.makeCron("invoices", {
    ...yearly,
    metadata: longName,
    input: { mode: `fail: ${TEXT}` },
  });
  const failed = await server.runNow(failing);
  await server.post("/threads", { metadata: { title: TEXT, [TEXT]: TEXT } });
  addresses = [
    ...["", CRONS, "/threads", "/assistants", "/crons/new"],
    ...[`/crons/${cron}`, `/crons/${cron}/edit`, `/crons/new?from=${cron}`, `/crons/${failing}`],
    ...[`/runs/${run.run_id}`, `/runs/${failed.run_id}`, `/threads/${run.thread_id}`],
  ];
});

it("on every page", async () => {
  page = await openPage("/dashboard", { width: WIDTHS.phone });
  let dialogs = 0;
  page.on("dialog", (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  const shown: string[] = [];
  for (const address of addresses) {
    await page.goto(`${server.url}/dashboard${address}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    if (LISTS.includes(address)) await page.getByRole("link").filter({ hasText: MARKUP }).first().waitFor();
    await page.waitForLoadState("networkidle");
    if ((await page.locator("body").innerText()).includes(MARKUP)) shown.push(address);
    const made = await page.evaluate(() => ({
      hacked: "hacked" in window,
      images: document.querySelectorAll("main img").length,
      scripts: document.querySelectorAll("main script").length,
      links: [...document.querySelectorAll<HTMLAnchorElement>("main a")]
        .map(({ href }) => href)
        .filter((href) => !href.startsWith(location.origin)),
    }));
    expect([address, made]).toEqual([address, { hacked: false, images: 0, scripts: 0, links: [] }]);
    await expectNoSidewaysScroll(page);
  }
  // Ten thousand characters do not push everything else off the screen.
  await page.goto(`${server.url}/dashboard${CRONS}`);
  await expect.poll(() => page.getByText("1 failure in a row").count()).toBe(1);
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThan(4_000);
  expect(dialogs).toBe(0);
  expect(shown).toEqual(expect.arrayContaining(LISTS));
  expectNoFaults(page);
});

it("shows whatever a graph has left as its state", async () => {
  page = await openPage("/dashboard/threads", { width: WIDTHS.phone });
  let value: unknown;
  await page.route("**/threads/*/history", async (route) => {
    // The state before the run stays as it is.
    if (route.request().postData()?.includes('"source"') === true) return route.fallback();
    const answer = await route.fetch();
    const states = (await answer.json()) as object[];
    return route.fulfill({ response: answer, json: states.map((state) => ({ ...state, values: value })) });
  });
  for (const [odd, shown] of ODD_VALUES) {
    value = odd;
    await page.goto(`${server.url}/dashboard/runs/${oddRun}`);
    await page.getByRole("main").getByText(shown).first().waitFor();
    await expectNoSidewaysScroll(page);
  }
  expect(await page.evaluate(() => document.querySelectorAll("main img").length)).toBe(0);
  expectNoFaults(page);
});
