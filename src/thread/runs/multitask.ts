/** Double texting: a run is created while earlier runs of its thread have not ended. */
import { DomainError } from "../../platform/errors";
import type { MultitaskStrategy } from "../../wire/runs/run";
import type { StopReason } from "./outcome";

/**
 * How the earlier runs are stopped when a new run is created; null lets them end first.
 * @throws run.conflict when the strategy is to reject the new run.
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
