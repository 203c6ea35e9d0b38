/** Whether a cron fires, and if not, why. */
import { CirclePause } from "lucide-react";
import type { Cron } from "../../api/types";
import type { Status } from "../../components/status";
import { Time } from "../../components/time";
import classes from "./standstill.module.css";

type State = Extract<Status, "enabled" | "paused" | "ended">;

export function cronStatus({ enabled, next_run_date: next }: Cron): State {
  if (!enabled) return "paused";
  return next === null ? "ended" : "enabled";
}

/** Nothing while the cron fires. */
export function Standstill({ cron }: { cron: Cron }) {
  const status = cronStatus(cron);
  if (status === "enabled") return null;
  return (
    <div role="status" className={classes.standstill} data-status={status}>
      <CirclePause size={18} aria-hidden />
      <div>
        <p className={classes.title}>{status === "paused" ? "This cron is paused" : "This cron has ended"}</p>
        {status === "paused" ? (
          <span className="foreign">
            {cron.note ?? "No reason was given. Its times go by without a run until it is resumed."}
          </span>
        ) : (
          <>
            No time is to come
            {cron.end_time !== null && (
              <>
                : its end is <Time at={cron.end_time} cronZone={cron.timezone} />
              </>
            )}
            .
          </>
        )}
      </div>
    </div>
  );
}
