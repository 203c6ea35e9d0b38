/** The commands on crons, with a real server: what they print for people and for scripts, and how they fail. */
import { describe, expect, it } from "vitest";
import { deleteCron, pauseCron, resumeCron } from "../../../cli/crons/by-hand";
import type { Context } from "../../../cli/crons/context";
import { CronClient } from "../../../cli/crons/cron-client";
import { declarationsOf } from "../../../cli/crons/declarations";
import { findCron } from "../../../cli/crons/find-cron";
import { showHistory } from "../../../cli/crons/history";
import { listCrons } from "../../../cli/crons/list";
import { nextSlots } from "../../../cli/crons/next";
import { runCron } from "../../../cli/crons/run";
import { showCron } from "../../../cli/crons/show";
import { inWords, reconcileCrons, syncCrons } from "../../../cli/crons/sync";
import type { Cron } from "../../../src/wire/crons/cron";
import type { Slot } from "../../../src/wire/crons/slot";
import { atClock, createCron, getCron, ringAt, settled, slotsOf } from "../../support/crons";
import { call, edgeFetch } from "../../support/edge";

atClock("2040-01-01T00:00:00.000Z");

/** What the commands print, and the answer to their question. */
class Person {
  lines: string[] = [];
  asked: string[] = [];
  readonly client: CronClient;

  constructor(
    readonly options: {
      json?: boolean;
      columns?: number;
      zone?: string;
      sure?: boolean;
      fetch?: typeof fetch;
    } = {},
  ) {
    const { fetch = edgeFetch } = options;
    this.client = new CronClient({ url: "http://edge", apiKey: null, headers: {}, fetch });
  }

  get context(): Context {
    const { json = false, columns = 120, zone = "Europe/Berlin", sure = false } = this.options;
    const write = (text: string): void => {
      this.lines.push(...text.split("\n"));
    };
    return {
      client: this.client,
      terminal: { print: write, say: write, columns, colours: false, zone, now: () => Date.now() },
      json,
      confirm: async (question) => {
        this.asked.push(question);
        return sure;
      },
    };
  }

  get text(): string {
    return this.lines.join("\n");
  }

  get json(): unknown {
    return JSON.parse(this.text) as unknown;
  }
}

let names = 0;
const named = async (fields: object = {}): Promise<{ name: string; cron: Cron }> => {
  const name = `cron ${++names}`;
  return { name, cron: await createCron({ metadata: { declared_name: name }, ...fields }) };
};

describe("a cron is found", () => {
  it("by its id, by its name, and by the beginning of its id", async () => {
    const { client } = new Person();
    const { name, cron } = await named();
    for (const text of [cron.cron_id, cron.cron_id.toUpperCase(), name, cron.cron_id.slice(0, 34)])
      expect(await findCron(client, text)).toEqual(cron);
  });

  it("unless it may be several, or none", async () => {
    const { client } = new Person();
    const twins = ["aaaabbbb-0000-4000-8000-000000000001", "aaaabbbb-0000-4000-8000-000000000002"];
    for (const id of twins)
      await createCron({ cron_id: id, metadata: { declared_name: "twin", declared_by: "p" } });
    for (const text of ["twin", "AAAAbbbb-"]) {
      await expect(findCron(client, text)).rejects.toMatchObject({
        kind: "usage",
        message: `"${text}" may mean several crons:\n${twins.map((id) => `  ${id}  twin of the project "p"`).join("\n")}`,
      });
    }
    expect((await findCron(client, "aaaabbbb-0000-4000-8000-000000000002")).cron_id).toBe(twins[1]);
    for (const text of ["nobody", "ffff0", "aaa", crypto.randomUUID()])
      await expect(findCron(client, text)).rejects.toMatchObject({ kind: "notFound" });
  });
});

