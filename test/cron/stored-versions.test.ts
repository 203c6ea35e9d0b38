/** Crons whose objects an earlier or a later version of the server wrote. One stored database for each released schema version. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { CRON_SCHEMA } from "../../src/cron/schema";
import type { Run } from "../../src/wire/runs/run";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  getCron,
  ringAt,
  setClock,
  settled,
  slotsOf,
} from "../support/crons";
import { call } from "../support/edge";
import schema1 from "../support/stored/cron-schema-1.txt?raw";
import schema2 from "../support/stored/cron-schema-2.txt?raw";
import schema3 from "../support/stored/cron-schema-3.txt?raw";
import schema4 from "../support/stored/cron-schema-4.txt?raw";

atClock("2040-01-01T07:00:00.000Z");

/** From the day on which the objects were made to that of the test, in ms. An alarm in the past of the real clock would ring by itself. */
const LATER_MS = Date.UTC(2040, 0, 1) - Date.UTC(2026, 10, 26);

/** The SQL of each stored object, by its schema version. Each was made by the server of that time: the cron has fired twice by its schedule and once by hand. */
const STORED = new Map([
  [1, schema1],
  [2, schema2],
  [3, schema3],
  [4, schema4],
]);
const idOf = (version: number): string => `6f1d2c3a-0000-4000-8000-00000000000${version}`;

async function restore(version: number): Promise<string> {
  const id = idOf(version);
  await runInDurableObject(cronStub(id), async (_cron, { storage }) => {
    const sql = STORED.get(version) ?? "";
    storage.sql.exec(sql.replace(/\b1[0-9]{12}\b/g, (instant) => String(Number(instant) + LATER_MS)));
    storage.kv.put("schema_version", version);
    await storage.setAlarm(Date.parse("2040-01-01T15:27:00.000Z"));
  });
  await abortAllDurableObjects();
  return id;
}

it("there is a stored object of each schema version before this one", () => {
  expect([...STORED.keys()]).toEqual(Array.from({ length: CRON_SCHEMA.length - 1 }, (_, i) => i + 1));
});

it.each([...STORED.keys()])(
  "a cron of schema version %i shows its past, fires and runs on",
  async (version) => {
    const id = await restore(version);
    const shown = async (): Promise<unknown[]> =>
      (await slotsOf(id)).map((slot) => [slot.scheduled_for, slot.origin, slot.status, slot.run_id]);
    const past = await shown();
    expect(past).toHaveLength(3);
    expect(past[0]).toEqual([expect.any(String), "manual", "fired", expect.any(String)]);
    const figures = (await call("GET", `/runs/crons/${id}/figures`)).body;
    expect(figures).toMatchObject({ slots: { fired: 3 } });
    expect((await getCron(id)).next_run_date).toBe("2040-01-01T15:27:00.000Z");

    await ringAt("2040-01-01T15:27:00.000Z", id);
    const [fired] = await slotsOf(id);
    await settled(fired);
    expect(fired).toMatchObject({ scheduled_for: "2040-01-01T15:27:00.000Z", status: "fired" });
    expect((await shown()).slice(1)).toEqual(past);
    const runs = (await call<Run[]>("GET", `/runs/crons/${id}/runs`)).body;
    expect(runs.map(({ run_id, status }) => [run_id, status])).toContainEqual([fired?.run_id, "success"]);

    const changed = await call("PATCH", `/runs/crons/${id}`, { schedule: "0 18 * * *" });
    expect(changed.status).toBe(200);
    await ringAt("2040-01-01T18:00:00.000Z", id);
    const [next] = await slotsOf(id);
    await settled(next);
    expect(next).toMatchObject({ scheduled_for: "2040-01-01T18:00:00.000Z", status: "fired" });
    expect(await alarmOf(cronStub(id))).toBe("2040-01-02T18:00:00.000Z");
  },
);

it("a cron of a later schema version is left as it is, and asks again ever more seldom until that version is back", async () => {
  const { cron_id: id } = await createCron();
  const contents = (): Promise<unknown> =>
    runInDurableObject(cronStub(id), (_cron, { storage }) =>
      ["cron", "slots", "alerts"].map((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray()),
    );
  const setVersion = async (version: number): Promise<void> => {
    await runInDurableObject(cronStub(id), (_cron, { storage }) => {
      storage.kv.put("schema_version", version);
    });
    await abortAllDurableObjects();
  };
  const before = await contents();
  await setVersion(CRON_SCHEMA.length + 1);
  let at = Date.parse("2040-01-01T15:27:00.000Z");
  const waits: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    setClock(new Date(at).toISOString());
    await runDurableObjectAlarm(cronStub(id));
    const next = Date.parse((await alarmOf(cronStub(id))) ?? "");
    waits.push(next - at);
    at = next;
  }
  expect(Math.min(...waits.slice(-3))).toBeGreaterThanOrEqual(120_000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(240_000);
  for (const [method, path] of [
    ["PATCH", `/runs/crons/${id}`],
    ["POST", `/runs/crons/${id}/run`],
    ["DELETE", `/runs/crons/${id}`],
  ] as const) {
    expect((await call(method, path, method === "DELETE" ? undefined : {})).status).toBe(503);
  }
  expect(await contents()).toEqual(before);

  await setVersion(CRON_SCHEMA.length);
  await ringAt(new Date(at).toISOString(), id);
  const [slot] = await slotsOf(id);
  await settled(slot);
  expect(slot).toMatchObject({ scheduled_for: "2040-01-01T15:27:00.000Z", status: "fired" });
});
