/**
 * Fills a server with crons as a small company may have them, and with what they did in the last days: for looking at the dashboard, and for
 * its screenshots. The graphs are those of `demo/`.
 */
import { Client } from "@langchain/langgraph-sdk/client";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const POLL_MS = 250;
const LIMIT_MS = 120_000;

const ask = (content: string): object => ({ messages: [{ role: "user", content }] });

interface DemoCron {
  readonly assistant: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Its runs of so many ms before now. */
  readonly pastMs?: number;
  /** The input of the last of them, which is that of the cron from then on. */
  readonly later?: { readonly input: object; readonly pastMs: number };
}

const cron = (
  name: string,
  assistant: string,
  schedule: string,
  fields: Readonly<Record<string, unknown>>,
  past: Pick<DemoCron, "pastMs" | "later"> = {},
): DemoCron => {
  const { metadata = {}, ...others } = fields as { metadata?: object };
  return {
    assistant,
    fields: { schedule, on_run_completed: "keep", metadata: { name, ...metadata }, ...others },
    ...past,
  };
};

const CRONS: readonly DemoCron[] = [
  cron(
    "Morning briefing",
    "briefing",
    "0 8 * * 1-5",
    {
      timezone: "Europe/Berlin",
      input: ask("What matters today for a shipping company?"),
      metadata: { team: "operations" },
      max_tokens_per_day: 50_000,
    },
    { pastMs: 28 * DAY_MS },
  ),
  cron(
    "Invoice reconciliation",
    "invoices",
    "0 * * * *",
    { input: {}, metadata: { team: "finance" }, max_attempts: 1 },
    { pastMs: 22 * HOUR_MS, later: { input: { mode: "fail" }, pastMs: 3 * HOUR_MS } },
  ),
  cron(
    "Stock levels",
    "invoices",
    "*/30 * * * *",
    { input: {}, timezone: "America/New_York", metadata: { team: "warehouse" } },
    { pastMs: 12 * HOUR_MS },
  ),
  cron(
    "Support inbox digest",
    "briefing",
    "0 */2 * * *",
    { input: ask("Which tickets are older than a day?"), metadata: { team: "support" }, catchup: "all" },
    { pastMs: 2 * DAY_MS },
  ),
  cron(
    "Price announcement",
    "approval",
    "0 9 1 * *",
    { input: {}, timezone: "Europe/London", metadata: { team: "marketing" } },
    { pastMs: 40 * DAY_MS },
  ),
  cron(
    "Competitor crawl",
    "crawl",
    "15 */6 * * *",
    { input: { limit: 2 }, metadata: { team: "marketing" }, config: { recursion_limit: 10_000 } },
    { pastMs: 3 * DAY_MS },
  ),
  cron("Exchange rates", "invoices", "*/20 * * * * *", {
    input: {},
    metadata: { team: "finance" },
    keep_threads: 10,
  }),
  cron("Health check", "invoices", "* * * * *", {
    input: {},
    metadata: { team: "platform" },
    keep_threads: 10,
  }),
  cron(
    "Quarterly forecast",
    "briefing",
    "0 7 1 1,4,7,10 *",
    {
      input: ask("How will the next quarter go?"),
      timezone: "Asia/Tokyo",
      metadata: { team: "finance" },
      max_tokens_per_month: 200_000,
    },
    { pastMs: 200 * DAY_MS },
  ),
  cron(
    "Backup report",
    "invoices",
    "30 2 * * *",
    {
      input: {},
      timezone: "Europe/Berlin",
      metadata: { team: "platform" },
    },
    { pastMs: 10 * DAY_MS },
  ),
  cron(
    "Legacy import",
    "invoices",
    "*/10 * * * *",
    { input: { mode: "fail" }, metadata: { team: "platform" }, pause_after_failures: 3 },
    { pastMs: HOUR_MS / 2 },
  ),
  cron("Holiday greetings", "briefing", "0 10 20 12 *", {
    input: ask("Write to our customers."),
    timezone: "Europe/Berlin",
    metadata: { team: "marketing" },
  }),
];

