/** Whether a cron fires, and if not, why. */
import { Alert } from "@mantine/core";
import { CirclePause } from "lucide-react";
import type { Cron } from "../../api/types";
import type { Status } from "../../components/status";
import { Time } from "../../components/time";

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
    <Alert
      color={status === "paused" ? "yellow" : "gray"}
      icon={<CirclePause size={18} aria-hidden />}
      title={status === "paused" ? "This cron is paused" : "This cron has ended"}
    >
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
    </Alert>
  );
}
