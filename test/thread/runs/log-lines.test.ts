/** Lines of the log that are about a run: a search for the ids of its cron, of itself or of its thread finds them. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { addIdsToLines } from "../../../src/graphs/run-console";
import type { JsonObject } from "../../../src/platform/json";
import { atClock, createCron, ringAt, setClock, settled, slotsOf, threadStub } from "../../support/crons";
import { createThread, waitRun } from "../../support/threads";
import { receiver } from "../../support/webhooks";
import { until } from "../../support/until";

const METHODS = ["log", "info", "warn", "error", "debug"] as const;

atClock("2040-01-01T00:00:00.000Z");

describe("the server's lines about a run", () => {
  const lines: JsonObject[] = [];
  beforeEach(() => {
    lines.length = 0;
    for (const method of METHODS) {
      vi.spyOn(console, method).mockImplementation((line: string) => {
        lines.push(JSON.parse(line) as JsonObject);
      });
    }
  });
  const logged = (message: string): Promise<void> =>
    until(() => lines.some((line) => line.message === message));

  it("carry the ids of cron, run and thread, whatever goes wrong", async () => {
    const hook = receiver(500);
    const cron = await createCron({
      assistant_id: "steps",
      input: { key: crypto.randomUUID(), fails: 9 },
      max_attempts: 2,
      retry_delay_seconds: 60,
      webhook: hook.url,
      alert_webhook: hook.url,
    });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await logged("run failed");
    setClock("2040-01-01T15:29:00.000Z");
    await runDurableObjectAlarm(threadStub(slot?.thread_id ?? ""));
    for (const message of ["run ended", "the webhook could not be called", "an alert could not be sent"]) {
      await logged(message);
    }
    const ids = { cron_id: cron.cron_id, run_id: slot?.run_id, thread_id: slot?.thread_id };
    expect(lines).toEqual(lines.map(() => expect.objectContaining(ids) as JsonObject));
  });

  it("carry those of run and thread when no cron made the run", async () => {
    const { thread_id: id } = await createThread();
    await waitRun(id, { assistant_id: "fails", input: { message: "no" } }).catch(() => undefined);
    await logged("run ended");
    const line = { run_id: expect.any(String) as string, thread_id: id, status: "error", error: "no" };
    expect(lines).toMatchObject([line]);
    expect(lines[0]).not.toHaveProperty("cron_id");
  });
});

describe("what a graph prints", () => {
  const printed: string[] = [];
  /** Prints as the graph "prints" does, in a run of a cron. @returns the lines, and the ids of the run */
  async function print(text: string): Promise<{ lines: string[]; ids: JsonObject }> {
    printed.length = 0;
    for (const method of METHODS) {
      vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
        printed.push(args.map(String).join(" "));
      });
    }
    // The server has done this to the console before the test could listen to it.
    addIdsToLines();
    const cron = await createCron({ assistant_id: "prints", input: { text } });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    const [slot] = await slotsOf(cron.cron_id);
    await settled(slot);
    const ids = { cron_id: cron.cron_id, run_id: slot?.run_id, thread_id: slot?.thread_id };
    return { lines: [...printed], ids };
  }

  it("is one JSON object a line where the server is deployed, with the ids of the run", async () => {
    vi.stubEnv("EDGECRON_DEV", undefined);
    const { lines, ids } = await print("hello");
    vi.unstubAllEnvs();
    const more = { ...ids, graph_id: "prints", node: "print" };
    expect(lines.map((line) => JSON.parse(line) as JsonObject)).toEqual([
      { ...more, message: "hello" },
      { ...more, message: "hello is 7" },
      { ...more, topic: "hello", size: 3 },
      { ...more, message: expect.stringMatching(/^Error: hello\n/) as string },
      { ...more, level: "debug", message: "hello" },
    ]);
  });

  it("stays as it is when no run prints it", async () => {
    await print("hello");
    console.log("from elsewhere");
    expect(printed.at(-1)).toBe("from elsewhere");
  });

  it("stays readable on a developer's machine, with the ids behind it", async () => {
    const { lines, ids } = await print("100 %s");
    expect(lines[0]).toBe(`100 %s ${JSON.stringify(ids)}`);
    expect(lines.filter((line) => line.includes(String(ids.run_id)))).toHaveLength(METHODS.length);
  });
});
