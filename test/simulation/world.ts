/**
 * One world: a cron in the server's own code, the platform, the threads and D1 around it, its owner, and what goes wrong. It
 * runs its course, calms down, and is left for the checker with a record of all that happened.
 */
import type { PendingSlot } from "../../src/cron/slot-rows";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CronDefinition } from "../../src/calls/cron-definition";
import type { RunReport } from "../../src/calls/run-report";
import { assistantIdOf } from "../../src/d1/default-assistants";
import { setSwitch } from "../../src/d1/switch";
import { pokeOverdue } from "../../src/edge/watchdog";
import type { Env } from "../../src/platform/config";
import { asDomainError, DomainError } from "../../src/platform/errors";
import type { Answer } from "../../src/platform/rpc";
import type { Figures } from "../../src/wire/crons/figures";
import type { Slot } from "../../src/wire/crons/slot";
import { SimulatedD1 } from "./d1";
import { Faults, NO_FAULTS } from "./faults";
import { setEngine } from "./globals";
import { Network, type Sender } from "./network";
import { ObjectHost } from "./object-host";
import { ASSISTANT_ID, CRON_ID, THREAD_ID, type Disruption, type OwnerAction, type Plan } from "./plan";
import { Random } from "./random";
import { Threads, type MadeRun } from "./threads";
import { Timeline } from "./timeline";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The watchdog's patience. */
const LATE_MS = 2 * MINUTE_MS;

/** A definition of the cron, from when on it was stored: by the server's clock and truly. */
export interface DefinitionChange {
  wall: number;
  at: number;
  definition: CronDefinition;
  deleted: boolean;
}

/** Something that the owner asked for: from when to when it may have been done, by the server's clock. */
export interface OwnerRequest {
  action: OwnerAction;
  from: number;
  to: number;
  attempts: number;
  /** How it was answered; undefined when it never was. */
  answered: { value: unknown } | { refusal: string } | undefined;
}

/** A row of the ledger, as stored. */
export interface LedgerRow {
  scheduled_for: number;
  manual: number;
  origin: string;
  status: "pending" | "fired" | "skipped" | "missed";
  reason: string | null;
  lateness_ms: number | null;
  run_id: string | null;
  thread_id: string | null;
  first_slot: number | null;
  schedule: string | null;
  timezone: string | null;
}

export class World {
  readonly timeline: Timeline;
  readonly faults: Faults;
  readonly threads: Threads;
  readonly d1: SimulatedD1;
  readonly host: ObjectHost;
  readonly definitions: DefinitionChange[] = [];
  readonly requests: OwnerRequest[] = [];
  /** Of each jump of the clock: what it showed before and after, and when. */
  readonly jumps: { at: number; before: number; after: number }[] = [];
  readonly lines: string[] = [];
  readonly errors: unknown[] = [];
  /** What the ledger had when all was removed. */
  lastLedger: { rows: LedgerRow[]; removed: LedgerRow[] } | undefined;
  created = false;
  refused = false;
  alerts = 0;
  private readonly network: Network;
  private readonly random: Random;
  private watchdog: { cancel: () => void } | undefined;

