/**
 * Hosts that die. Every effect of an object is a step: a statement, a change of its alarm, a call to another object or to D1.
 * A host can be made to die before its n-th step, or after it with the answer lost; from then on it does nothing more.
 */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import type { Env } from "../../src/platform/config";

export class HostDied extends Error {}

/** The life of one host. */
export class Life {
  steps = 0;
  dead = false;

  /** @param lastStep the step at which it dies; @param answerLost whether that step is still made */
  constructor(
    private readonly lastStep: number,
    private readonly answerLost: boolean,
  ) {}

  step<T>(effect: () => T): T {
    if (this.dead) throw new HostDied("the host is dead");
    this.steps += 1;
    if (this.steps < this.lastStep) return effect();
    this.dead = true;
    if (!this.answerLost) throw new HostDied("the host died before the step");
    const result = effect();
    if (result instanceof Promise) {
      return result.then(() => {
        throw new HostDied("the host died after the step");
      }) as T;
    }
    throw new HostDied("the host died after the step");
  }
}

/** Lets the object live the life given, instead of a carefree one. */
export async function liveBy(stub: DurableObjectStub, life: Life): Promise<void> {
  await runInDurableObject(stub, (instance, state) => {
    const { storage } = state;
    spy(storage.sql, "exec", life);
    for (const method of ["setAlarm", "deleteAlarm", "deleteAll", "transactionSync"] as const) {
      if (method === "transactionSync") refuseWhenDead(storage, method, life);
      else spy(storage, method, life);
    }
    const host = instance as unknown as { env: Env; context?: object };
    const env = host.env;
    const value = {
      ...env,
      DB: stepping(env.DB, ["batch"], life, {
        prepare: (sql: string) => steppingStatement(env.DB.prepare(sql), life),
      }),
      THREAD: steppingNamespace(env.THREAD, life),
      CRON: steppingNamespace(env.CRON, life),
    };
    for (const holder of [host, host.context]) {
      if (holder !== undefined) Object.defineProperty(holder, "env", { configurable: true, value });
    }
  });
}

/** The host is gone, with all that it had in memory; what was stored is there. */
export async function bury(): Promise<void> {
  await abortAllDurableObjects();
}

/** Objects of which every call is a step. */
const steppingNamespace = (objects: Env["THREAD"], life: Life): object => ({
  idFromName: (name: string) => objects.idFromName(name),
  get: (id: DurableObjectId) => stepping(objects.get(id), "every method", life, {}),
});

type Methods = Record<string, (...args: never[]) => unknown>;

function spy(target: object, method: string, life: Life): void {
  const original = (target as Methods)[method]?.bind(target);
  Object.defineProperty(target, method, {
    configurable: true,
    value: (...args: never[]) => life.step(() => original?.(...args)),
  });
}

function refuseWhenDead(target: object, method: string, life: Life): void {
  const original = (target as Methods)[method]?.bind(target);
  Object.defineProperty(target, method, {
    configurable: true,
    value: (...args: never[]) => {
      if (life.dead) throw new HostDied("the host is dead");
      return original?.(...args);
    },
  });
}

const originals = new WeakMap<object, D1PreparedStatement>();

function steppingStatement(statement: D1PreparedStatement, life: Life): object {
  const wrapped = stepping(statement, ["run", "all", "first", "raw"], life, {
    bind: (...values: unknown[]) => steppingStatement(statement.bind(...values), life),
  });
  originals.set(wrapped, statement);
  return wrapped;
}

/** A stand-in for `target` whose methods named are steps. */
function stepping(target: object, steps: string[] | "every method", life: Life, own: Methods): object {
  return new Proxy(target, {
    get(_target, property) {
      const name = String(property);
      if (name in own) return own[name];
      const value = Reflect.get(target, property, target) as unknown;
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        const plain = args.map(unwrapped);
        const call = (): unknown => Reflect.apply(value, target, plain);
        return steps === "every method" || steps.includes(name) ? life.step(call) : call();
      };
    },
  });
}

function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapped);
  return typeof value === "object" && value !== null ? (originals.get(value) ?? value) : value;
}
