/**
 * What stands in for the objects of threads: the contract that crons rest on, and no graph. Runs are taken in once by their
 * ids, take their time, end somehow, are written to the index, and are reported to their cron until it acknowledges that. What is
 * here survives everything; only calls from and to it go wrong.
 */
import { withEndOfRun, type CronEntry, type ReportAnswer } from "../../src/calls/cron-entry";
import type { NewRun } from "../../src/calls/run";
import type { RunReport } from "../../src/calls/run-report";
import type { FoundRun } from "../../src/calls/thread-calls";
import { updateCronEntry } from "../../src/d1/crons-table";
import { deleteRunRow, requireRun } from "../../src/d1/runs-table";
import { DomainError } from "../../src/platform/errors";
import { answerCall, type Answer } from "../../src/platform/rpc";
import type { Faults } from "./faults";
import type { Random } from "./random";
import type { Booking, Timeline } from "./timeline";

const MAX_WAITING = 100;
/** For so long a run has just begun, and the index is not told of it. */
const FRESH_MS = 1000;
const LONGEST_REPORT_DELAY_MS = 10 * 60_000;

/** A run that was taken in, and what became of it. Instants are true times, but for those with `wall`. */
export interface MadeRun {
  run: NewRun;
  /** More than one is the fault that all this is about. */
  times: number;
  at: number;
  wallAt: number;
  startedAt: number | null;
  endedAt: number | null;
  /** As the cron is told it. */
  report: RunReport | null;
  /** When the cron first acknowledged the report, or had stored what it got as an answer. */
  reportedAt: number | null;
  /** What the index is to have of the cron, until it is written. */
  entry: CronEntry | null;
  indexed: boolean;
  /** Whether the index is to have no record of it. */
  deleted: boolean;
  booking: Booking | null;
  /** Whether the cron waits for the answer to enqueuing it. */
  isAwaited: boolean;
  /** Whether its end is the answer, and so is not reported. */
  isAnswered: boolean;
}

interface StoodThread {
  deleted: boolean;
  temporary: boolean;
  waiting: boolean;
}

/** How runs go. */
export interface RunHabits {
  shortestMs: number;
  longestMs: number;
  /** Of the runs, those that fail, take too long, stop at an interrupt, or are rolled back by somebody. */
  errors: number;
  timeouts: number;
  interrupts: number;
  rollbacks: number;
  mostTokens: number;
}

export interface ThreadWorld {
  timeline: Timeline;
  faults: Faults;
  random: Random;
  trace: (text: string) => void;
  d1: D1Database;
  /** Gives a cron a report. */
  report: (cronId: string, report: RunReport) => Promise<Answer>;
}

export class Threads {
  /** By their ids: all that were ever taken in. */
  readonly made = new Map<string, MadeRun>();
  readonly threads = new Map<string, StoodThread>();
  /** When the index was given something of the cron. */
  readonly entryWrites: number[] = [];
  /** Runs whose end the cron got as an answer, until it has stored that. */
  private readonly heard = new Set<MadeRun>();

  constructor(
    private readonly world: ThreadWorld,
    private readonly habits: RunHabits,
  ) {}

  async call(method: string, args: unknown[]): Promise<Answer> {
    return structuredClone(await answerCall(this, method, structuredClone(args)));
  }

  /** A thread that was there before. */
  addThread(threadId: string): void {
    this.threads.set(threadId, { deleted: false, temporary: false, waiting: false });
  }

  isQuiet(): boolean {
    return [...this.made.values()].every((made) => !this.isLiving(made));
  }

