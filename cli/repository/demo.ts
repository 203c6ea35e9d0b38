#!/usr/bin/env node
/**
 * `npm run demo`: a local server, two crons made with LangGraph's own client, and each firing as it happens.
 * Everything it makes is removed at the end. Exit code 1, with the server's log, when anything is not as it should be.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type Cron } from "@langchain/langgraph-sdk";
import { type DevArguments, devArguments } from "../dev/dev-arguments.js";
import { DevServer } from "../dev/dev-server.js";
import { packageRoot } from "../package-root.js";
import { projectAt, servedProject } from "../project.js";
import { startWrangler } from "../wrangler.js";
import { seedDemo, SPREAD_RUNS, startLongRun } from "./demo-data.js";
import { memoryDisk } from "./memory-disk.js";

const WATCH_MS = 13_000;
const POLL_MS = 200;
const JOIN_LIMIT_MS = 10_000;
const FIRST_COLUMN = 10;
const COLUMNS = [FIRST_COLUMN, 12, 9, 9];

/** A slot of the ledger, as far as it is shown. */
interface Slot {
  scheduled_for: string;
  status: string;
  reason: string | null;
  thread_id: string;
  run_id: string;
  lateness_ms: number;
}

interface ShownCron {
  name: string;
  cron: Pick<Cron, "cron_id">;
  /** How late each firing was, in milliseconds, by its slot. */
  firings: Map<string, Promise<number>>;
}

/** `-- --stay`: a server with the data of demo-data.ts, for looking at the dashboard. It runs until Ctrl-C. */
const stays = process.argv.includes("--stay");
const PROJECT = stays ? "demo/langgraph.json" : "langgraph.json";

const log: string[] = [];
const project = projectAt(join(packageRoot, PROJECT));
let server = new DevServer(project, (line) => log.push(line));
let interrupted = false;
const folder = mkdtempSync(join(memoryDisk() ?? tmpdir(), "edgecron-demo-"));
process.on("exit", () => {
  rmSync(folder, { recursive: true, force: true });
});
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.on(signal, () => {
    interrupted = true;
    void server.stop().finally(() => process.exit(code));
  });
}

try {
  await (stays ? stay() : demo());
  await server.stop();
} catch (error) {
  await server.stop();
  // Its signal handler ends the process.
  if (wasInterrupted()) await new Promise(() => undefined);
  console.error(
    `\nThe demo failed: ${(error as Error).message}\n\nThe server's log:\n${log.join("\n") || "(empty)"}`,
  );
  process.exit(1);
}
process.exit(0);

function wasInterrupted(): boolean {
  return interrupted;
}

/** Serves the data until the server ends. */
async function stay(): Promise<void> {
  console.log(
    "EdgeCron demo: a server with the crons of a small company. Give it a minute to do what they did in the last weeks.",
  );
  const flags = process.argv.slice(2).filter((word) => word !== "--stay");
  const argv = ["--inspector-port", "0", "--persist-to", folder, ...flags, "--var", "AUTH:open"];
  const args = devArguments(argv, { cwd: folder, variables: {} });
  await server.start(args);
  await seedDemo(server.url ?? "");
  await server.stop();
  await executeSql(args, SPREAD_RUNS);
  server = new DevServer(project, (line) => log.push(line));
  await server.start(args);
  await startLongRun(server.url ?? "");
  console.log(`\nLook at ${String(server.url)}/dashboard. Ctrl-C ends it and removes everything.`);
  await server.ended;
}

/** Executes a statement in the local database, while no server has it open. */
async function executeSql({ migrate }: DevArguments, sql: string): Promise<void> {
  const args = [
    "d1",
    "execute",
    "DB",
    ...migrate,
    "--config",
    servedProject(project).wranglerConfig,
    "--command",
    sql,
  ];
  const child = startWrangler(args, project.dir);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`the statement could not be executed:\n${output}`);
}

