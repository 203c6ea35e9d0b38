/** LangSmith's tracing, which LangChain does by itself when its variables are set. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { atClock, createCron, ringAt, settled, slotsOf } from "../../support/crons";
import { until } from "../../support/webhooks";

/** What was sent to the stand-in for LangSmith. */
interface Sent {
  url: string;
  key: string | null;
  text: string;
}
let sent: Sent[];

atClock("2040-01-01T00:00:00.000Z");
beforeEach(() => {
  sent = [];
  vi.stubEnv("LANGSMITH_TRACING", "true");
  vi.stubEnv("LANGSMITH_API_KEY", "lsv2_stand_in");
  vi.stubEnv("LANGSMITH_ENDPOINT", "https://langsmith.example.com");
  vi.stubEnv("LANGSMITH_PROJECT", "mornings");
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const text = request.body === null ? "" : await request.text();
    sent.push({ url: request.url, key: request.headers.get("x-api-key"), text });
    return Response.json({}, { status: 202 });
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

it("a cron's run is one trace, with its ids, and waits for nothing of it", async () => {
  const cron = await createCron();
  await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
  const [slot] = await slotsOf(cron.cron_id);
  await settled(slot);
  const traces = (): Sent[] => sent.filter(({ text }) => text.includes(slot?.run_id ?? "?"));
  await until(() => traces().length > 0);
  const [trace] = traces();
  expect(trace?.url).toMatch(/^https:\/\/langsmith\.example\.com\/runs\//);
  expect(trace?.key).toBe("lsv2_stand_in");
  expect(trace?.text).toContain(cron.cron_id);
  expect(trace?.text).toContain(slot?.thread_id ?? "?");
  expect(trace?.text).toContain("mornings");
});
