/** What becomes of the earlier runs of a thread when another run is created on it. */
import { DomainError } from "../../platform/errors";
import type { MultitaskStrategy } from "../../wire/runs/payload";
import type { StopReason } from "./outcome";

/**
 * Double texting: a run is created while earlier runs of its thread have not ended.
 * @returns how the earlier runs are stopped; null lets them end first
 * @throws run.conflict when the strategy is to reject the new run
 */
export function stopEarlierRuns(strategy: MultitaskStrategy): StopReason | null {
  switch (strategy) {
    case "enqueue":
      return null;
    case "interrupt":
    case "rollback":
      return strategy;
    case "reject":
      throw new DomainError(
        "run.conflict",
        "the thread is busy with another run: wait for it, or choose another multitask_strategy",
      );
  }
}
