/** Hears what crons are told of their runs; how the telling goes is decided here. */
import { vi } from "vitest";
import { CronDO } from "../../src/cron/cron-do";
import { ThreadDO } from "../../src/thread/thread-do";
import type { RunReport } from "../../src/calls/run-report";

/** Until the mocks are restored no thread object waits for the end of a run before it answers the cron. */
export function withoutAnswers(): void {
  const original = ThreadDO.prototype.enqueueRun;
  vi.spyOn(ThreadDO.prototype, "enqueueRun").mockImplementation(function (this: ThreadDO, run, options) {
    return original.call(this, run, { ...options, answerWithinMs: 0 });
  });
}

/** Until the mocks are restored a thread object answers the cron only when the run has ended, however long that takes. */
export function withAnswers(): void {
  const original = ThreadDO.prototype.enqueueRun;
  vi.spyOn(ThreadDO.prototype, "enqueueRun").mockImplementation(function (this: ThreadDO, run, options) {
    const { answerWithinMs = 0 } = options ?? {};
    return original.call(this, run, { ...options, answerWithinMs: answerWithinMs === 0 ? 0 : 180_000 });
  });
}

/** What becomes of a report: it does not get there, it does and the answer is lost, or there is none until `release`. */
export type ReportFate = "refused" | "answer lost" | "hangs";

export interface HeardReports {
  /** Every report that has got there, in turn. */
  heard: RunReport[];
  /** Attempts at reporting, with those that did not get there. */
  attempts: () => number;
  /** Of the attempts in turn; what comes after them goes well. */
  fates: (ReportFate | "well")[];
  /** Ends the hanging. */
  release: () => void;
}

/** Listens at the objects of all crons until the mocks are restored. Every run is reported, however soon it ends. */
export function hearReports(...fates: HeardReports["fates"]): HeardReports {
  withoutAnswers();
  let attempts = 0;
  let released = false;
  const hearing: HeardReports = {
    heard: [],
    attempts: () => attempts,
    fates,
    release: () => {
      released = true;
    },
  };
  const original = CronDO.prototype.runEnded;
  vi.spyOn(CronDO.prototype, "runEnded").mockImplementation(async function (this: CronDO, report) {
    const fate = hearing.fates[attempts];
    attempts += 1;
    if (fate === "refused") throw new Error("the cron's object is overloaded");
    // Test and object may not settle each other's promises.
    while (fate === "hangs" && !released) await new Promise((resolve) => setTimeout(resolve, 1));
    hearing.heard.push(report);
    const entry = await original.call(this, report);
    if (fate === "answer lost") throw new Error("network connection lost");
    return entry;
  });
  return hearing;
}
