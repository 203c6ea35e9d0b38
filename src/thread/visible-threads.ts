/** Keeps callers who may not see everything from the threads and runs that they may not see. */
import { passesFilter, type AccessFilter } from "../calls/access-filter";
import type { NewRun } from "../calls/run";
import type { ThreadCalls } from "../calls/thread-calls";
import { noRun } from "../d1/runs-table";
import { noThread, threadExists } from "./record/thread-store";
import type { RunCalls } from "./runs/run-calls";
import type { ThreadContext } from "./thread-context";

/** The calls about a run. Their arguments begin with the ids of the thread and of the run. */
const ABOUT_RUNS: readonly string[] = [
  "getRun",
  "joinRun",
  "streamRun",
  "cancelRun",
  "deleteRun",
] satisfies (keyof ThreadCalls)[];

export class VisibleThreads {
  constructor(
    private readonly context: ThreadContext,
    private readonly runCalls: RunCalls,
  ) {}

  /**
   * Refuses a call about a thread that does not pass the filter, with the error that a thread which does not exist has. A run whose
   * thread is gone is known by its own metadata.
   * @throws thread.not_found, run.not_found; thread.exists when a thread is to be created
   */
  async require(method: string, args: unknown[], filter: AccessFilter): Promise<void> {
    const [subject, runId] = args as [string | NewRun, string];
    const threadId = typeof subject === "string" ? subject : subject.threadId;
    const isAboutRun = ABOUT_RUNS.includes(method);
    const thread = this.context.hasTables() ? this.context.threads.find(threadId) : undefined;
    if (thread === undefined || thread.deleted) {
      if (!isAboutRun) return;
      const { metadata } = await this.runCalls.getRun(threadId, runId);
      if (!passesFilter(metadata, filter)) throw noRun(runId);
    } else if (!passesFilter(thread.metadata, filter)) {
      if (method === "createThread") throw threadExists(threadId);
      throw isAboutRun ? noRun(runId) : noThread(threadId);
    }
  }
}
