/** What the author of a declaration is told: what is wrong, with the file and the field, and what a schedule means. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readDeclarations } from "../../../cli/crons/declaration-file";
import { declarationsOf } from "../../../cli/crons/declarations";

const MORNING = { assistant_id: "agent", schedule: "0 8 * * 1-5" };
const AT = { file: "/p/langgraph.json", path: ["crons"] };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-26T12:00:00.000Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

const declare = (crons: unknown, graphIds: string[] | null = ["agent", "report"]) =>
  declarationsOf("p", crons, AT, graphIds);

describe("declarations", () => {
  it("are explained", () => {
    const [cron] = declare({ morning: { ...MORNING, timezone: "Europe/Berlin" } });
    expect(cron?.preview).toMatchObject({
      description: "At 08:00, Monday through Friday",
      next: [
        { utc: "2026-11-27T07:00:00.000Z", local: "2026-11-27T08:00:00+01:00" },
        { utc: "2026-11-30T07:00:00.000Z" },
        { utc: "2026-12-01T07:00:00.000Z" },
      ],
    });
  });

  it("have an id that depends on project, name, assistant and thread alone", () => {
    const id = (crons: object, project = "p") => declarationsOf(project, crons, AT, null)[0]?.cronId;
    const first = id({ morning: MORNING });
    expect(first).toBe("c07d24b1-b8c3-5733-bd17-c54cc9c7048f");
    expect(id({ morning: { ...MORNING, schedule: "@daily", enabled: false, input: {} } })).toBe(first);
    const others = [
      id({ morning: MORNING }, "q"),
      id({ evening: MORNING }),
      id({ morning: { ...MORNING, assistant_id: "report" } }),
      id({ morning: { ...MORNING, thread_id: "00000000-0000-4000-8000-000000000001" } }),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
  });

  it.each([
    [{ morning: { assistant_id: "agent" } }, "crons.morning.schedule: expected a cron expression"],
    [
      { morning: { ...MORNING, schedule: "0 8 * *" } },
      'crons.morning.schedule: expected a cron expression of five fields, such as "0 9 * * 1-5" for 09:00 from Monday to Friday, of six with seconds first, or one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly',
    ],
    [
      { morning: { ...MORNING, schedule: "0 23 31 2 *" } },
      "crons.morning.schedule: expected a time to come, and there is none",
    ],
    [
      { morning: { ...MORNING, timezone: "Europe/berlin" } },
      'crons.morning.timezone: expected an IANA time zone such as "Europe/Berlin", got "Europe/berlin"; did you mean "Europe/Berlin"?',
    ],
    [{ morning: { ...MORNING, end_tme: "2027-01-01T00:00:00Z" } }, "crons.morning.end_tme: unknown field"],
    [{ morning: { ...MORNING, cron_id: "x" } }, "crons.morning.cron_id: unknown field"],
    [
      { morning: { ...MORNING, config: { recursion_limit: 0 } } },
      "crons.morning.config.recursion_limit: Too small: expected number to be >=1",
    ],
    [
      { morning: { ...MORNING, assistant_id: "agnt" } },
      'crons.morning.assistant_id: expected a graph of langgraph.json (agent, report) or the id of an assistant, got "agnt"; did you mean "agent"?',
    ],
    [{ morning: { ...MORNING, thread_id: "mine" } }, "crons.morning.thread_id: expected a UUID"],
    [
      {
        morning: {
          ...MORNING,
          thread_id: "00000000-0000-4000-8000-000000000001",
          on_run_completed: "delete",
        },
      },
      'crons.morning.on_run_completed: expected "keep": a cron on a thread never deletes it',
    ],
    [
      { morning: { ...MORNING, metadata: { declared_by: "me" } } },
      "crons.morning.metadata.declared_by: EdgeCron sets this itself; use another key",
    ],
    [
      { morning: "0 8 * * *" },
      'crons.morning: expected an object like {"assistant_id": "agent", "schedule": "0 8 * * 1-5"}',
    ],
    [{ "": MORNING }, 'crons."": a name has 1 to 100 characters, and no control characters'],
    [
      { "fe36ef8b-10c2-52e0-a9c6-d40b8d7d63dd": MORNING },
      "crons.fe36ef8b-10c2-52e0-a9c6-d40b8d7d63dd: a name is no UUID",
    ],
    [
      [MORNING],
      'crons: expected an object like {"morning": {"assistant_id": "agent", "schedule": "0 8 * * 1-5"}}',
    ],
  ])("are refused: %j", (crons, message) => {
    expect(() => declare(crons)).toThrow(`/p/langgraph.json: ${message}`);
  });

  it("are refused all at once", () => {
    expect(() =>
      declare({ a: { assistant_id: "agent" }, b: { ...MORNING, max_runs: 0 }, c: MORNING }),
    ).toThrow(
      "/p/langgraph.json: crons.a.schedule: expected a cron expression\n" +
        "/p/langgraph.json: crons.b.max_runs: Too small: expected number to be >=1",
    );
  });

  it("may have ended: what was right last week does not break the build of today", () => {
    const [cron] = declare({ morning: { ...MORNING, end_time: "2026-11-20T00:00:00Z" } });
    expect(cron?.preview.next).toEqual([]);
  });

  it("may name an assistant by its id, and any graph when nobody knows which there are", () => {
    expect(declare({ a: { ...MORNING, assistant_id: "fe36ef8b-10c2-52e0-a9c6-d40b8d7d63dd" } })).toHaveLength(
      1,
    );
    expect(declare({ a: { ...MORNING, assistant_id: "elsewhere" } }, null)).toHaveLength(1);
  });

  it("count null as not declared", () => {
    const [cron] = declare({
      a: { ...MORNING, timezone: null, thread_id: null, input: null, enabled: null },
    });
    expect(cron).toMatchObject({ threadId: null, enabled: true, sent: { schedule: "0 8 * * 1-5" } });
    expect(Object.keys(cron?.sent ?? {})).toEqual(["schedule"]);
  });
});

describe("langgraph.json", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "declarations-"));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  const write = (file: string, value: unknown): void => {
    writeFileSync(join(dir, file), typeof value === "string" ? value : JSON.stringify(value));
  };
  const read = () => readDeclarations(join(dir, "langgraph.json"), ["agent"]);

  it("declares no crons unless it says so", () => {
    write("langgraph.json", { graphs: {} });
    expect(read()).toMatchObject({ crons: [], notes: [] });
    write("langgraph.json", { crons: null });
    expect(read()).toMatchObject({ crons: [], notes: [] });
  });

  it("gives them the name of the project, or that of its folder, with a note", () => {
    write("langgraph.json", { crons: { morning: MORNING } });
    expect(read()).toMatchObject({
      project: basename(dir),
      crons: [{ name: "morning", project: basename(dir) }],
      notes: [expect.stringContaining('Give package.json a "name"')],
    });
    write("package.json", { name: "my-agents" });
    expect(read()).toMatchObject({ project: "my-agents", crons: [{ project: "my-agents" }], notes: [] });
  });

  it("may name a file of their own", () => {
    write("langgraph.json", { crons: "./crons.json" });
    expect(read).toThrow(`${join(dir, "crons.json")}: there is no such file`);
    write("crons.json", "{");
    expect(read).toThrow(`${join(dir, "crons.json")}: not valid JSON: `);
    write("crons.json", []);
    expect(read).toThrow(`${join(dir, "crons.json")}: crons: expected an object like {"morning": `);
    write("crons.json", { morning: { ...MORNING, timezone: 1 } });
    expect(read).toThrow(`${join(dir, "crons.json")}: morning.timezone: expected an IANA time zone`);
    write("crons.json", { morning: MORNING });
    expect(read().crons.map(({ name }) => name)).toEqual(["morning"]);
  });
});