async function demo(): Promise<void> {
  console.log("EdgeCron demo: a server on this machine and two crons that it fires.");
  console.log("Offline model: no account, no key, no network.\n");
  const begun = Date.now();
  // Whatever .dev.vars says, the model is the offline one.
  const variables = ["AUTH:open", "OPENAI_API_KEY:", "OPENAI_BASE_URL:"].flatMap((pair) => ["--var", pair]);
  const argv = ["--port", "0", "--inspector-port", "0", "--persist-to", folder, ...variables];
  await server.start(devArguments(argv, { cwd: folder, variables: {} }));
  const url = server.url ?? "";
  console.log(`server   ${url} (started in ${((Date.now() - begun) / 1000).toFixed(1)} s)`);

  const client = new Client({ apiUrl: url, apiKey: null });
  const stateless = await client.crons.create("agent", {
    schedule: "*/3 * * * * *",
    input: { messages: [{ role: "user", content: "What time is it?" }] },
    onRunCompleted: "keep",
  });
  console.log(`cron     "${stateless.schedule}"  stateless: every firing has a new thread`);
  const thread = await client.threads.create();
  const onThread = await client.crons.createForThread(thread.thread_id, "agent", {
    schedule: "*/5 * * * * *",
    input: { messages: [{ role: "user", content: "And what time is it in Asia/Tokyo?" }] },
  });
  console.log(`cron     "${onThread.schedule}"  on a thread: every firing goes on with one conversation\n`);

  console.log(row("slot", "cron", "late", "run", "answer"));
  const crons: ShownCron[] = [
    { name: "stateless", cron: stateless, firings: new Map() },
    { name: "on thread", cron: onThread, firings: new Map() },
  ];
  const end = Date.now() + WATCH_MS;
  while (Date.now() < end) {
    if (server.code !== null) throw new Error("the server ended by itself");
    for (const each of crons) await showNew(client, each);
    await sleep(POLL_MS);
  }

  for (const { cron } of crons) await client.crons.delete(cron.cron_id);
  console.log();
  for (const { name, firings } of crons) summary(name, await Promise.all(firings.values()));
  if ((await client.crons.search()).length > 0) throw new Error("a deleted cron is still found");
  console.log(
    "\nBoth crons are deleted, and the server with all its data is gone. Next: npm run dev, and README.md.",
  );
}

/** Begins to show each slot that the ledger did not have before. */
async function showNew(client: Client, { name, cron, firings }: ShownCron): Promise<void> {
  const slots = await getSlots(cron.cron_id);
  for (const slot of slots.reverse()) {
    // A pending slot is in the hands of the alarm; the next look finds it fired.
    if (slot.status === "pending" || firings.has(slot.scheduled_for)) continue;
    const shown = show(client, name, slot);
    // Whoever awaits it later is told; until then it is no unhandled rejection.
    shown.catch(() => undefined);
    firings.set(slot.scheduled_for, shown);
  }
}

/** Waits for the slot's run and prints it as a line. */
async function show(client: Client, name: string, slot: Slot): Promise<number> {
  const time = slot.scheduled_for.slice(11, 19);
  if (slot.status !== "fired")
    throw new Error(`the slot ${time} of the cron ${name} was ${slot.status}: ${slot.reason ?? ""}`);
  const values = await within(JOIN_LIMIT_MS, client.runs.join(slot.thread_id, slot.run_id));
  const { status } = await client.runs.get(slot.thread_id, slot.run_id);
  if (status !== "success")
    throw new Error(`the run of slot ${time} of the cron ${name} ended with ${status}`);
  const { messages } = values as { messages: { type: string; content: string }[] };
  const answers = messages.filter((message) => message.type === "ai" && message.content !== "").length;
  const count = answers > 1 ? `  (answer ${answers} in this thread)` : "";
  console.log(row(time, name, `${slot.lateness_ms} ms`, status, `${messages.at(-1)?.content ?? ""}${count}`));
  return slot.lateness_ms;
}

function summary(name: string, latenesses: readonly number[]): void {
  if (latenesses.length === 0) throw new Error(`the cron ${name} did not fire`);
  console.log(
    `${name.padEnd(FIRST_COLUMN)}${latenesses.length} slots, all fired, at most ${Math.max(...latenesses)} ms late`,
  );
}

async function getSlots(cronId: string): Promise<Slot[]> {
  const path = `/runs/crons/${cronId}/slots?limit=20`;
  const response = await fetch((server.url ?? "") + path);
  if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Slot[];
}

function row(...cells: string[]): string {
  return cells.map((cell, index) => cell.padEnd(COLUMNS[index] ?? 0)).join("");
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const late = sleep(limitMs).then(() => Promise.reject(new Error(`a run did not end within ${limitMs} ms`)));
  return Promise.race([work, late]);
}
