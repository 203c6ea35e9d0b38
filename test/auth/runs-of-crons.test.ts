/** What callers who may see some crons only are told of the runs of these: each run, the sums by hour, and the forecast. */
import { describe, expect, it } from "vitest";
import type { Activity } from "../../src/wire/crons/activity";
import type { Cron } from "../../src/wire/crons/cron";
import type { Forecast } from "../../src/wire/crons/forecast";
import type { Slot } from "../../src/wire/crons/slot";
import type { Run } from "../../src/wire/runs/run";
import { callAs, owners, restoreAuthAfterEach, useAuth } from "../support/auth";
import { atClock } from "../support/crons";

atClock("2040-01-01T00:00:00.000Z");
restoreAuthAfterEach();

async function createCron(token: string, fields: object = {}): Promise<Cron> {
  const body = {
    assistant_id: "seen",
    schedule: "0 0 1 2 *",
    input: {},
    on_run_completed: "keep",
    ...fields,
  };
  return (await callAs<Cron>(token, "POST", "/runs/crons", body)).body;
}

/** Has the cron run, and waits until the run has ended. */
async function runNow(token: string, { cron_id: cronId }: Cron): Promise<Slot> {
  const { body: slot } = await callAs<Slot>(token, "POST", `/runs/crons/${cronId}/run`, {});
  await callAs(token, "GET", `/threads/${slot.thread_id}/runs/${slot.run_id}/join`);
  return slot;
}

const read = (token: string, { run_id: runId }: Slot) => callAs<Run>(token, "GET", `/runs/${runId}`);

describe("a run of a cron whose thread is deleted", () => {
  it("can be read by whoever may read the cron, whatever its metadata, and by nobody else", async () => {
    // The cron tells its owner by another key than its runs do.
    useAuth(
      owners().on("crons", ({ action, value, user }) => {
        const stored = value as { metadata?: Record<string, unknown> };
        if (action === "create") stored.metadata = { ...stored.metadata, team: user.identity };
        return { team: user.identity };
      }),
    );
    const slot = await runNow("ann", await createCron("ann"));
    expect((await read("bob", slot)).status).toBe(404);
    await callAs("ann", "DELETE", `/threads/${slot.thread_id}`);
    const mine = await read("ann", slot);
    expect([mine.status, mine.body]).toMatchObject([
      200,
      { run_id: slot.run_id, status: "success", kwargs: {} },
    ]);
    const foreign = await read("bob", slot);
    const missing = await read("bob", { ...slot, run_id: crypto.randomUUID() });
    expect([foreign.status, missing.status]).toEqual([404, 404]);
    expect(JSON.stringify(foreign.body).replace(String(slot.run_id), "")).toBe(
      JSON.stringify(missing.body).replace(/[0-9a-f-]{36}/, ""),
    );
  });

  it("is not there for who may read no cron, or a cron of another", async () => {
    useAuth(owners());
    const slot = await runNow("ann", await createCron("ann"));
    await callAs("ann", "DELETE", `/threads/${slot.thread_id}`);
    useAuth(
      owners()
        .on("threads:read", () => ({ owner: "nobody" }))
        .on("crons:read", () => false),
    );
    expect((await read("ann", slot)).status).toBe(404);
  });

  it("keeps whose it is, and so is in what its owner may search", async () => {
    useAuth(owners());
    const cron = await createCron("ann", { metadata: { secret: "of ann" } });
    const slot = await runNow("ann", cron);
    await callAs("ann", "DELETE", `/threads/${slot.thread_id}`);
    const search = (token: string) =>
      callAs<Run[]>(token, "POST", "/runs/search", { metadata: { cron_id: cron.cron_id } });
    const { body: found } = await search("ann");
    expect(found.map(({ run_id: id, metadata }) => [id, metadata])).toEqual([
      [slot.run_id, { cron_id: cron.cron_id, owner: "ann", scheduled_for: slot.scheduled_for }],
    ]);
    expect((await search("bob")).body).toEqual([]);
  });
});

describe("who may see some crons only", () => {
  it("is told what these did by hour, and what they will use, and nothing of the crons of others", async () => {
    useAuth(owners());
    const [ann, bob] = [crypto.randomUUID(), crypto.randomUUID()];
    const cron = await createCron(ann, { schedule: "0 12 * * *" });
    const slot = await runNow(ann, cron);
    await runNow(ann, cron);
    await runNow(bob, await createCron(bob));
    await callAs(ann, "DELETE", `/threads/${slot.thread_id}`);
    const hours = async (token: string): Promise<unknown[]> => {
      const { body } = await callAs<Activity>(token, "GET", "/runs/crons/activity?count=2");
      return body.map(({ runs }) => runs.success);
    };
    expect([await hours(ann), await hours(bob), await hours("nobody")]).toEqual([
      [0, 2],
      [0, 1],
      [0, 0],
    ]);
    const forecast = async (token: string): Promise<Forecast> =>
      (await callAs<Forecast>(token, "GET", "/runs/crons/forecast")).body;
    const nothing = { crons: 0, crons_without_runs: 0, times_in_30_days: 0, tokens_in_30_days: 0 };
    expect(await forecast(ann)).toMatchObject({ crons: 1, crons_without_runs: 0, times_in_30_days: 30 });
    expect(await forecast("nobody")).toEqual(nothing);
    // Nobody is asked where there is no filter.
    expect((await forecast("boss,admin")).crons).toBeGreaterThanOrEqual(2);
  });
});
