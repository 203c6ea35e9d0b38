/** Instants and durations for people. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Such as `Fri 2026-11-27 08:00`, in the zone; with seconds when they are not zero. */
export function timeIn(zone: string, instant: string | number): string {
  const at = new Date(instant);
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((one) => one.type === type)?.value ?? "";
  const seconds = part("second") === "00" ? "" : `:${part("second")}`;
  return `${part("weekday")} ${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}${seconds}`;
}

/** In the zone, and in UTC where that differs: `Fri 2026-11-27 08:00 (07:00 UTC)`. */
export function timeWithUtc(zone: string, instant: string | number): string {
  const local = timeIn(zone, instant);
  const utc = timeIn("UTC", instant);
  if (zone === "UTC") return `${local} UTC`;
  const sameDay = local.slice(0, DATE_LENGTH) === utc.slice(0, DATE_LENGTH);
  return `${local} (${sameDay ? utc.slice(DATE_LENGTH + 1) : utc} UTC)`;
}

const DATE_LENGTH = "Fri 2026-11-27".length;

/** How far the instant is from now: `in 2h 5m`, `3d ago`. */
export function fromNow(instant: string | number, now: number): string {
  const ms = new Date(instant).getTime() - now;
  const length = duration(Math.abs(ms));
  return ms < 0 ? `${length} ago` : `in ${length}`;
}

/** The two largest units: `2d 3h`, `2h 5m`, `3m`, `12s`, `1.4s`, `93ms`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 9_950) return `${Math.round(ms / 100) / 10}s`;
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)}s`;
  const units: [string, number][] = [
    ["d", DAY_MS],
    ["h", HOUR_MS],
    ["m", MINUTE_MS],
    ["s", 1000],
  ];
  const first = units.findIndex(([, size]) => ms >= size);
  const [[large, largeMs], small] = [units[first] ?? ["s", 1000], units[first + 1]];
  const count = Math.floor(ms / largeMs);
  const rest = small === undefined ? 0 : Math.floor((ms - count * largeMs) / small[1]);
  return rest === 0 || small === undefined ? `${count}${large}` : `${count}${large} ${rest}${small[0]}`;
}
