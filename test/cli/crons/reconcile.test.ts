/** Crons as code: what a reconciliation makes of the crons of a real server, and what it leaves alone. */
import { describe, expect, it } from "vitest";
import { CronClient } from "../../../cli/crons/cron-client";
import { declarationsOf } from "../../../cli/crons/declarations";
import { carryOut, planFor, type Reconciled } from "../../../cli/crons/reconcile";
import type { Cron } from "../../../src/wire/crons/cron";
import { atClock, createCron, getCron, ringAt, setClock, settled, slotsOf } from "../../support/crons";
import { call, create, edgeFetch } from "../../support/edge";

atClock("2040-01-01T00:00:00.000Z");

/** The requests of the client, as `METHOD /path`. Some may be made to fail. */
class Network {
  requests: string[] = [];
  /** Whether a request is lost before or after the server has answered it; `writes` counts those that may change something. */
  fault: (writes: number) => "before" | "after" | undefined = () => undefined;

  readonly fetch: typeof fetch = async (input, init) => {
    const { method, url } = new Request(input, init);
    const request = `${method} ${new URL(url).pathname}`;
    this.requests.push(request);
    const fault = this.fault(this.writes.length);
    if (fault === "before") throw new Error("the network is gone");
    const response = await edgeFetch(input, init);
    if (fault === "after") throw new Error("the network is gone");
    return response;
  };

  /** The requests that may change something. */
  get writes(): string[] {
    return this.requests.filter((request) => request !== "POST /runs/crons/search");
  }
}

let projects = 0;

/** A project whose crons no other test sees. */
class Project {
  readonly name = `project ${++projects}`;
  network = new Network();

  async reconcile(crons: Record<string, object>): Promise<Reconciled> {
    this.network.requests = [];
    const client = new CronClient({
      url: "http://edge",
      apiKey: null,
      headers: {},
      fetch: this.network.fetch,
    });
    const where = { file: "langgraph.json", path: ["crons"] };
    const declared = declarationsOf(this.name, crons, where, null);
    return carryOut(client, await planFor(client, { project: this.name, crons: declared, notes: [] }));
  }

  /** Reconciles, which must not fail. @returns what was done, such as `create morning` */
  async becomes(crons: Record<string, object>): Promise<string[]> {
    const { done, refused, broken } = await this.reconcile(crons);
    expect({ refused, broken }).toEqual({ refused: [], broken: null });
    return done.map(({ kind, name }) => `${kind} ${name}`);
  }

  /** The crons of the project on the server, by their names. */
  async crons(): Promise<Record<string, Cron>> {
    const { body } = await call<Cron[]>("POST", "/runs/crons/search", {
      metadata: { declared_by: this.name },
      limit: 100,
    });
    return Object.fromEntries(body.map((cron) => [String(cron.metadata.declared_name), cron]));
  }

  async cron(name: string): Promise<Cron> {
    const cron = (await this.crons())[name];
    if (cron === undefined) throw new Error(`the server has no cron "${name}"`);
    return getCron(cron.cron_id);
  }
}

const MORNING = { assistant_id: "echo", schedule: "27 15 * * *", input: { text: "hello" } };