  async enqueueRun(
    run: NewRun,
    {
      cronEntry,
      notAfter,
      answerWithinMs,
    }: { cronEntry: CronEntry | null; notAfter: number; answerWithinMs: number },
  ): Promise<RunReport | null> {
    const { timeline, random, trace } = this.world;
    const known = this.made.get(run.runId);
    const times = known?.times ?? 0;
    if (timeline.wall() > notAfter) throw new DomainError("run.too_late", "the call came too late");
    // Of one that is over and forgotten nothing is known here.
    if (known !== undefined && this.isLiving(known)) return null;
    this.takeThread(run);
    const { now } = timeline;
    const made: MadeRun = {
      run,
      times: times + 1,
      at: now,
      wallAt: timeline.wall(),
      startedAt: null,
      endedAt: null,
      report: null,
      reportedAt: null,
      entry: cronEntry,
      indexed: false,
      deleted: false,
      booking: null,
      isAwaited: answerWithinMs > 0,
      isAnswered: false,
    };
    trace(`run ${run.runId} of ${String(run.metadata.scheduled_for)} is taken in`);
    this.made.set(run.runId, made);
    const isFirst = this.unfinishedOf(run.threadId)[0] === made;
    if (isFirst) this.start(made, random.int(0, 50));
    timeline.after(FRESH_MS, () => {
      if (made.endedAt === null) this.index(made);
    });
    if (answerWithinMs === 0) return null;
    const deadline = now + answerWithinMs;
    while (made.endedAt === null && timeline.now < deadline) await timeline.sleep(10);
    made.isAwaited = false;
    return made.isAnswered ? made.report : null;
  }

  /** The cron's object gets this answer. It may die before it has stored what the answer says. */
  noteHeard(answer: Answer): void {
    const value = "value" in answer ? answer.value : null;
    const report = (value as { report?: RunReport } | null)?.report ?? (value as RunReport | null);
    const made = this.made.get(report?.runId ?? "");
    if (made?.isAnswered === true && made.reportedAt === null) this.heard.add(made);
  }

  /** Whether the cron may be about to store an end that it got as an answer. */
  areEndsHeard(): boolean {
    return this.heard.size > 0;
  }

  /** The cron has stored that these runs go on, and no others. */
  noteRunning(runIds: string[]): void {
    for (const made of this.heard) {
      if (runIds.includes(made.run.runId)) continue;
      made.reportedAt ??= this.world.timeline.now;
      this.heard.delete(made);
    }
  }

  async findRun(runId: string): Promise<FoundRun> {
    const { random } = this.world;
    const made = this.made.get(runId);
    if (made === undefined) return { found: false, isCertain: random.chance(0.5) };
    // Who asks does not wait for the answer any more, so an end that is still to come is reported.
    made.isAwaited = false;
    const { isAnswered, report } = made;
    // An object that has lost its memory cannot tell whether there was a run.
    if (!this.isLiving(made) && (!isAnswered || random.chance(0.5)))
      return { found: false, isCertain: false };
    return { found: true, report: isAnswered ? report : null };
  }

  async unfinishedRuns(runIds: string[]): Promise<string[]> {
    return runIds.filter((runId) => this.made.get(runId)?.endedAt === null);
  }

  async cancelRun(threadId: string, runId: string, action: "interrupt" | "rollback"): Promise<void> {
    const known = this.made.get(runId);
    if (!this.isLiving(known)) {
      await requireRun(this.world.d1, threadId, runId);
      return;
    }
    if (known.endedAt === null) this.end(known, action === "rollback" ? "rolled_back" : "interrupted");
  }

  async checkThread(threadId: string): Promise<void> {
    this.requireThread(threadId);
  }

  async getThread(threadId: string) {
    const thread = this.requireThread(threadId);
    const busy = this.unfinishedOf(threadId).length > 0;
    return { thread_id: threadId, status: busy ? "busy" : thread.waiting ? "interrupted" : "idle" };
  }

  async deleteThread(threadId: string): Promise<void> {
    const thread = this.requireThread(threadId);
    thread.deleted = true;
    for (const run of this.unfinishedOf(threadId)) this.end(run, "interrupted");
  }

