/** Objects whose SQLite another version of the server wrote. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { ObjectSchema, type SchemaStep } from "../../src/platform/object-schema";
import {
  alarmOf,
  atClock,
  createCron,
  cronStub,
  ringAt,
  setClock,
  settled,
  slotsOf,
  threadStub,
} from "../support/crons";
import { call } from "../support/edge";
import { createThread, waitRun } from "../support/threads";

atClock("2040-01-01T00:00:00.000Z");

const step = (table: string): SchemaStep => ({
  summary: `makes ${table}`,
  apply: (sql) => sql.exec(`CREATE TABLE IF NOT EXISTS ${table} (a INTEGER)`),
});

it("an object is given the steps that it lacks, once, and remembers how many it has", async () => {
  const stub = threadStub(crypto.randomUUID());
  await runInDurableObject(stub, (_instance, { storage }) => {
    const tables = (): string[] =>
      storage.sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name IN ('one', 'two') ORDER BY name")
        .toArray()
        .map(({ name }) => name);
    const first = new ObjectSchema(storage, [step("one")], "one");
    expect(first.exists()).toBe(false);
    expect(tables()).toEqual([]);
    first.create();
    expect([first.exists(), tables()]).toEqual([true, ["one"]]);
    const both = [step("one"), step("two")];
    expect(new ObjectSchema(storage, both, "one").exists()).toBe(true);
    expect(tables()).toEqual(["one", "two"]);
    storage.sql.exec("DROP TABLE two");
    expect(new ObjectSchema(storage, both, "one").exists()).toBe(true);
    expect(tables()).toEqual(["one"]);
    expect(() => new ObjectSchema(storage, [step("one")], "one").exists()).toThrow(
      /schema version 2, and this Worker knows only 1: a later version of EdgeCron wrote it/,
    );
  });
});

it("a cron that was made before there were alerts fires, and tells of its failures", async () => {
  const cron = await createCron({ assistant_id: "fails", alert_webhook: "https://example.com/hook" });
  await runInDurableObject(cronStub(cron.cron_id), (_instance, { storage }) => {
    storage.kv.delete("schema_version");
    storage.sql.exec("DROP TABLE alerts");
  });
  await abortAllDurableObjects();
  await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
  const [slot] = await slotsOf(cron.cron_id);
  expect(slot?.status).toBe("fired");
  await settled(slot);
  expect(await alarmOf(cronStub(cron.cron_id))).not.toBeNull();
});

it("a cron that was made before D1's copy of its definition was noted is written to D1 anew", async () => {
  const cron = await createCron();
  await runInDurableObject(cronStub(cron.cron_id), (_instance, { storage }) => {
    storage.kv.delete("schema_version");
    storage.sql.exec("ALTER TABLE cron DROP COLUMN defined");
  });
  await abortAllDurableObjects();
  await ringAt("2040-01-01T15:27:00.000Z", cron.cron_id);
  await settled((await slotsOf(cron.cron_id))[0]);
  const { body } = await call<{ next_run_date: string }[]>("POST", "/runs/crons/search", {
    select: ["next_run_date", "cron_id"],
    limit: 100,
  });
  expect(body).toContainEqual({ cron_id: cron.cron_id, next_run_date: "2040-01-02T15:27:00.000Z" });
});

it("an object of a later version is refused in words, and its alarm is kept", async () => {
  const cron = await createCron();
  const { thread_id: id } = await createThread();
  for (const stub of [cronStub(cron.cron_id), threadStub(id)]) {
    await runInDurableObject(stub as DurableObjectStub, (_instance, { storage }) => {
      storage.kv.put("schema_version", 99);
    });
  }
  await abortAllDurableObjects();
  for (const path of [`/runs/crons/${cron.cron_id}`, `/threads/${id}`]) {
    const { status, body } = await call<{ detail: string; code: string }>("GET", path);
    expect([status, body.code]).toEqual([503, "server.misconfigured"]);
    expect(body.detail).toMatch(
      /schema version 99.*a later version of EdgeCron wrote it; deploy that version again/,
    );
  }
  setClock("2040-01-01T15:27:00.000Z");
  await runDurableObjectAlarm(cronStub(cron.cron_id));
  expect(await alarmOf(cronStub(cron.cron_id))).not.toBeNull();
  await runInDurableObject(cronStub(cron.cron_id), (_instance, { storage }) => {
    storage.kv.put("schema_version", 1);
  });
  await abortAllDurableObjects();
  await ringAt("2040-01-01T15:28:00.000Z", cron.cron_id);
  expect((await slotsOf(cron.cron_id)).map(({ status }) => status)).toEqual(["fired"]);
  expect(await waitRun(null, { assistant_id: "echo", input: { text: "a" } })).toMatchObject({ text: "a" });
});