describe("list", () => {
  it("shows all crons within the width, the next to fire first", async () => {
    const { name } = await named({ schedule: "0 8 * * 1-5", timezone: "Europe/Berlin" });
    const { name: later, cron } = await named({ schedule: "0 8 1 6 *" });
    const { name: off, cron: paused } = await named();
    await call("POST", `/runs/crons/${paused.cron_id}/pause`, { note: "\u001b[31mholi\ndays" });
    const wide = new Person({ columns: 200 });
    await listCrons(wide.context);
    expect(wide.lines[0]).toMatch(/^NAME +ID +ASSISTANT +SCHEDULE +NEXT \(Europe\/Berlin\) +STATE$/);
    const line = (text: string) => wide.lines.findIndex((one) => one.startsWith(text));
    expect(wide.lines[line(name)]).toMatch(
      /At 08:00, Monday through Friday .* Mon 2040-01-02 08:00 \(in 1d 7h\) +on$/,
    );
    expect(wide.lines[line(off)]).toMatch(/ - +paused: holi days$/);
    expect([line(name), line(later), line(off)]).toEqual(
      [line(name), line(later), line(off)].sort((a, b) => a - b),
    );
    expect(wide.text).toContain(cron.cron_id.slice(0, 8));

    const narrow = new Person({ columns: 70 });
    await listCrons(narrow.context);
    expect(narrow.lines.filter((one) => one.length > 70)).toEqual([]);
    const usual = new Person({ columns: 90 });
    await listCrons(usual.context);
    expect(usual.text).toMatch(
      new RegExp(`^${name} .* 0 8 \\* \\* 1-5 Europe/Berlin .* Mon 2040-01-02 08:00 +on$`, "m"),
    );
  });

  it("prints the API's own objects for scripts", async () => {
    const { cron } = await named();
    const person = new Person({ json: true });
    await listCrons(person.context);
    expect((person.json as Cron[]).find(({ cron_id: id }) => id === cron.cron_id)).toEqual(cron);
  });
});

describe("next", () => {
  it("merges the slots of all crons", async () => {
    const { cron: a } = await named({ schedule: "10,30 * * * * *" });
    const { cron: b } = await named({ schedule: "20 * * * * *", end_time: "2040-01-01T00:01:00Z" });
    const person = new Person({ json: true });
    await nextSlots(person.context, undefined, 4);
    const at = (cron: Cron, time: string) => ({
      cron_id: cron.cron_id,
      scheduled_for: `2040-01-01T00:${time}.000Z`,
    });
    expect(person.json).toEqual([at(a, "00:10"), at(b, "00:20"), at(a, "00:30"), at(a, "01:10")]);
    for (const { cron_id: id } of [a, b]) await call("DELETE", `/runs/crons/${id}`);
  });

  it("shows the slots of one in the zone and in UTC, and which are skipped", async () => {
    const { name, cron } = await named({ schedule: "0 8 * * *", timezone: "Europe/Berlin" });
    await call("POST", `/runs/crons/${cron.cron_id}/skip`, { count: 1 });
    const person = new Person();
    await nextSlots(person.context, name, 2);
    expect(person.lines.slice(0, 4)).toEqual([
      `${name}: At 08:00, every day (Europe/Berlin)`,
      "EUROPE/BERLIN         UTC                   FROM NOW",
      "Sun 2040-01-01 08:00  Sun 2040-01-01 07:00  in 7h     skipped by hand",
      "Mon 2040-01-02 08:00  Mon 2040-01-02 07:00  in 1d 7h",
    ]);
  });
});

