/** The cron's owner: asks the server for what the plan says, again until there is an answer. */
import { setSwitch } from "../../src/d1/switch";
import { asDomainError, DomainError } from "../../src/platform/errors";
import type { SimulatedD1 } from "./d1";
import type { Network } from "./network";
import type { ObjectHost } from "./object-host";
import { ASSISTANT_ID, THREAD_ID, type OwnerAction, type Plan } from "./plan";
import type { Random } from "./random";
import type { StoredCron } from "./stored-cron";
import type { Threads } from "./threads";
import type { Timeline } from "./timeline";

const MINUTE_MS = 60_000;

/** Something that the owner asked for: from when to when it may have been done, by the server's clock. */
export interface OwnerRequest {
  action: OwnerAction;
  from: number;
  to: number;
  attempts: number;
  /** How it was answered; undefined when it never was. */
  answered: { value: unknown } | { refusal: string } | undefined;
}

export interface OwnedWorld {
  timeline: Timeline;
  random: Random;
  network: Network;
  host: ObjectHost;
  threads: Threads;
  d1: SimulatedD1;
  cron: StoredCron;
  trace: (text: string) => void;
  /** An error that is no answer of the server's. */
  failed: (error: unknown) => void;
}

export class Owner {
  readonly requests: OwnerRequest[] = [];
  /** The cron was made, as far as the owner knows. */
  hasCreated = false;
  /** There was to be no such cron. */
  wasRefused = false;

  constructor(private readonly world: OwnedWorld) {}

  create({ definition }: Plan): void {
    const firingContext = {
      assistant: { assistant_id: ASSISTANT_ID, graph_id: "agent", config: {}, context: {} },
      stopped: null,
    };
    this.insist("create", [definition, firingContext, { ifExists: "do_nothing", patch: {} }])
      .then(() => {
        this.hasCreated = true;
      })
      .catch((error: unknown) => {
        const refusal = asDomainError(error);
        // Its end came before the server was there to make it.
        this.wasRefused = refusal?.code === "request.invalid";
        // Or it was deleted before its making was answered.
        if (refusal === undefined) this.world.failed(error);
        else this.hasCreated = true;
      });
  }

  ask(action: OwnerAction): void {
    this.request(action).catch(this.world.failed);
  }

  async askAndWait(action: OwnerAction): Promise<void> {
    this.ask(action);
    const { timeline } = this.world;
    await timeline.runUntil(timeline.now + 5 * MINUTE_MS);
  }

  private async request(action: OwnerAction): Promise<void> {
    const { timeline, trace } = this.world;
    const request: OwnerRequest = {
      action,
      from: timeline.wall(),
      to: Infinity,
      attempts: 0,
      answered: undefined,
    };
    trace(`owner: ${JSON.stringify(action)}`);
    this.requests.push(request);
    try {
      request.answered = { value: await this.carryOut(action, request) };
    } catch (error) {
      const refusal = asDomainError(error);
      if (refusal === undefined) throw error;
      request.answered = { refusal: refusal.code };
      trace(`refused: ${refusal.message}`);
    }
    request.to = timeline.wall();
  }

  private async carryOut(action: OwnerAction, request: OwnerRequest): Promise<unknown> {
    switch (action.kind) {
      case "patch":
        return this.insist("patch", [action.patch], request);
      case "skip":
        return this.insist("skipNext", [{ count: action.count }], request);
      case "backfill":
        return this.insist("backfill", [{ start: action.start, end: action.end }], request);
      case "runNow":
        return this.insist("runNow", [{}], request);
      case "delete":
        return this.insist("delete", [], request);
      case "deleteThread":
        return this.world.threads.call("deleteThread", [THREAD_ID]);
      case "switch":
        return this.untilDone(request, () =>
          setSwitch(this.world.d1.binding(null), { stopped: action.stopped, note: null }),
        );
    }
  }

  private insist(method: string, args: unknown[], request?: OwnerRequest): Promise<unknown> {
    const { network, host } = this.world;
    return this.untilDone(request, async () => {
      const answer = await network.call(null, () => host.call(method, args));
      if ("refusal" in answer) throw new DomainError(answer.refusal.code, answer.refusal.detail);
      return answer.value;
    });
  }

  private async untilDone<T>(request: OwnerRequest | undefined, attempt: () => Promise<T>): Promise<T> {
    const { timeline, random, cron, trace } = this.world;
    for (;;) {
      if (request !== undefined) request.attempts += 1;
      try {
        const late = timeline.sleep(60_000).then(() => {
          throw new Error("the owner waits no longer");
        });
        return await Promise.race([attempt(), late]);
      } catch (error) {
        if (asDomainError(error) !== undefined) throw error;
        trace(`failed: ${String(error)}`);
        await timeline.sleep(random.magnitude(500, MINUTE_MS));
        // Who has had the cron deleted does not ask again for its making.
        if (request === undefined && cron.isDeleted())
          throw new DomainError("cron.not_found", "it is deleted");
      }
    }
  }
}