  private requireThread(threadId: string): StoodThread {
    const thread = this.threads.get(threadId);
    if (thread === undefined || thread.deleted) {
      throw new DomainError("thread.not_found", `no thread with the id ${threadId}`);
    }
    return thread;
  }

  /** The thread is there, and lets the run in. */
  private takeThread({ threadId, createThread, temporary, multitaskStrategy }: NewRun): void {
    const thread = this.threads.get(threadId);
    if (thread === undefined ? !createThread : thread.deleted) this.requireThread(threadId);
    const earlier = this.unfinishedOf(threadId);
    if (earlier.length > 0 && multitaskStrategy === "reject") {
      throw new DomainError("run.conflict", "the thread is busy with another run");
    }
    if (earlier.length >= MAX_WAITING)
      throw new DomainError("run.conflict", "100 runs wait on the thread already");
    if (thread === undefined) this.threads.set(threadId, { deleted: false, temporary, waiting: false });
    if (multitaskStrategy === "enqueue") return;
    for (const run of earlier)
      this.end(run, multitaskStrategy === "rollback" ? "rolled_back" : "interrupted");
  }

  /** Whether the object of its thread still knows the run. */
  private isLiving(run: MadeRun | undefined): run is MadeRun {
    if (run === undefined) return false;
    return !(run.indexed && (run.isAnswered || run.reportedAt !== null) && run.entry === null);
  }

  private unfinishedOf(threadId: string): MadeRun[] {
    return [...this.made.values()].filter(
      ({ run, endedAt }) => run.threadId === threadId && endedAt === null,
    );
  }

  private start(made: MadeRun, delayMs: number): void {
    const { timeline, random, faults } = this.world;
    const { shortestMs, longestMs } = this.habits;
    timeline.after(delayMs, () => {
      if (made.endedAt !== null || made.startedAt !== null) return;
      made.startedAt = timeline.wall();
      const finish = (): void => {
        // Nothing goes on while the server is down.
        if (faults.serverDown) made.booking = timeline.after(random.int(1000, 60_000), finish);
        else this.end(made, this.outcome());
      };
      made.booking = timeline.after(random.magnitude(shortestMs, longestMs), finish);
    });
  }

  private outcome(): RunReport["status"] {
    const { errors, timeouts, interrupts, rollbacks } = this.habits;
    const draw = this.world.random.draw();
    if (draw < errors) return "error";
    if (draw < errors + timeouts) return "timeout";
    if (draw < errors + timeouts + interrupts) return "interrupted";
    return draw < errors + timeouts + interrupts + rollbacks ? "rolled_back" : "success";
  }

  private end(made: MadeRun, status: RunReport["status"]): void {
    const { timeline, random, trace } = this.world;
    const { run } = made;
    made.booking?.cancel();
    made.endedAt = timeline.now;
    const started = made.startedAt !== null;
    const failed = status === "error" || status === "timeout";
    made.report = {
      runId: run.runId,
      threadId: run.threadId,
      status,
      waiting: false,
      error: failed ? { error: "Error", message: "it went wrong" } : null,
      createdAt: made.wallAt,
      attempts: started ? 1 : 0,
      startedAt: made.startedAt,
      endedAt: timeline.wall(),
      inputTokens: started ? random.int(0, this.habits.mostTokens) : 0,
      outputTokens: started ? random.int(0, this.habits.mostTokens) : 0,
    };
    made.deleted = status === "rolled_back";
    trace(`run ${run.runId} ends: ${status}`);
    const thread = this.threads.get(run.threadId);
    const [next] = this.unfinishedOf(run.threadId);
    if (thread !== undefined) {
      thread.waiting = status === "interrupted" && random.chance(0.3);
      // A rolled-back run leaves nothing, so the thread that was made for it goes too.
      const goes = thread.temporary || (made.deleted && run.createThread);
      if (goes && next === undefined) this.threads.delete(run.threadId);
    }
    if (next !== undefined && next.startedAt === null) this.start(next, random.int(0, 50));
    if (made.isAwaited && !made.deleted) {
      made.isAnswered = true;
      if (made.entry !== null) made.entry = withEndOfRun(made.entry, made.report);
    } else this.tell(made, 1);
    // It may wait for what its cron has to write, or not.
    timeline.after(random.int(0, 100), () => {
      this.index(made);
    });
  }