describe("reconciling declared crons", () => {
  it("creates what is not there, with all its fields", async () => {
    const project = new Project();
    const done = await project.becomes({
      morning: { ...MORNING, timezone: "Europe/Berlin", max_runs: 7, metadata: { team: "a" } },
      "on a thread": { ...MORNING, thread_id: "00000000-0000-4000-8000-000000000001" },
    });
    expect(done).toEqual(["create morning", "create on a thread"]);
    expect(await project.cron("morning")).toMatchObject({
      schedule: "27 15 * * *",
      timezone: "Europe/Berlin",
      thread_id: null,
      on_run_completed: "delete",
      payload: { input: { text: "hello" } },
      max_runs: 7,
      enabled: true,
      metadata: { team: "a", declared_by: project.name, declared_name: "morning" },
      next_run_date: "2040-01-01T14:27:00.000Z",
    });
    expect(await project.cron("on a thread")).toMatchObject({
      thread_id: "00000000-0000-4000-8000-000000000001",
      payload: { multitask_strategy: "enqueue" },
    });
  });

  it("sends nothing about a cron that is as declared", async () => {
    const project = new Project();
    const declared = {
      morning: {
        ...MORNING,
        end_time: "2041-01-01T00:00:00+01:00",
        thread_ttl: 60,
        config: { tags: null, configurable: { a: 1 } },
        metadata: { list: [1, { b: 2 }] },
        on_run_completed: "keep",
        catchup: "latest",
        stream_mode: "values",
        max_attempts: null,
      },
      "on a thread": {
        ...MORNING,
        thread_id: "00000000-0000-4000-8000-000000000002",
        on_run_completed: "keep",
      },
      off: { ...MORNING, enabled: false },
    };
    await project.becomes(declared);
    const before = await project.crons();
    setClock("2040-01-01T03:00:00.000Z");
    expect(await project.becomes(declared)).toEqual([]);
    expect(project.network.requests).toEqual(["POST /runs/crons/search"]);
    expect(await project.crons()).toEqual(before);
    expect(before.off?.enabled).toBe(false);
  });

  it("changes what differs, and keeps history, skips and what was changed by hand beside it", async () => {
    const project = new Project();
    await project.becomes({ morning: MORNING });
    const { cron_id: id } = await project.cron("morning");
    await ringAt("2040-01-01T15:27:00.000Z", id);
    await settled((await slotsOf(id))[0]);
    const slots = await slotsOf(id);
    await call("PATCH", `/runs/crons/${id}`, { max_runs: 9, metadata: { by: "hand" } });
    await call("POST", `/runs/crons/${id}/skip`, { count: 1 });
    expect(await project.becomes({ morning: { ...MORNING, input: { text: "changed" } } })).toEqual([
      "change morning",
    ]);
    expect(await project.cron("morning")).toMatchObject({
      cron_id: id,
      payload: { input: { text: "changed" } },
      max_runs: 9,
      metadata: { by: "hand" },
      next_run_date: "2040-01-03T15:27:00.000Z",
    });
    expect((await slotsOf(id)).filter(({ status }) => status === "fired")).toEqual(slots);
  });

  it("takes back by default what is declared no longer, and what was changed by hand of what is declared", async () => {
    const project = new Project();
    const full = {
      ...MORNING,
      timezone: "Europe/Berlin",
      end_time: "2041-01-01T00:00:00Z",
      on_run_completed: "keep",
      max_runs: 3,
      config: { tags: ["a"] },
      metadata: { team: "a", stays: 1 },
    };
    await project.becomes({ morning: full });
    const { cron_id: id } = await project.cron("morning");
    await call("PATCH", `/runs/crons/${id}`, { schedule: "0 1 * * *" });
    await project.becomes({ morning: { ...MORNING, metadata: { stays: 1 } } });
    expect(await project.cron("morning")).toMatchObject({
      schedule: "27 15 * * *",
      timezone: null,
      end_time: null,
      on_run_completed: "delete",
      max_runs: null,
      payload: { input: { text: "hello" } },
      // A patch cannot remove a key of the metadata.
      metadata: { team: null, stays: 1 },
    });
    expect((await project.cron("morning")).payload).not.toHaveProperty("config");
    expect(await project.becomes({ morning: { ...MORNING, metadata: { stays: 1 } } })).toEqual([]);
  });

  it("takes back what is declared no longer of a cron on a thread", async () => {
    const project = new Project();
    const onThread = { ...MORNING, thread_id: "00000000-0000-4000-8000-000000000003" };
    await project.becomes({ talk: { ...onThread, multitask_strategy: "reject", on_run_completed: "keep" } });
    await project.becomes({ talk: onThread });
    expect((await project.cron("talk")).payload).toMatchObject({ multitask_strategy: "enqueue" });
    expect(await project.becomes({ talk: onThread })).toEqual([]);
  });

  it("keeps a pause by hand, and a resume by hand, until the declaration itself changes", async () => {
    const project = new Project();
    await project.becomes({ morning: MORNING });
    const { cron_id: id } = await project.cron("morning");
    await call("POST", `/runs/crons/${id}/pause`, { note: "holidays" });
    expect(await project.becomes({ morning: MORNING })).toEqual([]);
    await project.becomes({ morning: { ...MORNING, input: { text: "changed" }, enabled: true } });
    expect(await project.cron("morning")).toMatchObject({ enabled: false, note: "holidays" });

    await project.becomes({ morning: { ...MORNING, enabled: false } });
    expect((await project.cron("morning")).enabled).toBe(false);
    await call("POST", `/runs/crons/${id}/resume`, { note: "just today" });
    expect(await project.becomes({ morning: { ...MORNING, enabled: false } })).toEqual([]);
    expect((await project.cron("morning")).enabled).toBe(true);
    await call("POST", `/runs/crons/${id}/pause`);
    await project.becomes({ morning: MORNING });
    expect((await project.cron("morning")).enabled).toBe(true);
  });

  it("removes what is declared no longer, and never a cron that it did not declare", async () => {
    const project = new Project();
    const other = new Project();
    await other.becomes({ morning: MORNING });
    const byHand = await createCron();
    await project.becomes({ morning: MORNING, evening: MORNING });
    const { metadata } = await project.cron("evening");
    const copy = await createCron({ metadata });
    expect(await project.becomes({ morning: MORNING })).toEqual(["remove evening"]);
    expect(Object.keys(await other.crons())).toEqual(["morning"]);
    expect(await getCron(byHand.cron_id)).toEqual(byHand);
    expect(await getCron(copy.cron_id)).toEqual(copy);
  });

  it("makes a cron again that was deleted by hand", async () => {
    const project = new Project();
    await project.becomes({ morning: MORNING });
    const { cron_id: id } = await project.cron("morning");
    await call("DELETE", `/runs/crons/${id}`);
    expect(await project.becomes({ morning: MORNING })).toEqual(["create morning"]);
    expect((await project.cron("morning")).cron_id).toBe(id);
  });

  it("removes a renamed cron before it makes the new one", async () => {
    const project = new Project();
    await project.becomes({ morning: MORNING });
    const { cron_id: id } = await project.cron("morning");
    expect(await project.becomes({ daily: MORNING })).toEqual(["remove morning", "create daily"]);
    expect(project.network.writes).toEqual([`DELETE /runs/crons/${id}`, "POST /runs/crons"]);
  });

  it("goes on with the others when the server refuses one", async () => {
    const project = new Project();
    const { refused, done } = await project.reconcile({
      lost: { ...MORNING, assistant_id: "no-such-graph" },
      morning: MORNING,
    });
    expect(refused.map(({ step, failure }) => [step.name, failure.kind, failure.message])).toEqual([
      ["lost", "notFound", expect.stringContaining('No assistant found for "no-such-graph"')],
    ]);
    expect(done.map(({ name }) => name)).toEqual(["morning"]);
    expect(Object.keys(await project.crons())).toEqual(["morning"]);
  });
});

