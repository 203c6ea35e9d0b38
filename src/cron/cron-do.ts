/**
 * One cron: the Durable Object that stores its definition and its slot ledger, and fires by its alarm.
 *
 * The class has the calls that the object answers, and makes the parts that do the work. A part uses the parts above it.
 */
import { passesFilter, type AccessFilter } from "../calls/access-filter";
import type { ReportAnswer } from "../calls/cron-entry";
import { DurableObject } from "cloudflare:workers";
import type { CronCalls } from "../calls/cron-calls";
import { patched, toWireCron, type CronDefinition } from "../calls/cron-definition";
import type { CronRunsPage, CronRunsQuery } from "../calls/cron-runs";
import type { FiringContext } from "../calls/firing-context";
import type { RunReport } from "../calls/run-report";
import { unindexCron } from "../d1/crons-table";
import { now } from "../platform/clock";
import { DomainError } from "../platform/errors";
import { requireStorable } from "../platform/json";
import { logError } from "../platform/log";
import { answerCall, type Answer } from "../platform/rpc";
import type { Cron, CronPatch } from "../wire/crons/cron";
import type { Figures } from "../wire/crons/figures";
import type { Backfill, BackfillPreview, RunNow, SkipNext, Slot, SlotList } from "../wire/crons/slot";
import { Advance } from "./advance";
import { Alerts } from "./alerts";
import { Claims } from "./claims";
import { SAFETY_ALARM_MS } from "./cron-alarm";
import { CronContext } from "./cron-context";
import { noCron } from "./record";
import { CronIndex } from "./cron-index";
import { DefinitionChanges } from "./definition-changes";
import { LedgerRuns } from "./ledger-runs";
import { Deliveries } from "./deliveries";
import { EndedRuns } from "./ended-runs";
import { reasonNotToFire, requireFuture } from "./limits";
import { RunReports } from "./run-reports";
import { SlotsByHand } from "./slots-by-hand";

export class CronDO extends DurableObject implements CronCalls {
  private readonly context = new CronContext(this.ctx, this.env);
  private readonly alerts = new Alerts(this.context);
  private readonly claims = new Claims(this.context, this.alerts);
  private readonly slotsByHand = new SlotsByHand(this.context);
  private readonly changes = new DefinitionChanges(this.context, this.alerts, this.claims, this.slotsByHand);
  private readonly index = new CronIndex(this.context);
  private readonly endedRuns = new EndedRuns(this.context, this.alerts, this.changes);
  private readonly deliveries = new Deliveries(
    this.context,
    this.alerts,
    this.changes,
    this.index,
    this.endedRuns,
  );
  private readonly advance = new Advance(
    this.context,
    this.alerts,
    this.claims,
    this.index,
    this.endedRuns,
    this.deliveries,
  );
  private readonly ledgerRuns = new LedgerRuns(this.context);
  private readonly runReports = new RunReports(
    this.context,
    this.alerts,
    this.index,
    this.endedRuns,
    this.advance,
  );

  /** Answers every call of Workers and other objects, see {@link answerCall}. */
  async call(method: string, args: unknown[], visible?: AccessFilter): Promise<Answer> {
    const guard =
      visible &&
      (() => {
        this.requireVisible(method, visible);
      });
    return answerCall(this, method, args, guard);
  }

  /**
   * Refuses a call about a cron that does not pass the filter, with the error that a cron which does not exist has.
   * @throws cron.not_found; cron.exists when a cron is to be created
   */
  private requireVisible(method: string, filter: AccessFilter): void {
    const stored = this.context.record.read();
    if (stored === undefined || passesFilter(stored.definition.metadata, filter)) return;
    throw method === "create" ? cronExists() : noCron();
  }

  override async alarm(): Promise<void> {
    await this.context.alarm.handle(() => this.advance.doDueWork());
  }