  constructor(
    readonly plan: Plan,
    migrations: string[],
    private readonly tracing: boolean,
  ) {
    this.random = new Random(`${plan.seed}/world`);
    const { timeline, random } = { timeline: new Timeline(plan.start), random: this.random };
    this.timeline = timeline;
    const trace = (text: string): void => {
      this.trace(text);
    };
    this.faults = new Faults(timeline, random.fork("faults"), trace);
    this.faults.rates = plan.rates;
    const { faults } = this;
    this.network = new Network(timeline, faults, random.fork("network"));
    this.d1 = new SimulatedD1(migrations, this.network, () => {
      this.bookWatchdog();
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
    this.host = new ObjectHost(CRON_ID, {
      timeline,
      faults,
      random: random.fork("host"),
      trace,
      env: (sender) => this.env(sender),
      observe: () => this.observe(),
      emptying: () => {
        if (this.cronRow() === undefined) return;
        this.lastLedger = { rows: this.ledger(), removed: this.removed() };
      },
      watchedAt: () => {
        const earliest = this.earliestInIndex();
        const next = this.cronRow()?.next_run_at;
        // The index may be about to hear of the next time.
        const latest = Math.max(earliest ?? 0, typeof next === "number" ? next : 0);
        return earliest === undefined ? null : latest + LATE_MS + MINUTE_MS;
      },
      failed: (error) => this.errors.push(error),
    });
    setEngine({
      timeline,
      random: random.fork("uuids"),
      fetch: (_url, signal) => this.fetch(signal),
      log: trace,
    });
  }

  trace(text: string): void {
    if (!this.tracing) return;
    const { now, skew } = this.timeline;
    this.lines.push(`${new Date(now).toISOString()}${skew === 0 ? "" : ` (clock ${skew} ms)`} ${text}`);
  }

  /** Everything up to the calm, and some time after it. */
  async run(): Promise<void> {
    const { plan, timeline } = this;
    for (const { at, disruption } of plan.disruptions)
      timeline.at(at, () => {
        this.disrupt(disruption);
      });
    for (const { at, action } of plan.actions) {
      if (at < plan.calmFrom)
        timeline.at(at, () => {
          this.request(action).catch((error: unknown) => this.errors.push(error));
        });
    }
    const { definition } = plan;
    const firingContext = {
      assistant: { assistant_id: ASSISTANT_ID, graph_id: "agent", config: {}, context: {} },
      stopped: null,
    };
    this.insist("create", [definition, firingContext, { ifExists: "do_nothing", patch: {} }])
      .then(() => {
        this.created = true;
      })
      .catch((error: unknown) => {
        const refusal = asDomainError(error);
        // Its end came before the server was there to make it.
        this.refused = refusal?.code === "request.invalid";
        // Or it was deleted before its making was answered.
        if (refusal === undefined) this.errors.push(error);
        else this.created = true;
      });
    await timeline.runUntil(plan.calmFrom);
    this.calm();
    await timeline.runUntil(timeline.now + 5 * MINUTE_MS);
    for (let step = MINUTE_MS; !this.isSettled() && timeline.now < this.settledBy(); step *= 1.2) {
      await timeline.runUntil(timeline.now + step);
    }
  }

  /** Lets nothing new begin, and what goes on come to its end. */
  async runOut(): Promise<void> {
    const { timeline } = this;
    if (!this.isDeleted())
      await this.requestAndWait({ kind: "patch", patch: { enabled: false, note: "the end" } });
    const until = timeline.now + 400 * 24 * HOUR_MS;
    for (let step = MINUTE_MS; !this.isOver() && timeline.now < until; step *= 1.2) {
      await timeline.runUntil(timeline.now + step);
    }
  }

  /** The owner deletes the cron, at last. */
  async remove(): Promise<void> {
    if (!this.isDeleted()) await this.requestAndWait({ kind: "delete" });
    await this.timeline.runUntil(this.timeline.now + 5 * MINUTE_MS);
  }

  ledger(): LedgerRow[] {
    if (!this.host.storage.tables().includes("slots")) return [];
    const rows = this.host.storage.read("SELECT * FROM slots ORDER BY scheduled_for, manual");
    // The slot that is being delivered.
    const claimed = this.cronRow()?.claimed;
    if (typeof claimed === "string") {
      const { scheduledFor, origin, threadId } = JSON.parse(claimed) as PendingSlot;
      const cells = { scheduled_for: scheduledFor, manual: 0, origin, thread_id: threadId };
      rows.push({ ...cells, status: "pending", reason: null, run_id: null, first_slot: null });
    }
    return rows as unknown as LedgerRow[];
  }

  /** What was taken out of the ledger, whatever for. */
  removed(): LedgerRow[] {
    return this.host.storage.removals().map((row) => JSON.parse(row) as LedgerRow);
  }

  cronRow(): Record<string, unknown> | undefined {
    if (!this.host.storage.tables().includes("cron")) return undefined;
    return this.host.storage.read("SELECT * FROM cron")[0];
  }

  isDeleted(): boolean {
    return this.definitions.at(-1)?.deleted ?? false;
  }

  /** The present definition. */
  definition(): CronDefinition {
    return this.definitions.at(-1)?.definition ?? this.plan.definition;
  }

  private trouble(error: unknown): void {
    this.trace(`failed: ${String(error)}`);
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

  /** Looks at what has been written; what comes back notes it, once it is kept. */
  private observe(): () => void {
    const row = this.cronRow();
    if (row === undefined) return () => undefined;
    if (this.definitions.length === 0) this.host.storage.watchRemovals();
    const { now } = this.timeline;
    const wall = this.timeline.wall();
    const { definition, deleted } = row;
    return () => {
      const last = this.definitions.at(-1);
      const seen = {
        wall,
        at: now,
        definition: JSON.parse(String(definition)) as CronDefinition,
        deleted: deleted === 1,
      };
      if (
        last !== undefined &&
        last.deleted === seen.deleted &&
        JSON.stringify(last.definition) === definition
      )
        return;
      this.trace(`stored: ${String(definition)}${seen.deleted ? " (deleted)" : ""}`);
      this.definitions.push(seen);
    };
  }

  private disrupt(disruption: Disruption): void {
    const { timeline, faults, host } = this;
    const { now } = timeline;
    switch (disruption.kind) {
      case "kill":
        host.kill();
        break;
      case "serverDown": {
        if (faults.serverDown) break;
        faults.note("serverDown", now, now + disruption.forMs);
        faults.serverDown = true;
        host.kill();
        timeline.after(disruption.forMs, () => {
          this.serverUp();
        });
        break;
      }
      case "d1Down":
        if (faults.d1Down) break;
        faults.note("d1Down", now, now + disruption.forMs);
        faults.d1Down = true;
        timeline.after(disruption.forMs, () => {
          faults.d1Down = false;
        });
        break;
      case "clockJump":
        if (timeline.skew !== 0) break;
        faults.note("clockJump", now, now + disruption.forMs);
        this.setClock(disruption.byMs);
        timeline.after(disruption.forMs, () => {
          this.setClock(0);
        });
        break;
    }
  }

  private serverUp(): void {
    if (!this.faults.serverDown) return;
    this.faults.serverDown = false;
    this.trace("the server is up again");
    this.bookWatchdog();
  }

  private setClock(skew: number): void {
    const { timeline } = this;
    if (skew === timeline.skew) return;
    const before = timeline.wall();
    timeline.skew = skew;
    this.jumps.push({ at: timeline.now, before, after: timeline.wall() });
    this.host.clockChanged();
    this.bookWatchdog();
  }

  private calm(): void {
    this.trace("calm");
    this.faults.rates = NO_FAULTS;
    this.faults.d1Down = false;
    this.setClock(0);
    // What is left of it may not outlive this.
    this.host.kill();
    this.serverUp();
  }

  /** The cron's figures, as its object tells them. */
  async figures(): Promise<Figures | undefined> {
    const asked = this.network.call(null, () => this.host.call("getFigures", []));
    await this.timeline.runUntil(this.timeline.now + 1000);
    const answered = await asked;
    return "value" in answered ? (answered.value as Figures) : undefined;
  }

  /** The ledger, as its object tells it. */
  async slots(): Promise<Slot[]> {
    const asked = this.network.call(null, () => this.host.call("listSlots", [{ limit: 100_000 }]));
    await this.timeline.runUntil(this.timeline.now + 1000);
    const answered = await asked;
    return "value" in answered ? (answered.value as Slot[]) : [];
  }

  /** Whether what was begun before the calm is over, as far as it can be. */
  private isSettled(): boolean {
    const { calmFrom } = this.plan;
    if (!this.created) return false;
    const made = [...this.threads.made.values()];
    const isUnheard = ({ reportedAt, isAnswered }: MadeRun): boolean =>
      reportedAt === null && !(isAnswered && this.isDeleted());
    if (made.some((run) => run.at < calmFrom && (isUnheard(run) || !run.indexed))) return false;
    // The index is about to be written with a run.
    if (made.some(({ entry }) => entry !== null)) return false;
    if (this.isDeleted()) return this.cronRow() === undefined;
    if (this.host.isUnattended()) return false;
    const [indexed] = this.d1.direct("SELECT revision FROM crons");
    const alarm = this.host.storage.alarm();
    // The index is about to be written.
    const soon = alarm !== undefined && alarm.at < this.timeline.now + 3 * MINUTE_MS;
    if (indexed === undefined || (soon && indexed.revision !== this.cronRow()?.revision)) return false;
    return !this.ledger().some(({ scheduled_for: at, status }) => status === "pending" && at < calmFrom);
  }

  /** Nothing goes on, and nothing waits. */
  private isOver(): boolean {
    const pending = this.ledger().some(({ status }) => status === "pending");
    return this.threads.isQuiet() && this.host.isIdle() && !pending;
  }

  /** When it has to be. */
  private settledBy(): number {
    const { calmFrom, habits } = this.plan;
    const jitter = Math.max(0, ...this.definitions.map(({ definition }) => definition.policy.jitter_seconds));
    const waits = this.ledger().filter(({ status }) => status === "pending").length + 3;
    const lost = this.host.isUnattended() ? Math.max(0, (this.earliestInIndex() ?? 0) - calmFrom) : 0;
    return calmFrom + HOUR_MS + jitter * 1000 + waits * habits.longestMs + lost;
  }

  private earliestInIndex(): number | undefined {
    const [row] = this.d1.direct("SELECT min(next_run_date) AS at FROM crons");
    return typeof row?.at === "number" ? row.at : undefined;
  }

  /** The trigger of each minute; of those at which there is nothing to find none is simulated. */
  private bookWatchdog(): void {
    this.watchdog?.cancel();
    const earliest = this.earliestInIndex();
    if (earliest === undefined) return;
    const { timeline } = this;
    const findsAt = Math.max(timeline.now, earliest + LATE_MS + 1 - timeline.skew);
    this.watchdog = timeline.at((Math.floor(findsAt / MINUTE_MS) + 1) * MINUTE_MS, () => {
      if (this.faults.serverDown) return;
      this.trace("watchdog");
      // It comes every minute, whether the last has got an answer or not.
      this.bookWatchdog();
      pokeOverdue(this.env(null)).catch((error: unknown) => {
        this.trouble(error);
      });
    });
  }

  private async requestAndWait(action: OwnerAction): Promise<void> {
    this.request(action).catch((error: unknown) => this.errors.push(error));
    await this.timeline.runUntil(this.timeline.now + 5 * MINUTE_MS);
  }

  /** What the owner asks for, again until there is an answer. */
  private async request(action: OwnerAction): Promise<void> {
    const request: OwnerRequest = {
      action,
      from: this.timeline.wall(),
      to: Infinity,
      attempts: 0,
      answered: undefined,
    };
    this.trace(`owner: ${JSON.stringify(action)}`);
    this.requests.push(request);
    try {
      request.answered = { value: await this.carryOut(action, request) };
    } catch (error) {
      const refusal = asDomainError(error);
      if (refusal === undefined) throw error;
      request.answered = { refusal: refusal.code };
      this.trace(`refused: ${refusal.message}`);
    }
    request.to = this.timeline.wall();
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
        return this.threads.call("deleteThread", [THREAD_ID]);
      case "switch":
        return this.untilDone(request, () =>
          setSwitch(this.d1.binding(null), { stopped: action.stopped, note: null }),
        );
    }
  }

  private insist(method: string, args: unknown[], request?: OwnerRequest): Promise<unknown> {
    return this.untilDone(request, async () => {
      const answer = await this.network.call(null, () => this.host.call(method, args));
      if ("refusal" in answer) throw new DomainError(answer.refusal.code, answer.refusal.detail);
      return answer.value;
    });
  }

  private async untilDone<T>(request: OwnerRequest | undefined, attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      if (request !== undefined) request.attempts += 1;
      try {
        const late = this.timeline.sleep(60_000).then(() => {
          throw new Error("the owner waits no longer");
        });
        return await Promise.race([attempt(), late]);
      } catch (error) {
        if (asDomainError(error) !== undefined) throw error;
        this.trouble(error);
        await this.timeline.sleep(this.random.magnitude(500, MINUTE_MS));
        // Who has had the cron deleted does not ask again for its making.
        if (request === undefined && this.isDeleted())
          throw new DomainError("cron.not_found", "it is deleted");
      }
    }
  }

  /** The receiver of alerts. */
  private async fetch(signal: AbortSignal | null | undefined): Promise<Response> {
    const { timeline, faults, random } = this;
    await timeline.sleep(random.int(1, 200));
    if (faults.serverDown || faults.strikes("refused")) throw new Error("connection refused");
    if (faults.strikes("hangs")) {
      return new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          reject(new Error("aborted"));
        });
      });
    }
    this.alerts += 1;
    return new Response(null, { status: faults.strikes("answerLost") ? 500 : 200 });
  }
}

/** The texts of the migrations, in their order. */
export const readMigrations = (root: string): string[] =>
  readdirSync(join(root, "migrations"))
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => readFileSync(join(root, "migrations", name), "utf8"));
