/** The `webhooks` section of langgraph.json: where webhooks may go, and what they carry. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { settings } from "../../src/graphs/registry";
import { webhookRulesOf } from "../../src/platform/webhook-rules";
import { createCron, setClock, threadStub } from "../support/crons";
import { call } from "../support/edge";
import { rebind } from "../support/outage";
import { createRun, createThread } from "../support/threads";
import { attempted, receiver } from "../support/webhooks";
import { until } from "../support/until";

afterEach(() => Object.assign(settings, { webhooks: undefined }));

describe("webhooks.url", () => {
  beforeEach(() =>
    Object.assign(settings, {
      webhooks: {
        url: {
          require_https: true,
          allowed_domains: ["hooks.example.com", "*.corp.example.com"],
          allowed_ports: [443],
          max_url_length: 60,
        },
      },
    }),
  );

  it.each([
    ["http://hooks.example.com/", "expected an https URL"],
    ["https://example.com/", "expected a host among hooks.example.com, *.corp.example.com"],
    ["https://corp.example.com/", "expected a host among"],
    ["https://nothooks.example.com/", "expected a host among"],
    ["https://hooks.example.com:8443/", "expected one of the ports 443"],
    [`https://hooks.example.com/${"x".repeat(60)}`, "expected at most 60 characters"],
  ])("refuses %s wherever one may be asked for", async (webhook, reason) => {
    const { thread_id: id } = await createThread();
    const run = { assistant_id: "echo", input: { text: "a" }, webhook };
    const schedule = { schedule: "0 0 1 1 *" };
    const { cron_id: cronId } = await createCron();
    const answers = await Promise.all([
      call("POST", "/runs", run),
      call("POST", "/runs/batch", [run]),
      call("POST", `/threads/${id}/runs/wait`, run),
      call("POST", "/runs/crons", { ...run, ...schedule }),
      call("POST", `/threads/${id}/runs/crons`, { ...run, ...schedule }),
      call("PATCH", `/runs/crons/${cronId}`, { webhook }),
    ]);
    for (const { status, body } of answers) {
      expect([status, body.detail]).toEqual([422, expect.stringContaining(`webhook: ${reason}`)]);
    }
    const alert = await call("PATCH", `/runs/crons/${cronId}`, { alert_webhook: webhook });
    expect([alert.status, alert.body.detail]).toEqual([
      422,
      expect.stringContaining(`alert_webhook: ${reason}`),
    ]);
  });

  it.each([
    "https://hooks.example.com/a",
    "https://hooks.example.com:443/a",
    "https://a.b.corp.example.com/",
  ])("allows %s", async (webhook) => {
    const cron = await createCron({ webhook, alert_webhook: webhook });
    expect(cron).toMatchObject({ alert_webhook: webhook });
  });

  it("stops the webhook of a run that was made before", async () => {
    setClock("2040-01-01T00:00:00.000Z");
    onTestFinished(() => void vi.useRealTimers());
    Object.assign(settings, { webhooks: undefined });
    const hook = receiver(500, 200);
    const { thread_id: id } = await createThread();
    const run = await createRun(id, {
      assistant_id: "echo",
      input: { text: "a" },
      webhook: hook.url,
      after_seconds: 1,
    });
    Object.assign(settings, { webhooks: { url: { allowed_domains: ["hooks.example.com"] } } });
    setClock("2040-01-01T00:00:01.000Z");
    await runDurableObjectAlarm(threadStub(id));
    await attempted(run, 1);
    expect(hook.calls).toEqual([]);
  });
});

describe("webhooks.headers", () => {
  it("are on each call, with the values of variables", async () => {
    Object.assign(settings, {
      webhooks: { headers: { authorization: "Bearer ${{ env.LG_WEBHOOK_TOKEN }}", "x-team": "sales" } },
    });
    const hook = receiver(200);
    const { thread_id: id } = await createThread();
    await rebind(threadStub(id), () => ({ LG_WEBHOOK_TOKEN: "t0ken" }) as object);
    await createRun(id, { assistant_id: "echo", input: { text: "a" }, webhook: hook.url });
    await until(() => hook.calls.length === 1);
    const { headers } = hook.calls[0] ?? {};
    expect(headers?.get("authorization")).toBe("Bearer t0ken");
    expect(headers?.get("x-team")).toBe("sales");
    expect(headers?.get("content-type")).toBe("application/json");
  });

  it.each([
    [{ headers: { "x-key": "${{ env.OPENAI_API_KEY }}" } }, /does not begin with LG_WEBHOOK_/],
    [{ headers: { "x-key": "${{ env.LG_WEBHOOK_A }}" }, env_prefix: "MINE_" }, /does not begin with MINE_/],
    [{ headers: { "Webhook-Signature": "mine" } }, /the server sets this header itself/],
    [{ headers: { a: 1 } }, /langgraph\.json: webhooks: /],
    [{ url: { allowed_ports: ["443"] } }, /langgraph\.json: webhooks: /],
  ])("and rules that cannot be right are refused: %j", (section, message) => {
    expect(() => webhookRulesOf(section)).toThrow(message);
  });

  it("need their variables", () => {
    const rules = webhookRulesOf({ headers: { a: "${{ env.LG_WEBHOOK_A }}" } });
    expect(() => rules.headers({})).toThrow("a: the variable LG_WEBHOOK_A is not set");
  });
});
