/** Instants as text: in the viewer's zone or in UTC, as the viewer chose, and relative to now. */

/** `UTC`, or the zone of the viewer's machine. */
export type Zone = "local" | "UTC";

export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How much of an instant is shown. */
export type Detail = "minute" | "second" | "time" | "day";

const OPTIONS: Readonly<Record<Detail, Intl.DateTimeFormatOptions>> = {
  minute: { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
  second: {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  },
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  day: { year: "numeric", month: "2-digit", day: "2-digit", weekday: "short" },
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** Such as `2026-11-26 08:30`: the same for every viewer, and sorted as it is read. */
export function formatInstant(iso: string, zone: string, detail: Detail = "minute"): string {
  const key = `${zone} ${detail}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = formatFor(zone === "local" ? LOCAL_ZONE : zone, OPTIONS[detail]);
    formats.set(key, format);
  }
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : format.format(at);
}

/** The server may know a zone that this browser does not know yet. Its times are then those of UTC, which the browser says. */
function formatFor(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const common = { ...options, hourCycle: "h23" } as const;
  try {
    return new Intl.DateTimeFormat("sv-SE", { ...common, timeZone });
  } catch {
    return new Intl.DateTimeFormat("sv-SE", { ...common, timeZone: "UTC", timeZoneName: "short" });
  }
}

/** Such as `in 3 min`, `2 h ago` or `now`. @param now in ms */
export function formatRelative(iso: string, now: number): string {
  const distance = Date.parse(iso) - now;
  const text = formatSpan(Math.abs(distance));
  if (Math.abs(distance) < 1_000) return "now";
  return distance > 0 ? `in ${text}` : `${text} ago`;
}

/** A span with at most two units, such as `2 d 3 h`, `4 min` or `12 s`. */
export function formatSpan(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / 1_000)} s`;
  const units: readonly [number, string][] = [
    [DAY_MS, "d"],
    [HOUR_MS, "h"],
    [MINUTE_MS, "min"],
  ];
  const first = units.findIndex(([size]) => ms >= size);
  const [size, name] = units[first] ?? [MINUTE_MS, "min"];
  const second = units[first + 1];
  const rest = second === undefined ? 0 : Math.floor((ms % size) / second[0]);
  const text = `${Math.floor(ms / size)} ${name}`;
  return rest === 0 || second === undefined ? text : `${text} ${rest} ${second[1]}`;
}

/**
 * The instant that was typed into an `<input type="datetime-local">`, as ISO 8601 in UTC; null when it is none.
 * @param text such as `2026-11-26T08:30`, in `zone`
 */
export function parseTyped(text: string, zone: Zone): string | null {
  if (text === "") return null;
  const at = new Date(zone === "UTC" ? `${text}Z` : text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
