/** What the rows of a run and of its thread say when it comes, fails and ends: each in one transaction. */
import type { CronEntry } from "../../calls/cron-entry";
import type { CronTerms, NewRun } from "../../calls/run";
import type { ThreadTtl } from "../../wire/threads";
import type { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import { findCheckpoints } from "../checkpoints/checkpoint-tables";
import type { StoredThread, ThreadStore } from "../record/thread-store";
import { defaultTtl } from "../ttl";
import type { Outcome, StopReason } from "./outcome";
import { stopped } from "./outcome";
import type { StoredRun } from "./run-row";
import type { RunStore } from "./run-store";
import { configuredOn, withRunConfig } from "./thread-config";

export class RunRecords {
  constructor(
    private readonly storage: DurableObjectStorage,
    private readonly runs: RunStore,
    private readonly threads: ThreadStore,
  ) {}

  /** Stores a run, as running when it starts now, on its `thread`, which is made when there is none. */
  enqueue(
    asked: NewRun,
    thread: StoredThread | undefined,
    how: { startsNow: boolean; cronEntry: CronEntry | null },
  ): void {
    const run = configuredOn(thread, asked);
    this.storage.transactionSync(() => {
      this.takeThread(run, thread);
      this.runs.insert(run, how);
    });
  }

  /** An attempt has failed, and the next is due at `nextAt` (ms). What it has finished stays; `saver` takes no more. */
  fail(run: StoredRun, { error }: Outcome, saver: CheckpointSaver, nextAt: number): void {
    this.storage.transactionSync(() => {
      saver.flush();
      saver.close();
      this.runs.markFailed(run, error, nextAt);
    });
  }

  /** The run has ended; after a rollback without a trace. `saver` takes no more. */
  end(run: StoredRun, outcome: Outcome, saver: CheckpointSaver, reason?: StopReason): void {
    this.storage.transactionSync(() => {
      const thread = this.threads.find(run.threadId);
      const others = this.runs.unfinishedIds(run.threadId).filter((runId) => runId !== run.runId);
      const passing = thread === undefined || (thread.temporary && !outcome.waiting && others.length === 0);
      if (passing && run.kwargs.webhook === undefined) saver.discard();
      else saver.flush();
      // A graph that was left behind may still save: too late.
      saver.close();
      if (reason === "rollback") {
        saver.deleteRun(run.threadId, run.runId);
        this.runs.markFinished(run, { ...stopped(reason), rolledBack: true, callsWebhook: false });
      } else {
        const waiting = outcome.waiting && outcome.refused !== true;
        // Nothing of a deleted thread is sent to anybody.
        const callsWebhook = run.kwargs.webhook !== undefined && thread?.deleted !== true;
        this.runs.markFinished(run, { ...outcome, waiting, rolledBack: false, callsWebhook });
      }
      if (!passing && reason === "rollback" && others.length === 0 && this.isLeftEmpty(run)) {
        this.threads.markDeleted(run.threadId);
      } else if (!passing && !thread.deleted) {
        const error = outcome.refused === true ? null : outcome.error;
        const settled = outcome.waiting ? "interrupted" : error === null ? "idle" : "error";
        this.threads.update(run.threadId, {
          status: others.length > 0 ? "busy" : settled,
          error: error === null ? null : JSON.stringify(error),
          // One that waits for an answer is kept, and for good: whoever answers it wants to see what follows.
          ...(thread.temporary && outcome.waiting ? { temporary: false, ttl: ttlOf(run) } : {}),
        });
      }
    });
  }

  /** Whether the thread was made for this run alone and holds nothing without it. */
  private isLeftEmpty({ cron, threadId }: StoredRun): boolean {
    if (cron?.ownsThread !== true) return false;
    return findCheckpoints(this.storage.sql, { threadId, ns: "", limit: 1 }).length === 0;
  }

  private takeThread(run: NewRun, thread: StoredThread | undefined): void {
    const owner = { graph_id: run.graphId, assistant_id: run.assistantId };
    if (thread === undefined) {
      this.threads.insert({
        threadId: run.threadId,
        metadata: { ...owner, ...run.metadata },
        config: withRunConfig({}, run.kwargs),
        status: "busy",
        ttl: run.temporary ? null : ttlOf(run),
        temporary: run.temporary,
      });
    } else {
      this.threads.update(run.threadId, {
        status: "busy",
        metadata: { ...thread.metadata, ...owner },
        config: withRunConfig(thread.config, run.kwargs),
      });
    }
  }
}

/** How long a thread lives that a run makes, and that is kept: as its cron says, or as the deployment does. */
const ttlOf = ({ cron }: { cron: CronTerms | null }): ThreadTtl | null => cron?.ttl ?? defaultTtl;
