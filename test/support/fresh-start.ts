/**
 * Nothing is left of one test file for the next that the same workerd runs. Before each file what was faked is real again, modules
 * are evaluated anew, and D1 has the real migrations and nothing else. After each file all that objects and D1 have stored is deleted.
 */
import { applyD1Migrations, listDurableObjectIds, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, vi } from "vitest";
import * as limits from "../../src/platform/time-limits";
import { makeAllReal } from "./all-real";
import { keepPackages, trustLoadedModules } from "./module-runner";

/** This workerd's objects that are empty and have random names, so that no later file uses them. Modules go, and this stays. */
const emptied = ((globalThis as { emptiedObjects?: Set<string> }).emptiedObjects ??= new Set<string>());

/** As in vitest.config.ts. */
const TEST_LIMIT_MS = 180_000;
/** D1 is not emptied when the machine stands still for so long between two calls that D1 has left the memory. */
const ATTEMPTS = 3;

putOffLimits();
trustLoadedModules();
keepPackages(() => vi.resetModules());
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);

afterAll(async () => {
  makeAllReal();
  // Ends all that is under way: what is being written to stays as it is.
  await reset();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    await load();
    await reset();
    const left = await env.DB.prepare("SELECT name FROM sqlite_master WHERE name = 'threads'").all();
    if (left.results.length === 0) return;
  }
  throw new Error("D1 could not be emptied for the next test file");
});

/**
 * The server's time limits come as late as a test's own. They are for calls that hang, and on a machine that stands still for a few seconds they
 * would cut off calls that do not. A test of a limit holds the timer (`holdTimers`) or fakes it.
 */
function putOffLimits(): void {
  const ofAll = globalThis as { realSetTimeout?: typeof setTimeout };
  const real = (ofAll.realSetTimeout ??= globalThis.setTimeout);
  const delays = new Set<unknown>(Object.values(limits));
  const later = (callback: () => void, delay?: number, ...args: []): unknown =>
    real(callback, delays.has(delay) ? TEST_LIMIT_MS : delay, ...args);
  globalThis.setTimeout = later as typeof setTimeout;
}

/** Loads D1 and all objects that a file may have left something in: `reset` passes over objects that are not in memory. */
async function load(): Promise<void> {
  for (const namespace of [env.CRON, env.THREAD]) {
    const ids = await listDurableObjectIds(namespace);
    await Promise.all(
      ids
        .filter((id) => !emptied.has(String(id)))
        .map(async (id) => {
          const isStanding = await runInDurableObject(
            namespace.get(id) as DurableObjectStub,
            (_object, { storage }) => storage.kv.get("standing") === true,
          );
          // Many files use the same standing objects.
          if (!isStanding) emptied.add(String(id));
        }),
    );
  }
  // Last: D1 leaves the memory ten seconds after its last call, and to load many objects may take as long.
  await env.DB.prepare("SELECT 1").run();
}
