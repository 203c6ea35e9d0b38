/**
 * The platform's hosting of one cron's object: its lives, its storage, the calls that it gets, and its alarm. An alarm is
 * delivered at least once; a handler that throws is called again, six times at most; an alarm that is set replaces the one
 * before.
 */
import { CronDO } from "../../src/cron/cron-do";
import type { Env } from "../../src/platform/config";
import type { Answer } from "../../src/platform/rpc";
import type { Fault, Faults } from "./faults";
import { HostDied, Life } from "./life";
import type { Sender } from "./network";
import { ObjectStorage, type StoredAlarm } from "./object-storage";
import type { Random } from "./random";
import type { Booking, Timeline } from "./timeline";

const MINUTE_MS = 60_000;
const MOST_RETRIES = 6;
/** Longer than this no handler may take. */
const HANDLER_LIMIT_MS = 15 * MINUTE_MS;

/** Nobody is evicted sooner. */
const IDLE_MS = 10_000;

export interface HostWorld {
  timeline: Timeline;
  faults: Faults;
  random: Random;
  trace: (text: string) => void;
  /** The bindings of a host. */
  env: (sender: Sender) => Env;
  /** Something was written; told once for each stretch, and then whether it was kept. */
  observe: () => () => void;
  emptying: () => void;
  /** When the watchdog will come by, should the alarm be lost; null: never. */
  watchedAt: () => number | null;
  /** No code of the server's may leave a rejection to nobody. */
  failed: (error: unknown) => void;
}

export class ObjectHost {
  readonly storage: ObjectStorage;
  private readonly observations: (() => void)[] = [];
  private current: { life: Life; instance: CronDO } | undefined;
  /** The setting of the alarm that a delivery is booked for, that is being handled, or that is lost. */
  private armed: number | null = null;
  private booking: Booking | undefined;
  private handling = false;
  private retries = 0;
  private lastBusy = 0;
  private lost: Fault | undefined;
  handled = 0;

  constructor(
    readonly name: string,
    private readonly world: HostWorld,
  ) {
    const { timeline, random } = world;
    this.storage = new ObjectStorage({
      book: (flush) => timeline.after(random.int(0, 3), flush),
      stretchEnded: (stretch) => (this.observations[stretch - 1] = world.observe()),
      kept: (stretches) => {
        for (const keep of this.observations.splice(0).slice(0, stretches)) keep();
        this.arm();
      },
      emptying: world.emptying,
    });
  }

  /** A call from elsewhere: made here at once, and answered when what it has stored is kept. */
  async call(method: string, args: unknown[]): Promise<Answer> {
    const { life, instance } = this.live();
    this.attended();
    const answered = life.during(instance.call(method, structuredClone(args)));
    const answer = await Promise.race([answered, life.died]);
    await this.storage.gate();
    if (life.dead) throw new Error("Network connection lost.");
    return structuredClone(answer);
  }

  /** The host dies, if there is one. */
  kill(): void {
    this.current?.life.die();
  }

  /** Nothing is under way. */
  isIdle(): boolean {
    return !this.handling && (this.current === undefined || this.current.life.busy === 0);
  }

  /** The platform goes by the same clock. */
  clockChanged(): void {
    if (!this.handling && this.lost === undefined) this.rearm();
  }

  /** An alarm is lost, and nobody has come by since. */
  isUnattended(): boolean {
    return this.lost !== undefined;
  }

  private live(): { life: Life; instance: CronDO } {
    const { faults, trace, timeline } = this.world;
    const idleFor = timeline.now - this.lastBusy;
    this.lastBusy = timeline.now;
    if (this.current?.life.busy === 0 && idleFor > IDLE_MS && faults.strikes("eviction")) {
      faults.evictions += 1;
      trace("the idle object is evicted");
      this.current = undefined;
    }
    this.current ??= this.bear();
    return this.current;
  }