  /** Reports the end, until the cron has acknowledged it or is gone. */
  private tell(made: MadeRun, attempt: number): void {
    const { timeline, faults, random, report } = this.world;
    const { run, report: told } = made;
    if (run.cron === null || told === null) return;
    const { cronId } = run.cron;
    const again = (): void => {
      const delay = Math.min(1000 * 2 ** (attempt - 1), LONGEST_REPORT_DELAY_MS);
      timeline.after(delay, () => {
        if (made.reportedAt === null) this.tell(made, attempt + 1);
      });
    };
    if (faults.serverDown) {
      again();
      return;
    }
    this.within(15_000, report(cronId, told))
      .then((answered) => {
        if ("refusal" in answered && answered.refusal.code !== "cron.not_found") {
          throw new Error(answered.refusal.code);
        }
        made.reportedAt ??= timeline.now;
        const { entry, keepsRecord } =
          "value" in answered ? (answered.value as ReportAnswer) : { entry: null, keepsRecord: true };
        if (!keepsRecord) made.deleted = true;
        if (entry !== null) made.entry = entry;
        if (entry !== null || !keepsRecord) this.index(made);
        // At least once means at times twice.
        if (faults.strikes("alarmTwice")) {
          timeline.after(random.int(0, 1000), () => {
            report(cronId, told).catch(() => undefined);
          });
        }
      })
      .catch(again);
  }

  private within<T>(limitMs: number, work: Promise<T>): Promise<T> {
    const limit = this.world.timeline.sleep(limitMs).then(() => {
      throw new Error("no answer");
    });
    return Promise.race([work, limit]);
  }

  /** Writes the run to the index, and what it is to have of the cron, however long that takes. */
  private index(made: MadeRun): void {
    const { d1, timeline, random, faults } = this.world;
    const { run, report, entry, deleted } = made;
    const again = (): void => {
      timeline.after(random.int(1000, 30_000), () => {
        this.index(made);
      });
    };
    if (faults.serverDown) {
      again();
      return;
    }
    const at = timeline.wall();
    const upsert = () =>
      d1
        .prepare(
          `INSERT INTO runs (run_id, thread_id, assistant_id, status, metadata, kwargs, multitask_strategy, created_at,
         updated_at, due_at, revision, attempts, input_tokens, output_tokens) VALUES (?, ?, ?, ?, ?, '{}', ?, ?, ?, ?, 1, ?, ?, ?)
         ON CONFLICT DO UPDATE SET status = iif(excluded.status = 'running', status, excluded.status),
           attempts = coalesce(excluded.attempts, attempts), input_tokens = coalesce(excluded.input_tokens, input_tokens),
           output_tokens = coalesce(excluded.output_tokens, output_tokens)`,
        )
        .bind(
          run.runId,
          run.threadId,
          run.assistantId,
          report?.status ?? "running",
          JSON.stringify(run.metadata),
          run.multitaskStrategy,
          at,
          at,
          at,
          report?.attempts ?? null,
          report?.inputTokens ?? null,
          report?.outputTokens ?? null,
        );
    const statement = deleted ? deleteRunRow(d1, run.runId) : upsert();
    const written = d1.batch(entry === null ? [statement] : [statement, updateCronEntry(d1, entry)]);
    this.within(5_000, written)
      .then(() => {
        if (entry !== null) this.entryWrites.push(timeline.now);
        if (made.entry === entry) made.entry = null;
        if (report !== null && made.deleted === deleted) made.indexed = true;
      })
      .catch(again);
  }
}
