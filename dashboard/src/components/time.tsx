/** An instant, in the zone that the viewer chose. Its title has the same instant in UTC, and where it is one, in the zone of the cron. */
import { type Detail, formatInstant, formatRelative } from "../format/time";
import { useNow } from "./clock";
import { useZone } from "./zone";

interface TimeProps {
  /** ISO 8601; null shows a dash. */
  readonly at: string | null | undefined;
  readonly detail?: Detail;
  /** The zone of the cron, if the time is one of its slots. */
  readonly cronZone?: string | null;
}

export function Time({ at, detail = "minute", cronZone = null }: TimeProps) {
  const { zone } = useZone();
  if (at === null || at === undefined) return <span aria-label="none">–</span>;
  return (
    <time dateTime={at} title={titleOf(at, cronZone)} className="nowrap">
      {formatInstant(at, zone, detail)}
    </time>
  );
}

/** How far an instant is from now, counting. */
export function RelativeTime({ at, cronZone = null }: Omit<TimeProps, "detail">) {
  const now = useNow();
  if (at === null || at === undefined) return <span aria-label="none">–</span>;
  return (
    <time dateTime={at} title={titleOf(at, cronZone)} className="nowrap">
      {formatRelative(at, now)}
    </time>
  );
}

function titleOf(at: string, cronZone: string | null): string {
  const zones = ["UTC", ...(cronZone === null || cronZone === "UTC" ? [] : [cronZone])];
  return zones.map((zone) => `${formatInstant(at, zone, "second")} ${zone}`).join("\n");
}
