/**
 * A command that changes a Cloudflare account is a list of steps. Each step says in words what it will do, asks Cloudflare whether
 * that is done already, and otherwise does it. So a command that has failed can be repeated.
 */
import type { Asking } from "./asking.js";
import type { Report } from "./report.js";
import type { RunWrangler } from "./run-wrangler.js";

/** What a step works with. */
export interface Tools {
  wrangler: RunWrangler;
  asking: Asking;
  report: Report;
}

export interface Step {
  /** A short name, shown while the step is under way and when it fails. */
  title: string;
  /** What the step will do, one sentence each, for `--dry-run`. It is worked out without account and network. */
  plan: () => string[];
  /**
   * Does it, unless it is done already.
   * @returns what was done, or was done already
   * @throws StepFailure
   */
  run: () => Promise<string>;
}

/** A step could not be done. The message says what is wrong, and `advice` what to do about it. */
export class StepFailure extends Error {
  constructor(
    message: string,
    readonly advice: string,
    /** What the program or server that failed said itself. */
    readonly original = "",
  ) {
    super(message);
  }
}

/**
 * Runs the steps, in order, until one fails.
 * @returns whether all were done
 */
export async function runSteps(steps: readonly Step[], report: Report): Promise<boolean> {
  for (const step of steps) {
    report.start(step.title);
    try {
      report.done(step.title, await step.run());
    } catch (error) {
      report.pause();
      if (!(error instanceof StepFailure)) throw error;
      report.failed(step.title, error);
      return false;
    }
  }
  return true;
}

/** Says what the steps would do. */
export function describeSteps(steps: readonly Step[], report: Report): void {
  steps.forEach(({ title, plan }, index) => {
    report.planned(index + 1, title, plan());
  });
}