describe("a declared cron with another assistant", () => {
  it("takes the place of the earlier one, which is gone before it is enabled", async () => {
    const project = new Project();
    await project.becomes({ morning: MORNING });
    const earlier = await project.cron("morning");
    const { assistant_id: assistant } = await create();
    expect(await project.becomes({ morning: { ...MORNING, assistant_id: assistant } })).toEqual([
      "replace morning",
    ]);
    const later = await project.cron("morning");
    expect(later).toMatchObject({ assistant_id: assistant, enabled: true, note: null });
    expect((await call("GET", `/runs/crons/${earlier.cron_id}`)).status).toBe(404);
    expect(project.network.writes).toEqual([
      "POST /runs/crons",
      `DELETE /runs/crons/${earlier.cron_id}`,
      `PATCH /runs/crons/${later.cron_id}`,
    ]);
    expect(await project.becomes({ morning: { ...MORNING, assistant_id: assistant } })).toEqual([]);
  });

  it("is the same assistant by its id and by its graph's", async () => {
    const project = new Project();
    await project.becomes({ morning: MORNING });
    const { assistant_id: assistant } = await project.cron("morning");
    expect(await project.becomes({ morning: { ...MORNING, assistant_id: assistant } })).toEqual([]);
  });

  it("stays paused when the earlier one was paused by hand", async () => {
    const project = new Project();
    await project.becomes({ morning: MORNING });
    const { cron_id: id } = await project.cron("morning");
    await call("POST", `/runs/crons/${id}/pause`, { note: "holidays" });
    const { assistant_id: assistant } = await create();
    await project.becomes({ morning: { ...MORNING, assistant_id: assistant } });
    expect(await project.cron("morning")).toMatchObject({ enabled: false, note: "holidays" });
  });

  it("leaves the earlier one alone when there is no such assistant", async () => {
    const project = new Project();
    await project.becomes({ morning: MORNING });
    const earlier = await project.cron("morning");
    const { refused } = await project.reconcile({ morning: { ...MORNING, assistant_id: "no-such-graph" } });
    expect(refused).toHaveLength(1);
    expect(await project.cron("morning")).toEqual(earlier);
  });
});

