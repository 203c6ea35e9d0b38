/** A run is created with its assistant as this server last changed it, and as others did within two seconds. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { JsonObject } from "../../src/platform/json";
import { atClock, setClock } from "../support/crons";
import { call, create } from "../support/edge";
import { createThread, waitRun } from "../support/threads";

atClock("2040-01-01T00:00:00.000Z");

const contextOf = async (assistantId: string): Promise<unknown> =>
  ((await waitRun(null, { assistant_id: assistantId, input: {} })).seen as JsonObject).context;

it("sees each change at once", async () => {
  const { assistant_id: id } = await create({ graph_id: "seen", context: { n: 1 } });
  expect(await contextOf(id)).toEqual({ n: 1 });
  await call("PATCH", `/assistants/${id}`, { context: { n: 2 } });
  expect(await contextOf(id)).toEqual({ n: 2 });
  await call("POST", `/assistants/${id}/latest`, { version: 1 });
  expect(await contextOf(id)).toEqual({ n: 1 });
  await call("DELETE", `/assistants/${id}`);
  const { thread_id: threadId } = await createThread();
  for (const path of ["/runs/wait", `/threads/${threadId}/runs`, "/runs/stream"]) {
    expect((await call("POST", path, { assistant_id: id, input: {} })).status).toBe(404);
  }
  await create({ graph_id: "seen", assistant_id: id, context: { n: 3 } });
  expect(await contextOf(id)).toEqual({ n: 3 });
});

it("sees a change that comes while the assistant is being read", async () => {
  const { assistant_id: id } = await create({ graph_id: "seen", context: { n: 1 } });
  await Promise.all([
    contextOf(id),
    call("PATCH", `/assistants/${id}`, { context: { n: 2 } }),
    contextOf(id),
  ]);
  expect(await contextOf(id)).toEqual({ n: 2 });
});

it("sees what another server has changed after two seconds, however its clock goes", async () => {
  const { assistant_id: id } = await create({ graph_id: "seen", context: { n: 1 } });
  const changeElsewhere = (n: number): Promise<unknown> =>
    env.DB.prepare("UPDATE assistants SET context = ? WHERE assistant_id = ?")
      .bind(JSON.stringify({ n }), id)
      .run();
  expect(await contextOf(id)).toEqual({ n: 1 });
  await changeElsewhere(2);
  expect((await call<{ context: unknown }>("GET", `/assistants/${id}`)).body.context).toEqual({ n: 2 });
  setClock("2040-01-01T00:00:02.000Z");
  expect(await contextOf(id)).toEqual({ n: 2 });
  await changeElsewhere(3);
  setClock("2039-12-31T23:59:00.000Z");
  expect(await contextOf(id)).toEqual({ n: 3 });
});
