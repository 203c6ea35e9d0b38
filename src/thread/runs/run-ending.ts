/** What the end of a run brings about: its rows, the report to its cron, its streams, the index and its webhook. */
import { runLogFields } from "../../calls/run";
import { logInfo } from "../../platform/log";
import type { CheckpointSaver } from "../checkpoints/checkpoint-saver";
import type { IndexWriter } from "../index-writer";
import { agentStatus, runEnd } from "../protocol/run-events";
import type { ThreadContext } from "../thread-context";
import type { Webhooks } from "../webhooks/webhooks";
import type { Outcome, StopReason } from "./outcome";
import type { Reports } from "./reports";
import type { RunRecords } from "./run-records";
import type { StoredRun } from "./run-row";

export class RunEnding {
  constructor(
    private readonly context: ThreadContext,
    private readonly index: IndexWriter,
    private readonly reports: Reports,
    private readonly webhooks: Webhooks,
    private readonly records: RunRecords,
  ) {}

  /** Records how the run has ended, sends the report to its cron, and tells the streams. Closes the saver. */
  record(run: StoredRun, outcome: Outcome, saver: CheckpointSaver, reason?: StopReason): void {
    this.records.end(run, outcome, saver, reason);
    this.reports.sendDue();
    this.streamRunDone(run, outcome);
    // Successful runs are not logged: most runs succeed, and a search finds them.
    if (outcome.status === "success") return;
    const { status, error } = outcome;
    logInfo("run ended", { ...runLogFields(run), status, reason, error: error?.message });
  }

  /** Writes the end of the run to the index, and begins to call its webhook. */
  async settle(run: StoredRun): Promise<void> {
    // The cron answers the report with its own changes for the index, which are then written together with the run.
    await this.reports.waitForAnswer(run.runId);
    await this.webhooks.keepValues();
    await this.index.settle();
    // Nobody waits for the webhook, but the object must stay awake until it is called.
    this.context.state.waitUntil(this.webhooks.callDueAndSettle());
  }

  /** Tells the streams of the thread. The run's end is stored before. */
  private streamRunDone(run: StoredRun, outcome: Outcome): void {
    const { events, threads } = this.context;
    const { stream_resumable, protocol = false } = run.kwargs;
    const resumable = stream_resumable === true;
    const isKept = (resumable || protocol) && threads.find(run.threadId)?.deleted === false;
    const done = { event: "metadata", data: { status: "run_done", run_id: run.runId } };
    events.emitToThread(run, done, resumable && isKept);
    const end = runEnd(run, { status: agentStatus(outcome), error: outcome.error });
    events.emitProtocol(run, end, protocol && isKept);
    if (resumable || protocol) events.endRun(run.runId);
  }
}
