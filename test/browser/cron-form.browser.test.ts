/** The form of a cron: making one, copying one, changing one. */
import type { Locator, Page } from "playwright-core";
import { afterEach, expect, it } from "vitest";
import type { Cron, CronCreate } from "../../src/wire/crons/cron";
import {
  closePage,
  expectNoFaults,
  expectSoundOnAllScreens,
  goByTab,
  openPage,
  type PageOptions,
} from "./browser";
import { server } from "./shared-server";

const SELDOM = "0 0 1 1 *";
const HOSTILE = `<img src=x onerror="document.title='hacked'">`;

let page: Page;
afterEach(() => closePage(page));

const create = (fields: Partial<Record<keyof CronCreate, unknown>>): Promise<Cron> =>
  server.ask("POST", "/runs/crons", { assistant_id: "briefing", schedule: SELDOM, ...fields });

const read = (cronId: string): Promise<Cron> => server.ask("GET", `/runs/crons/${cronId}`);

const open = async (address: string, options?: PageOptions): Promise<void> => {
  page = await openPage(address, options);
  await page.getByRole("textbox", { name: "Cron expression" }).waitFor();
};

const field = (name: string): Locator => page.getByRole("textbox", { name });
const preview = (): Locator => page.getByRole("group", { name: "What the schedule means" });
/** What a field is described by, its error included. */
const describedBy = (input: Locator): Promise<string> =>
  input.evaluate((element) =>
    (element.getAttribute("aria-describedby") ?? "")
      .split(" ")
      .map((id) => document.getElementById(id)?.textContent ?? "")
      .join(" "),
  );
/** The id of the cron whose page was gone to. */
const cronOfPage = async (): Promise<string> => {
  await page.getByRole("button", { name: "Run now" }).waitFor();
  return new URL(page.url()).pathname.split("/").at(-1) ?? "";
};