describe("show, history and run", () => {
  it("tell what a cron is, what it did, and how a run ended", async () => {
    const { name, cron } = await named({ max_runs: 5 });
    await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
    await settled((await slotsOf(cron.cron_id))[0]);
    const runs = new Person();
    await runCron(runs.context, name, { input: { text: "other" }, waits: true });
    expect(runs.lines.at(-1)).toMatch(
      new RegExp(`^${name}: success in \\d+ms, run [0-9a-f-]{36} on thread `),
    );

    const shown = new Person();
    await showCron(shown.context, name);
    expect(shown.text).toMatch(/^max_runs +5$/m);
    expect(shown.text).toMatch(/^next +Mon 2040-01-02 16:27 \(15:27 UTC\), in 1d$/m);
    expect(shown.text).toMatch(/^runs +2 success \(100% succeeded\)$/m);

    const history = new Person();
    await showHistory(history.context, name, { limit: 20, status: undefined });
    expect(history.lines.map((line) => line.split(/ {2,}/)[2])).toEqual(["ORIGIN", "manual", "schedule"]);
    const json = new Person({ json: true });
    await showHistory(json.context, name, { limit: 1, status: "fired" });
    expect(json.json).toEqual((await slotsOf(cron.cron_id)).slice(0, 1));
  });

  it("fail when the run that was waited for fails", async () => {
    const { name } = await named({ assistant_id: "fails" });
    const person = new Person({ json: true });
    await expect(runCron(person.context, name, { input: undefined, waits: true })).rejects.toMatchObject({
      kind: "failed",
    });
    expect((person.json as Slot).run?.status).toBe("error");
  });

  it("tell the reason of a refused run", async () => {
    const { name } = await named({ max_runs: 1 });
    await runCron(new Person().context, name, { input: undefined, waits: true });
    await expect(
      runCron(new Person().context, name, { input: undefined, waits: false }),
    ).rejects.toMatchObject({ kind: "failed", message: "max_runs: the cron has had its 1 runs" });
  });
});

describe("pause, resume and delete", () => {
  it("do that, and say so", async () => {
    const { name, cron } = await named();
    const person = new Person();
    await pauseCron(person.context, name, "holidays");
    expect(await getCron(cron.cron_id)).toMatchObject({ enabled: false, note: "holidays" });
    await resumeCron(person.context, name, undefined);
    expect(await getCron(cron.cron_id)).toMatchObject({ enabled: true, note: null });
    expect(person.lines).toEqual([
      `${name} is paused: holidays`,
      `${name} is resumed: it fires next at Sun 2040-01-01 16:27 (15:27 UTC), in 15h 27m`,
    ]);
  });

  it("ask before they delete, and warn that a declared cron comes again", async () => {
    const { name, cron } = await named({
      metadata: { declared_by: "p", declared_name: `cron ${names + 1}` },
    });
    const unsure = new Person();
    await expect(deleteCron(unsure.context, name, false)).rejects.toMatchObject({ kind: "failed" });
    expect(unsure.asked[0]).toContain('The project "p" declares it');
    expect(await getCron(cron.cron_id)).toEqual(cron);
    await deleteCron(new Person({ sure: true }).context, name, false);
    expect((await call("GET", `/runs/crons/${cron.cron_id}`)).status).toBe(404);
  });
});

describe("failures", () => {
  it("have the kind that the exit code tells, and no stack", async () => {
    const answering = (status: number, body: string) => async () => new Response(body, { status });
    const kindOf = async (fetch: typeof globalThis.fetch) => {
      const person = new Person({ fetch });
      return listCrons(person.context).catch((error: unknown) => error);
    };
    expect(await kindOf(answering(401, '{"detail": "x-api-key: missing"}'))).toMatchObject({
      kind: "notAllowed",
      message: "x-api-key: missing",
    });
    expect(await kindOf(answering(403, '{"detail": "no"}'))).toMatchObject({ kind: "notAllowed" });
    expect(await kindOf(answering(500, "<html>"))).toMatchObject({
      kind: "unreachable",
      message: "http://edge answered 500, and without a reason: is this an EdgeCron server?",
    });
    expect(await kindOf(answering(422, '{"detail": "limit: too large"}'))).toMatchObject({
      kind: "failed",
      message: "limit: too large",
    });
  });
});