describe("a reconciliation that breaks off", () => {
  const FIRST = { a: MORNING, b: MORNING, c: { ...MORNING, input: { text: "c" } } };

  it.each(["before", "after"] as const)(
    "is mended by the next one, wherever a request is lost %s its answer",
    async (when) => {
      const { assistant_id: assistant } = await create();
      const SECOND = {
        a: { ...MORNING, assistant_id: assistant },
        c: { ...MORNING, input: { text: "changed" } },
        d: MORNING,
      };
      const wrong: string[] = [];
      for (let lost = 1; ; lost += 1) {
        const project = new Project();
        await project.becomes(FIRST);
        project.network.fault = (writes) => (writes === lost ? when : undefined);
        const { broken, done, plan } = await project.reconcile(SECOND);
        if (broken === null) {
          // Every request was lost once.
          expect({ lost, steps: plan.steps.length }).toEqual({ lost: 7, steps: done.length });
          break;
        }
        if (broken.kind !== "unreachable") wrong.push(`${lost}: ${broken.kind}`);
        const enabled = Object.values(await project.crons()).filter((cron) => cron.enabled);
        if (enabled.length > 3) wrong.push(`${lost}: ${enabled.length} crons fire`);
        project.network.fault = () => undefined;
        await project.becomes(SECOND);
        const crons = await project.crons();
        if (Object.keys(crons).sort().join() !== "a,c,d") wrong.push(`${lost}: ${Object.keys(crons).join()}`);
        if (Object.values(crons).some((cron) => !cron.enabled)) wrong.push(`${lost}: one is not enabled`);
        if (crons.a?.assistant_id !== assistant) wrong.push(`${lost}: the assistant is the earlier one`);
        if ((await project.becomes(SECOND)).length > 0) wrong.push(`${lost}: it does not settle`);
      }
      expect(wrong).toEqual([]);
    },
  );

  it("says so when it cannot even begin", async () => {
    const project = new Project();
    project.network.fault = () => "before";
    await expect(project.reconcile(FIRST)).rejects.toMatchObject({
      kind: "unreachable",
      message: "http://edge does not answer: the network is gone",
    });
  });
});

it("two reconciliations at once make each cron once, as one of them says", async () => {
  const project = new Project();
  await project.becomes({ old: MORNING });
  const twin = Object.assign(new Project(), { name: project.name });
  const crons = (text: string) => ({
    one: { ...MORNING, input: { text }, max_runs: text.length },
    two: { ...MORNING, input: { text }, max_runs: text.length },
  });
  const both = await Promise.all([project.reconcile(crons("a")), twin.reconcile(crons("bb"))]);
  expect(both.map(({ refused, broken }) => ({ refused, broken }))).toEqual([
    { refused: [], broken: null },
    { refused: [], broken: null },
  ]);
  const { body } = await call<Cron[]>("POST", "/runs/crons/search", {
    metadata: { declared_by: project.name },
  });
  expect(body.map(({ metadata }) => metadata.declared_name).sort()).toEqual(["one", "two"]);
  const versions = [
    { text: "a", runs: 1 },
    { text: "bb", runs: 2 },
  ];
  for (const { payload, max_runs: runs } of body)
    expect(versions).toContainEqual({ text: (payload.input as { text: string }).text, runs });
});