  async create(
    definition: CronDefinition,
    firingContext: FiringContext,
    { ifExists, patch }: { ifExists: "raise" | "do_nothing" | "update"; patch: CronPatch },
  ): Promise<Cron> {
    const { record, alarm } = this.context;
    const existing = record.read();
    if (existing !== undefined) {
      if (existing.deleted || ifExists === "raise") {
        throw cronExists();
      }
      const { threadId, assistantId } = existing.definition;
      if (ifExists === "do_nothing") return this.get();
      if (threadId !== definition.threadId || assistantId !== definition.assistantId) {
        throw new DomainError(
          "cron.exists",
          "cron_id: the cron with this id has another assistant or thread",
        );
      }
      return this.patch(patch);
    }
    requireFuture(definition);
    requireStorable("cron", definition, firingContext);
    record.transaction(() => {
      record.createTables();
      const nextRunAt = this.claims.nextUnskippedSlot(definition, now());
      record.insert(definition, firingContext, nextRunAt);
      // If `settle` below cannot write the row in D1, the alarm writes it.
      alarm.ringForSafety();
    });
    await this.advance.settle();
    return this.get();
  }

  async get(): Promise<Cron> {
    return toWireCron(this.context.record.require());
  }

  async getFigures(): Promise<Figures> {
    return this.index.figures();
  }

  async patch(patch: CronPatch): Promise<Cron> {
    const { record } = this.context;
    const stored = record.require();
    const before = stored.definition;
    const definition = patched(before, patch, now());
    requireStorable("cron", definition, stored.firingContext);
    const rescheduled = definition.schedule !== before.schedule || definition.timezone !== before.timezone;
    if (rescheduled) requireFuture(definition);
    record.transaction(() => {
      this.changes.store(definition, rescheduled);
    });
    // A lower limit takes effect now. Without this advance it would take effect only after further slots.
    if (definition.policy.history_limit < before.policy.history_limit)
      await this.advance.doDueWorkOrLeaveToAlarm({ slotsBefore: 0 });
    await this.advance.settle();
    return this.get();
  }

  async pause(reason: string): Promise<void> {
    if (!this.context.record.require().definition.enabled) return;
    this.changes.pause(reason);
    await this.advance.settle();
  }

  async delete(): Promise<void> {
    const { record, alarm } = this.context;
    const { definition } = record.require();
    // The record is marked first. So nothing fires from here on, even while D1 cannot be reached.
    record.markDeleted();
    alarm.set(now() + SAFETY_ALARM_MS);
    try {
      await this.advance.exclusively(() => this.advance.removeDeleted());
    } catch (error) {
      logError("the alarm will finish deleting the cron", error, { cron_id: definition.cronId });
    }
  }

  async listSlots(query: SlotList): Promise<Slot[]> {
    const { record, ledger } = this.context;
    record.require();
    return ledger.list(query);
  }

  async listRuns(query: CronRunsQuery): Promise<CronRunsPage> {
    return this.ledgerRuns.list(query);
  }

  async runNow(overrides: RunNow, by: string | null): Promise<Slot> {
    const { record, ledger } = this.context;
    const { definition } = record.require();
    requireStorable("cron", definition, overrides);
    const key = await this.advance.claimByHand(() => this.claims.claimManual(overrides, by));
    record.require();
    const slot = ledger.get(key);
    if (slot === undefined) throw new Error("a run by hand vanished");
    if (slot.status === "skipped") throw new DomainError("cron.conflict", slot.reason ?? "skipped");
    return slot;
  }

  async skipNext(skip: SkipNext): Promise<Cron> {
    await this.advance.claimByHand(() => {
      this.claims.claimDue(reasonNotToFire(this.context.record.require().definition));
      this.slotsByHand.skipNext(skip);
    });
    return this.get();
  }

  async previewBackfill(period: Backfill): Promise<BackfillPreview> {
    return this.slotsByHand.previewBackfill(period);
  }

  async backfill(period: Backfill): Promise<{ slots: number }> {
    return { slots: await this.advance.claimByHand(() => this.slotsByHand.backfill(period)) };
  }

  async runEnded(report: RunReport): Promise<ReportAnswer> {
    return this.runReports.receive(report);
  }

  async runDeleted(report: RunReport): Promise<void> {
    this.ledgerRuns.forget(report.runId);
    this.runReports.receive(report);
    // Nobody writes to D1 what the report has changed of the cron.
    this.context.record.markIndexStale();
  }

  async poke(cronId: string, revision: number): Promise<void> {
    const { record, env } = this.context;
    if (record.read() === undefined) {
      await unindexCron(env.DB, cronId, revision);
      return;
    }
    await this.advance.exclusively(async () => {
      if (!record.isGone()) record.markIndexStale();
    });
    await this.alarm();
  }
}

const cronExists = (): DomainError => new DomainError("cron.exists", "cron_id: there is a cron with this id");