describe("sync", () => {
  const declared = (project: string, crons: object) => ({
    project,
    crons: declarationsOf(project, crons, { file: "langgraph.json", path: ["crons"] }, null),
    notes: [],
  });
  const MORNING = { assistant_id: "echo", schedule: "0 8 * * *", timezone: "Europe/Berlin" };

  it("says what it would do, and does nothing; then does it, and says that", async () => {
    const first = declared("said", { morning: MORNING, weekly: MORNING, talk: MORNING });
    const dry = new Person();
    await syncCrons(dry.context, first, true);
    const created = (name: string) =>
      `+ ${name}  At 08:00, every day (Europe/Berlin); next Sun 2040-01-01 08:00 (07:00 UTC)`;
    expect(dry.lines).toEqual([
      ...["morning", "weekly", "talk"].map(created),
      "Dry run: nothing was changed at http://edge. It would be 3 created.",
    ]);
    const wet = new Person();
    await syncCrons(wet.context, first, false);
    expect(wet.lines.at(-1)).toBe("Crons at http://edge: 3 created.");

    const second = declared("said", {
      morning: { ...MORNING, schedule: "0 9 * * *", input: { text: "a".repeat(100) } },
      talk: { ...MORNING, thread_id: "00000000-0000-4000-8000-000000000009" },
    });
    const changes = new Person();
    await syncCrons(changes.context, second, true);
    expect(changes.lines).toEqual([
      "- weekly  no longer declared",
      `~ morning  schedule: "0 8 * * *" -> "0 9 * * *", input: null -> {"text":"${"a".repeat(51)}…`,
      "± talk  another thread, so a new cron takes its place: At 08:00, every day (Europe/Berlin); next Sun 2040-01-01 08:00 (07:00 UTC)",
      "Dry run: nothing was changed at http://edge. It would be 1 changed, 1 replaced, 1 removed.",
    ]);
    const json = new Person({ json: true });
    await syncCrons(json.context, second, false);
    expect(json.json).toMatchObject({
      project: "said",
      dry_run: false,
      steps: [
        { kind: "remove", name: "weekly" },
        { kind: "change", name: "morning", differences: [{ field: "schedule" }, { field: "input" }] },
        { kind: "replace", name: "talk" },
      ],
      unchanged: [],
      refused: [],
      complete: true,
    });
  });

  it("remarks on what stays paused, on what has ended, and on a project that had another name", async () => {
    await syncCrons(new Person().context, declared("old name", { daily: MORNING }), false);
    await syncCrons(new Person().context, declared("noted", { off: MORNING }), false);
    await pauseCron(new Person().context, "off", "holidays");
    const person = new Person();
    const ended = { ...MORNING, end_time: "2039-01-01T00:00:00Z" };
    await syncCrons(person.context, declared("noted", { off: MORNING, ended, daily: MORNING }), false);
    expect(person.lines.slice(1)).toEqual([
      'Note: off stays paused: holidays. "edgecron crons resume" has it fire again.',
      "Note: ended is not created: At 08:00, every day (Europe/Berlin); it ended at 2039-01-01T00:00:00Z.",
      expect.stringMatching(/^Note: The server also has a cron "daily" \(.*\) of the project "old name"/),
      "Crons at http://edge: 1 created, 1 unchanged.",
    ]);
  });

  it("tries again when a version was deployed just now, whose graph is not there yet", async () => {
    let refusals = 0;
    const person = new Person({
      fetch: async (input, init) => {
        const isLate = new Request(input, init).url.endsWith("/runs/crons") && refusals < 2;
        if (!isLate) return edgeFetch(input, init);
        refusals += 1;
        return Response.json({ detail: "no such graph" }, { status: 404 });
      },
    });
    const crons = declared("patient", { morning: MORNING, evening: MORNING });
    const patience = { limitMs: 60_000, everyMs: 1 };
    expect(inWords(await reconcileCrons(person.context, crons, { patience }))).toBe("2 created");
    expect(person.lines.filter((line) => line.startsWith("×"))).toEqual([]);
  });

  it("fails when the server refuses a cron, after the others", async () => {
    const person = new Person();
    const crons = declared("refused", {
      lost: { ...MORNING, assistant_id: "no-such-graph" },
      morning: MORNING,
    });
    await expect(syncCrons(person.context, crons, false)).rejects.toMatchObject({
      kind: "notFound",
      message: "1 of 2 changes were refused",
    });
    expect(person.lines[1]).toMatch(/^× lost {2}No assistant found for "no-such-graph"/);
    expect(person.lines.at(-1)).toBe("Crons at http://edge: 1 created.");
  });
});
