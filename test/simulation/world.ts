/**
 * One world: a cron in the server's own code, the platform, the threads and D1 around it, its owner, and what goes wrong. It
 * runs its course, calms down, and is left for the checker with a record of all that happened.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CronDefinition } from "../../src/calls/cron-definition";
import type { RunReport } from "../../src/calls/run-report";
import { assistantIdOf } from "../../src/d1/default-assistants";
import type { Env } from "../../src/platform/config";
import type { Answer } from "../../src/platform/rpc";
import type { Figures } from "../../src/wire/crons/figures";
import type { Slot } from "../../src/wire/crons/slot";
import { AlertReceiver } from "./alert-receiver";
import { isOver, isSettled, settledBy } from "./at-rest";
import { SimulatedD1 } from "./d1";
import { Disruptions } from "./disruptions";
import { Faults } from "./faults";
import { setEngine } from "./globals";
import { Network, type Sender } from "./network";
import { ObjectHost } from "./object-host";
import { Owner } from "./owner";
import { ASSISTANT_ID, CRON_ID, THREAD_ID, type Plan } from "./plan";
import { Random } from "./random";
import { StoredCron } from "./stored-cron";
import { Threads } from "./threads";
import { Timeline } from "./timeline";
import { Watchdog } from "./watchdog";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export class World {
  readonly timeline: Timeline;
  readonly faults: Faults;
  readonly threads: Threads;
  readonly d1: SimulatedD1;
  readonly host: ObjectHost;
  readonly cron: StoredCron;
  readonly owner: Owner;
  readonly watchdog: Watchdog;
  readonly disruptions: Disruptions;
  readonly alerts: AlertReceiver;
  readonly lines: string[] = [];
  readonly errors: unknown[] = [];
  private readonly network: Network;

  constructor(
    readonly plan: Plan,
    migrations: string[],
    private readonly tracing: boolean,
  ) {
    const random = new Random(`${plan.seed}/world`);
    const timeline = new Timeline(plan.start);
    this.timeline = timeline;
    const trace = (text: string): void => {
      this.trace(text);
    };
    const failed = (error: unknown): void => {
      this.errors.push(error);
    };
    const faults = new Faults(timeline, random.fork("faults"), trace);
    faults.rates = plan.rates;
    this.faults = faults;
    this.network = new Network(timeline, faults, random.fork("network"));
    this.watchdog = new Watchdog({ timeline, faults, trace, d1: () => this.d1, env: () => this.env(null) });
    this.d1 = new SimulatedD1(migrations, this.network, () => {
      this.watchdog.book();
    });
    this.addAssistant();
    this.threads = new Threads(
      {
        timeline,
        faults,
        random: random.fork("threads"),
        trace,
        d1: this.d1.binding(null),
        report: (cronId, report) => this.report(cronId, report),
      },
      plan.habits,
    );
    if (plan.definition.threadId !== null) this.threads.addThread(THREAD_ID);
    this.cron = new StoredCron(timeline, () => this.host.storage, trace);
    this.host = new ObjectHost(CRON_ID, {
      timeline,
      faults,
      random: random.fork("host"),
      trace,
      env: (sender) => this.env(sender),
      observe: () => this.observe(),
      emptying: () => {
        this.cron.keepLedger();
      },
      watchedAt: () => this.watchdog.comesBy(this.cron.row()?.next_run_at),
      failed,
    });
    const { network, host, threads, d1, cron, watchdog } = this;
    this.disruptions = new Disruptions({ timeline, faults, host, watchdog, trace });
    this.owner = new Owner({ timeline, random, network, host, threads, d1, cron, trace, failed });
    this.alerts = new AlertReceiver({ timeline, faults, random });
    setEngine({
      timeline,
      random: random.fork("uuids"),
      fetch: (_url, signal) => this.alerts.fetch(signal),
      log: trace,
    });
  }

  /** Everything up to the calm, and some time after it. */
  async run(): Promise<void> {
    const { plan, timeline } = this;
    for (const { at, disruption } of plan.disruptions)
      timeline.at(at, () => {
        this.disruptions.begin(disruption);
      });
    for (const { at, action } of plan.actions) {
      if (at < plan.calmFrom)
        timeline.at(at, () => {
          this.owner.ask(action);
        });
    }
    this.owner.create(plan);
    await timeline.runUntil(plan.calmFrom);
    this.disruptions.calm();
    await timeline.runUntil(timeline.now + 5 * MINUTE_MS);
    for (let step = MINUTE_MS; !isSettled(this) && timeline.now < settledBy(this); step *= 1.2) {
      await timeline.runUntil(timeline.now + step);
    }
  }

  /** Lets nothing new begin, and what goes on come to its end. */
  async runOut(): Promise<void> {
    const { timeline } = this;
    if (!this.cron.isDeleted())
      await this.owner.askAndWait({ kind: "patch", patch: { enabled: false, note: "the end" } });
    const until = timeline.now + 400 * DAY_MS;
    for (let step = MINUTE_MS; !isOver(this) && timeline.now < until; step *= 1.2) {
      await timeline.runUntil(timeline.now + step);
    }
  }

  /** The owner deletes the cron, at last. */
  async remove(): Promise<void> {
    if (!this.cron.isDeleted()) await this.owner.askAndWait({ kind: "delete" });
    await this.timeline.runUntil(this.timeline.now + 5 * MINUTE_MS);
  }

  /** The present definition. */
  definition(): CronDefinition {
    return this.cron.definitions.at(-1)?.definition ?? this.plan.definition;
  }

  /** The cron's figures, as its object tells them. */
  async figures(): Promise<Figures | undefined> {
    return (await this.askObject("getFigures", [])) as Figures | undefined;
  }

  /** The ledger, as its object tells it. */
  async slots(): Promise<Slot[]> {
    return ((await this.askObject("listSlots", [{ limit: 100_000 }])) as Slot[] | undefined) ?? [];
  }

  private async askObject(method: string, args: unknown[]): Promise<unknown> {
    const asked = this.network.call(null, () => this.host.call(method, args));
    await this.timeline.runUntil(this.timeline.now + 1000);
    const answered = await asked;
    return "value" in answered ? answered.value : undefined;
  }

  private trace(text: string): void {
    if (!this.tracing) return;
    const { now, skew } = this.timeline;
    this.lines.push(`${new Date(now).toISOString()}${skew === 0 ? "" : ` (clock ${skew} ms)`} ${text}`);
  }

  /** Looks at what has been written; what comes back notes it, once it is kept. */
  private observe(): () => void {
    const noteDefinition = this.cron.observe();
    const running = this.threads.areEndsHeard() ? this.cron.running() : undefined;
    return () => {
      noteDefinition();
      if (running !== undefined) this.threads.noteRunning(running);
    };
  }

  private env(sender: Sender | null): Env {
    const { network, host, threads } = this;
    const stubs = (deliver: (method: string, args: unknown[]) => Promise<Answer>) => ({
      idFromName: (name: string) => name,
      get: () => ({
        call: async (method: string, args: unknown[]) => {
          const answer = await network.call(sender, () => deliver(method, args));
          threads.noteHeard(answer);
          return answer;
        },
      }),
    });
    return {
      CRON: stubs((method, args) => host.call(method, args)),
      THREAD: stubs((method, args) => {
        this.trace(`-> thread.${method}`);
        return threads.call(method, args);
      }),
      DB: this.d1.binding(sender),
      AUTH: "open",
    } as unknown as Env;
  }

  private report(cronId: string, report: RunReport): Promise<Answer> {
    if (cronId !== CRON_ID) throw new Error(`a report to ${cronId}`);
    return this.network.call(null, () => this.host.call("runEnded", [report]));
  }

  private addAssistant(): void {
    this.d1.direct(
      `INSERT INTO assistants (assistant_id, graph_id, name, config, context, metadata, version, created_at, updated_at)
       VALUES (?, 'agent', 'agent', '{}', '{}', '{}', 1, 0, 0)`,
      assistantIdOf(ASSISTANT_ID),
    );
  }
}

/** The texts of the migrations, in their order. */
export const readMigrations = (root: string): string[] =>
  readdirSync(join(root, "migrations"))
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => readFileSync(join(root, "migrations", name), "utf8"));
