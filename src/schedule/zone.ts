/**
 * The clocks of a time zone: pure, from the engine's own zone data. An instant is ms since the epoch. A wall time is what
 * the zone's clocks show, written as the instant at which clocks in UTC show the same.
 */

/** A change of a zone's clocks: they go forward and leave a gap of wall times, or back and show some twice. */
export interface ClockChange {
  /** The first instant of the new time. */
  at: number;
  /** Wall times from `from` on and before `to` are the gap, or what is shown twice. */
  kind: "gap" | "overlap";
  from: number;
  to: number;
}

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** What the zone's clocks show at the instant. */
export const wallAt = (zone: string, at: number): number => at + offsetAt(zone, at);

/** By how many ms the zone's clocks are ahead of UTC at the instant. */
export function offsetAt(zone: string, at: number): number {
  if (zone === "UTC") return 0;
  const wholeSeconds = Math.floor(at / 1000) * 1000;
  const part: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(wholeSeconds)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSeconds;
}

/** When the clocks show the wall time: the first time if they do so twice; if they leave it out, the end of the gap. */
export function instantOf(zone: string, wall: number): number {
  const before = offsetAt(zone, wall - DAY_MS);
  const after = offsetAt(zone, wall + DAY_MS);
  if (before === after) return wall - before;
  const readings = [before, after].filter((offset) => offsetAt(zone, wall - offset) === offset);
  if (readings.length > 0) return wall - Math.max(...readings);
  return changeBetween(zone, wall - Math.max(before, after), wall - Math.min(before, after));
}

/** The first instant with another offset than `from` has; `to` has another. */
export function changeBetween(zone: string, from: number, to: number): number {
  const offset = offsetAt(zone, from);
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

/** The changes of the zone's clocks after `from` and up to `to`. */
export function clockChanges(zone: string, from: number, to: number): ClockChange[] {
  const changes: ClockChange[] = [];
  for (let start = from; start < to; start += DAY_MS) {
    const end = Math.min(start + DAY_MS, to);
    const before = offsetAt(zone, start);
    const after = offsetAt(zone, end);
    if (before === after) continue;
    const at = changeBetween(zone, start, end);
    const [earlier, later] = before < after ? [before, after] : [after, before];
    changes.push({ at, kind: before < after ? "gap" : "overlap", from: at + earlier, to: at + later });
  }
  return changes;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  return format;
}