/** @param url where the server answers */
export async function seedDemo(url: string): Promise<void> {
  const client = new Client({ apiUrl: url, apiKey: null });
  const post = async <Answer>(path: string, body: object, method = "POST"): Promise<Answer> => {
    const answer = await fetch(url + path, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok)
      throw new Error(`${method} ${path} was answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Answer;
  };
  const backfill = async (cronId: string, from: number, to: number): Promise<void> => {
    const period = { start: new Date(from).toISOString(), end: new Date(to).toISOString() };
    const before = await readProgress(url, cronId);
    const { slots } = await post<{ slots: number }>(`/runs/crons/${cronId}/backfill`, period);
    await settle(url, cronId, before.fired + slots);
  };
  const now = Date.now();
  const make = async ({ assistant, fields, pastMs = 0, later }: DemoCron): Promise<[string, string]> => {
    const { cron_id: id } = await post<{ cron_id: string }>("/runs/crons", {
      assistant_id: assistant,
      ...fields,
    });
    const change = now - (later?.pastMs ?? 0);
    if (pastMs > 0) await backfill(id, now - pastMs, change);
    if (later !== undefined) {
      await post(`/runs/crons/${id}`, { input: later.input }, "PATCH");
      await backfill(id, change, now);
    }
    return [(fields.metadata as { name: string }).name, id];
  };
  const ids = new Map(await Promise.all(CRONS.map(make)));
  const idOf = (name: string): string => String(ids.get(name));
  await post(`/runs/crons/${idOf("Holiday greetings")}/pause`, {
    note: "The text is being reviewed by legal",
  });
  await post(`/runs/crons/${idOf("Backup report")}/skip`, { count: 2, note: "maintenance of the storage" });

  const thread = await client.threads.create({ metadata: { title: "Release notes" } });
  const onThread = await post<{ cron_id: string }>(`/threads/${thread.thread_id}/runs/crons`, {
    assistant_id: "briefing",
    schedule: "0 17 * * 5",
    timezone: "America/New_York",
    input: ask("What has been released this week?"),
    metadata: { name: "Release notes", team: "platform" },
  });
  await backfill(onThread.cron_id, now - 28 * DAY_MS, now);
  for (const question of ["Which port is the fastest?", "Draft a reply to ACME."]) {
    const chat = await client.threads.create({ metadata: { title: question } });
    await client.runs.wait(chat.thread_id, "briefing", { input: ask(question) as Record<string, unknown> });
  }
}

/** Has a cron run for ten minutes, for something to be under way. */
export async function startLongRun(url: string): Promise<void> {
  const client = new Client({ apiUrl: url, apiKey: null });
  const [cron] = await client.crons.search({ metadata: { name: "Competitor crawl" } });
  if (cron === undefined) throw new Error("the demo has no cron to run");
  await fetch(`${url}/runs/crons/${cron.cron_id}/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ input: { limit: 1_200 } }),
  });
}

interface Progress {
  readonly fired: number;
  readonly running: number;
  readonly enabled: boolean;
}

async function readProgress(url: string, cronId: string): Promise<Progress> {
  const read = async <Answer>(path: string): Promise<Answer> =>
    (await (await fetch(url + path)).json()) as Answer;
  const { slots, runs } = await read<{ slots: { fired: number }; runs: { running: number } }>(
    `/runs/crons/${cronId}/figures`,
  );
  const { enabled } = await read<{ enabled: boolean }>(`/runs/crons/${cronId}`);
  return { fired: slots.fired, running: runs.running, enabled };
}

/** Waits until so many slots have fired and their runs have ended; a cron that the server has paused fires no more of them. */
async function settle(url: string, cronId: string, fired: number): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (Date.now() < end) {
    const progress = await readProgress(url, cronId);
    if (!progress.enabled || (progress.fired >= fired && progress.running === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * The SQL that has the runs of the past stand in D1 as if they had been made at the times of their slots, so that the charts show days and not
 * one minute. The ledger keeps the truth.
 */
export const SPREAD_RUNS = `UPDATE runs SET created_at = at, updated_at = at + (updated_at - created_at)
  FROM (SELECT run_id AS id, CAST(unixepoch(metadata ->> '$.scheduled_for') AS INTEGER) * 1000 AS at FROM runs WHERE cron_id IS NOT NULL)
  WHERE run_id = id AND at IS NOT NULL AND at < created_at`;