const tabTo = (name: string): Promise<void> => goByTab(page, name);
/** Goes to a choice and down to an option of it. Letters would begin anew when they come slowly. */
async function choose(name: string, option: string): Promise<void> {
  await tabTo(name);
  await page.keyboard.press("Home");
  const chosen = (): Promise<string | undefined> =>
    page.locator("select:focus").evaluate((select: HTMLSelectElement) => select.selectedOptions[0]?.text);
  for (let before; (await chosen()) !== option && before !== (await chosen());) {
    before = await chosen();
    await page.keyboard.press("ArrowDown");
  }
  expect(await chosen()).toBe(option);
}
/** Types into a list and takes what it then offers. */
async function take(typed: string, option: string): Promise<void> {
  await page.keyboard.type(typed);
  await page.getByRole("option", { name: option, exact: true }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
}

it("is filled in and sent with the keyboard alone", async () => {
  // The preview may ask about an expression that is half typed.
  await open("/dashboard/crons/new", { expectedStatuses: [422] });
  const type = (text: string): Promise<void> => page.keyboard.type(text);
  await tabTo("Name");
  await type("By keyboard");
  await tabTo("Assistant");
  await take("briefing", "briefing");
  await field("Message").waitFor();
  await tabTo("Message");
  await type("What is new?");
  await choose("Repeats", "Monday to Friday");
  await tabTo("Cron expression");
  await page.keyboard.press("ControlOrMeta+a");
  await type("15 7 * * 1-5");
  await tabTo("Time zone");
  await page.keyboard.press("ControlOrMeta+a");
  await take("New_York", "America/New_York");
  await tabTo("A new thread, deleted after the run");
  await page.keyboard.press("ArrowDown");
  await choose("While an earlier run goes on", "Skip the new run");
  await tabTo("Attempts");
  await type("3");
  await tabTo("Tokens a day");
  await type("25000");
  await tabTo("Metadata");
  await type('{"team": "desk"}');
  await tabTo("Begin paused");
  await page.keyboard.press("Space");
  await tabTo("Create");
  await page.keyboard.press("Enter");
  const cron = await read(await cronOfPage());
  expect(cron).toMatchObject({
    schedule: "15 7 * * 1-5",
    timezone: "America/New_York",
    on_run_completed: "keep",
    enabled: false,
    max_attempts: 3,
    max_tokens_per_day: 25_000,
    metadata: { name: "By keyboard", team: "desk" },
    payload: {
      multitask_strategy: "reject",
      input: { messages: [{ role: "user", content: "What is new?" }] },
    },
  });
  expectNoFaults(page);
});

it("shows the next times and how many a month as a schedule is typed or built, and what is wrong with it", async () => {
  await open("/dashboard/crons/new", { expectedStatuses: [422] });
  await preview().getByText("At 09:00, every day").waitFor();
  await preview().getByText("30 times").waitFor();
  await page.getByLabel("Repeats").selectOption("weekly");
  await page.getByLabel("At", { exact: true }).fill("02:30");
  await page.getByLabel("Mon", { exact: true }).waitFor();
  await page.getByLabel("Sun", { exact: true }).check();
  expect(await field("Cron expression").inputValue()).toBe("30 2 * * 0,1");
  await preview().getByText("the clocks leave out 02:00 to 03:00", { exact: false }).waitFor();
  await field("Cron expression").fill("61 * * * *");
  await expect.poll(() => describedBy(field("Cron expression"))).toContain("not a cron expression");
  await field("Cron expression").fill("*/20 * * * * *");
  await preview().getByText("Every 20 seconds").waitFor();
  await preview().getByText("129,600 times").waitFor();
  expect(await page.getByLabel("Repeats").inputValue()).toBe("");
  await field("Cron expression").fill("*/15 * * * *");
  await expect.poll(() => page.getByLabel("Repeats").inputValue()).toBe("minutes");
  await page.getByLabel("End (UTC)").fill("2020-01-01T00:00");
  await preview().getByText("never fires").waitFor();
  await expectSoundOnAllScreens(page);
});

it("says at each field what the server found wrong there, and keeps what was typed", async () => {
  await open("/dashboard/crons/new?assistant_id=briefing", { expectedStatuses: [404, 422] });
  await page.getByRole("button", { name: "Create" }).waitFor();
  await field("Name").fill("Not yet");
  await field("Attempts").fill("99");
  await field("Webhook").last().fill("http://localhost/hook");
  await page.getByRole("button", { name: "Create" }).click();
  await expect.poll(() => describedBy(field("Attempts"))).toContain("expected number to be <=10");
  expect(await describedBy(page.locator('input[name="webhook"]'))).toContain("public host");
  expect(await page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("max_attempts");
  expect(await field("Name").inputValue()).toBe("Not yet");
  await field("Attempts").fill("ten");
  await page.locator('input[name="webhook"]').fill("");
  await field("Metadata").fill("{");
  await page.getByRole("button", { name: "Create" }).click();
  await expect.poll(() => describedBy(field("Attempts"))).toContain("Expected a number");
  expect(await describedBy(field("Metadata"))).toContain("Not JSON");
  await field("Attempts").fill("2");
  await field("Metadata").fill("");
  await page.getByLabel("One thread for all runs").check();
  await field("Thread").first().fill("4d1b3d5e-0000-4000-8000-000000000000");
  await page.getByRole("button", { name: "Create" }).click();
  await expect
    .poll(() => describedBy(page.locator('input[name="thread_id"]')))
    .toContain("no thread with the id");
  await page.getByLabel("Make the thread if it does not exist").check();
  await page.getByRole("button", { name: "Create" }).click();
  expect(await read(await cronOfPage())).toMatchObject({
    thread_id: "4d1b3d5e-0000-4000-8000-000000000000",
    max_attempts: 2,
    payload: { multitask_strategy: "enqueue" },
  });
  expectNoFaults(page);
});

it("shows what a change will change, sends that alone, and loses nothing that the form does not know", async () => {
  const cron = await create({
    metadata: { name: "Before", team: HOSTILE },
    input: { messages: [{ role: "user", content: HOSTILE }], step_ms: 5 },
    stream_mode: ["values", "updates"],
    config: { recursion_limit: 40 },
    end_time: "2040-01-01T00:00:00Z",
    thread_ttl: { strategy: "keep_latest", ttl: 90 },
    interrupt_before: ["plan"],
    catchup: "all",
  });
  await open(`/dashboard/crons/${cron.cron_id}/edit`);
  const changes = page.getByRole("region", { name: "What will change" }).first();
  await changes.getByText("Nothing yet.").waitFor();
  expect(await page.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  await expectSoundOnAllScreens(page);
  await field("Metadata").fill("{}");
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(() => describedBy(field("Metadata"))).toContain("can be changed, and not removed: team");
  await field("Metadata").fill(JSON.stringify({ team: HOSTILE, room: 4 }));
  await field("Message").fill("And now?");
  await page.getByLabel("End (UTC)").fill("");
  await page.getByLabel("Catch up", { exact: true }).selectOption("");
  await changes.getByText("2040-01-01T00:00:00.000Z").waitFor();
  // Meanwhile somebody else changes what is not changed here.
  await server.ask("PATCH", `/runs/crons/${cron.cron_id}`, { max_attempts: 4 });
  await page.getByRole("button", { name: "Save" }).click();
  expect(await cronOfPage()).toBe(cron.cron_id);
  expect(await read(cron.cron_id)).toMatchObject({
    metadata: { name: "Before", team: HOSTILE, room: 4 },
    end_time: null,
    catchup: "latest",
    max_attempts: 4,
    thread_ttl: { strategy: "keep_latest", ttl: 90 },
    payload: {
      ...cron.payload,
      input: { messages: [{ role: "user", content: "And now?" }], step_ms: 5 },
    },
  });
  expectNoFaults(page);
});

it("makes a copy of a cron with all of its fields, and tells what it will cost", async () => {
  const cron = await create({
    metadata: { name: "Original", team: "desk" },
    timezone: "Asia/Tokyo",
    input: { messages: "hello" },
    stream_mode: "values",
    webhook: "https://example.com/hook",
    durability: "exit",
    on_run_completed: "keep",
    jitter_seconds: 30,
    thread_ttl: 45,
    max_runs: 7,
  });
  await server.runNow(cron.cron_id);
  page = await openPage(`/dashboard/crons/${cron.cron_id}`);
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  await page.getByRole("heading", { level: 1, name: "Duplicate a cron" }).waitFor();
  // 30 times, each with the 1,893 tokens that its run used.
  await field("Cron expression").fill("0 9 * * *");
  await preview().getByText("≈ 56.8K tokens").waitFor();
  await field("Cron expression").fill(SELDOM);
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { level: 1, name: "Original (copy)" }).waitFor();
  const id = await cronOfPage();
  expect(id).not.toBe(cron.cron_id);
  const copy = await read(id);
  expect(copy).toEqual({
    ...cron,
    created_at: copy.created_at,
    updated_at: copy.updated_at,
    cron_id: id,
    metadata: { name: "Original (copy)", team: "desk" },
  });
  expectNoFaults(page);
});

it("takes the input as fields by the schema of the graph, or as JSON, and one follows the other", async () => {
  await open("/dashboard/crons/new?assistant_id=invoices");
  await field("mode").fill("fail");
  await field("checked").fill("12x");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("expected a number").waitFor();
  await field("checked").fill("12");
  await page.getByText("As JSON only: differences.").waitFor();
  const input = page.getByRole("group", { name: "Input", exact: true });
  await input.getByText("JSON", { exact: true }).click();
  expect(JSON.parse(await field("Input as JSON").inputValue())).toEqual({ mode: "fail", checked: 12 });
  await field("Input as JSON").fill('{"mode": "dry", "differences": []}');
  await input.getByText("Fields", { exact: true }).click();
  expect(await field("mode").inputValue()).toBe("dry");
  await page.getByRole("button", { name: "Create" }).click();
  expect((await read(await cronOfPage())).payload.input).toEqual({ mode: "dry", differences: [] });
  expectNoFaults(page);
});