  private bear(): { life: Life; instance: CronDO } {
    const { faults, trace, random } = this.world;
    const life: Life = new Life(faults.stepsToLive(), () => {
      if (this.current?.life === life) this.current = undefined;
      if (!faults.serverDown) faults.noteNow("crash");
      this.storage.lose((stretches) => {
        const kept = random.int(0, stretches);
        trace(`the host died; kept ${kept} of ${stretches} stretches`);
        return kept;
      });
      if (!this.handling) this.rearm();
    });
    const sender: Sender = { life, gate: () => this.storage.gate() };
    const state = {
      id: { name: this.name },
      storage: this.storage.facade(life),
      waitUntil: (work: Promise<unknown>) => {
        life.during(work).catch((error: unknown) => {
          if (!(error instanceof HostDied)) this.world.failed(error);
        });
      },
    };
    const instance = new CronDO(state as unknown as DurableObjectState, this.world.env(sender));
    return { life, instance };
  }

  /** Someone has come by: what was lost is found, if it was due. */
  private attended(): void {
    if (this.lost !== undefined && this.world.timeline.now >= this.lost.from) this.found();
  }

  private found(): void {
    if (this.lost === undefined) return;
    this.lost.to = Math.max(this.lost.from, this.world.timeline.now);
    this.lost = undefined;
  }

  private rearm(): void {
    this.booking?.cancel();
    this.armed = null;
    this.arm();
  }

  /** Books the delivery of the alarm as it is kept now, unless that has been done. */
  private arm(): void {
    if (this.handling) return;
    const alarm = this.storage.alarm();
    if (alarm?.setting === this.armed) return;
    this.booking?.cancel();
    this.armed = alarm?.setting ?? null;
    // Another alarm takes the place of one that was lost.
    this.found();
    this.retries = 0;
    if (alarm !== undefined) this.book(alarm, this.deliveryAt(alarm));
  }

  private deliveryAt({ at }: StoredAlarm): number | null {
    const { faults, random, timeline, watchedAt, trace } = this.world;
    trace(`alarm set for ${new Date(at).toISOString()}`);
    const foundAt = watchedAt();
    if (foundAt !== null && faults.strikes("alarmLost")) {
      const due = Math.max(at - timeline.skew, timeline.now);
      this.lost = faults.note("alarmLost", due, Infinity);
      this.lost.foundBy = Math.max(due, foundAt) + MINUTE_MS;
      this.lost.setAt = timeline.now;
      return null;
    }
    if (faults.strikes("alarmEarly")) {
      faults.noteNow("alarmEarly");
      return at - timeline.skew - random.int(1, 20);
    }
    const due = Math.max(at - timeline.skew, timeline.now);
    if (faults.strikes("alarmLate")) {
      const late = random.magnitude(100, 30 * 60_000);
      faults.note("alarmLate", due, due + late);
      return due + late;
    }
    return due + random.int(0, 5);
  }

  private book({ setting }: StoredAlarm, at: number | null): void {
    if (at === null) return;
    this.booking = this.world.timeline.at(at, () => {
      this.deliver(setting).catch(this.world.failed);
    });
  }

  private async deliver(setting: number): Promise<void> {
    const { faults, timeline, random, trace } = this.world;
    if (faults.serverDown) {
      this.book({ at: 0, setting }, timeline.now + random.int(1000, 20_000));
      return;
    }
    this.handling = true;
    this.handled += 1;
    trace("alarm");
    let outcome = await this.handle();
    if (outcome === "done" && faults.strikes("alarmTwice")) {
      faults.noteNow("alarmTwice");
      outcome = await this.handle();
    }
    this.handling = false;
    const alarm = this.storage.alarm();
    if (alarm?.setting !== setting) {
      this.rearm();
      return;
    }
    if (outcome === "done") {
      this.storage.clearAlarm(setting);
      this.rearm();
      return;
    }
    if (outcome === "threw") this.retries += 1;
    // A dead host is no failure of the handler: it is called again.
    const delay = outcome === "threw" ? 2000 * 2 ** (this.retries - 1) : random.int(50, 20_000);
    if (this.retries <= MOST_RETRIES) this.book(alarm, timeline.now + delay);
  }

  private async handle(): Promise<"done" | "threw" | "died"> {
    const { timeline } = this.world;
    const { life, instance } = this.live();
    this.attended();
    const limit = timeline.after(HANDLER_LIMIT_MS, () => {
      life.die();
    });
    try {
      await Promise.race([life.during(instance.alarm()), life.died]);
      await this.storage.gate();
      return life.dead ? "died" : "done";
    } catch {
      return life.dead ? "died" : "threw";
    } finally {
      limit.cancel();
    }
  }
}
