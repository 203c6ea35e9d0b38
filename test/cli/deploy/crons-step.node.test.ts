/** The step of `edgecron deploy` that makes the crons of the server what the project declares. */
import { afterEach, expect, test, vi } from "vitest";
import { declarationsOf } from "../../../cli/crons/declarations";
import { cronsStep } from "../../../cli/deploy/crons-step";
import { runSteps } from "../../../cli/deploy/steps";
import { answering, reportTo } from "./tools";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("declared crons are created by the key that the deployment knows; without a key it is asked for", async () => {
  const [morning] = declarationsOf(
    "small",
    { morning: { assistant_id: "agent", schedule: "0 8 * * *" } },
    { file: "langgraph.json", path: ["crons"] },
    ["agent"],
  );
  if (morning === undefined) throw new Error("it is declared");
  const declarations = { project: "small", crons: [morning], notes: [] };
  const url = "https://small.ada.workers.dev";
  const sync = async (key: string | undefined, answers: string[], { status = 200, none = false } = {}) => {
    const sent: { call: string; key: string | null; caller: string | null }[] = [];
    vi.stubGlobal("fetch", async (input: string | URL | Request, init: RequestInit = {}) => {
      const request = new Request(input, init);
      sent.push({
        call: `${request.method} ${new URL(request.url).pathname}`,
        key: request.headers.get("x-api-key"),
        caller: request.headers.get("x-caller"),
      });
      if (status !== 200)
        return Response.json(
          { detail: "no key of this deployment", code: "request.unauthorized" },
          { status },
        );
      const created = { cron_id: morning.cronId, metadata: {}, payload: {}, ...morning.shown };
      return Response.json(request.url.endsWith("/search") ? [] : created);
    });
    const lines: string[] = [];
    const tools = {
      report: reportTo(lines),
      asking: answering(answers),
      wrangler: () => Promise.reject(new Error("not called")),
    };
    const server = { url, key, needsKey: true, headers: { "x-caller": "ada" } };
    const step = cronsStep(none ? { ...declarations, crons: [] } : declarations, server, tools);
    expect(step.plan().join("\n")).toMatch(none ? /declares/ : /morning: .*08:00/);
    const done = await runSteps([step], tools.report);
    return { done, sent, printed: lines.join("\n") };
  };
  const known = await sync("key-of-ada", []);
  expect(known.printed).toMatch(/^\+ morning {2}[^\n]*\nCrons: 1 created$/);
  expect(known.sent.map(({ call }) => call)).toContain("POST /runs/crons");
  expect(known.sent.filter(({ key, caller }) => key !== "key-of-ada" || caller !== "ada")).toEqual([]);
  expect((await sync("key-of-ada", [], { none: true })).printed).toBe("Crons: langgraph.json declares none");
  expect((await sync(undefined, ["typed"])).sent[0]?.key).toBe("typed");
  const unknown = await sync(undefined, []);
  expect(unknown.done).toBe(false);
  expect(unknown.printed).toMatch(/no terminal[^]*EDGECRON_API_KEY/);
  const refused = await sync("wrong", [], { status: 401 });
  expect(refused.printed).toMatch(
    /no key of this deployment\nThe Worker is deployed[^]*wrangler secret put API_KEYS/,
  );
});
