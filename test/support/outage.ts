/** Objects whose surroundings fail: D1 that is down, a thread object that cannot be reached or whose answers get lost. */
import { runInDurableObject } from "cloudflare:test";
import type { Env } from "../../src/platform/config";
import { DeadlineError } from "../../src/platform/deadline";
import type { Answer } from "../../src/platform/rpc";

/** An object; its parts get its bindings from its context. */
interface Host {
  env: Env;
  context?: { env: Env };
}

/** Gives the object other bindings or settings, until it is evicted. */
export async function rebind(
  stub: DurableObjectStub,
  bindings: (env: Env) => Partial<Record<keyof Env, unknown>>,
): Promise<void> {
  await runInDurableObject(stub, (instance) => {
    const host = instance as unknown as Host;
    const env = { ...host.env, ...bindings(host.env) } as Env;
    for (const holder of [host, host.context]) {
      if (holder !== undefined) Object.defineProperty(holder, "env", { configurable: true, value: env });
    }
  });
}

const down = (): never => {
  throw new Error("D1_ERROR: D1 is down");
};

/** For this object D1 is down, or up again. */
export async function setD1(stub: DurableObjectStub, up: boolean): Promise<void> {
  const { env: real } = await import("cloudflare:workers");
  await rebind(stub, () => ({ DB: up ? real.DB : { prepare: down, batch: down } }));
}

/** What becomes of each call to a thread object, in turn; from the end of the list on all is well. */
export type Fate = "refused" | "answer lost" | "too slow" | "twice";

/** For this object the calls to thread objects meet these fates. @returns how many calls were made */
export async function setFates(
  stub: DurableObjectStub,
  fates: Fate[] | "always refused",
): Promise<() => number> {
  let calls = 0;
  const { env: real } = await import("cloudflare:workers");
  await rebind(stub, () => ({
    THREAD: {
      idFromName: (name: string) => real.THREAD.idFromName(name),
      get: (id: DurableObjectId) => ({
        async call(method: string, args: unknown[]) {
          const make = (): Promise<Answer> => real.THREAD.get(id).call(method, args);
          if (method !== "enqueueRun") return make();
          const fate = fates === "always refused" ? "refused" : fates[calls];
          calls += 1;
          if (fate === "refused") throw new Error("the thread object is overloaded");
          if (fate === "too slow") {
            // The thread object goes on with the call, whose answer nobody waits for any more.
            make().catch(() => undefined);
            throw new DeadlineError("the thread object did not answer within 30000 ms");
          }
          const answer = await make();
          if (fate === "twice") return make();
          if (fate === "answer lost") throw new Error("network connection lost");
          return answer;
        },
      }),
    },
  }));
  return () => calls;
}
