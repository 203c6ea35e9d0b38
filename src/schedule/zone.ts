/**
 * The clocks of a time zone, by the zone data of the JavaScript engine. The functions are pure. An instant is in ms since the epoch.
 * A wall time is what the zone's clocks show, written as the instant at which clocks in UTC show the same.
 */

/** A change of a zone's clocks. Clocks that go forward leave a gap of wall times; clocks that go back show some wall times twice. */
export interface ClockChange {
  /** The first instant with the new offset. */
  at: number;
  /** `gap`: the clocks leave wall times out. `overlap`: the clocks show wall times twice. */
  kind: "gap" | "overlap";
  /** The wall times of the gap or overlap begin at `from` and end before `to`. */
  from: number;
  to: number;
}

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The wall time of the zone at the instant. */
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

/**
 * The instant at which the zone's clocks show the wall time. If they show it twice, it is the first instant. If they leave it out, it
 * is the end of the gap.
 */
export function instantOf(zone: string, wall: number): number {
  const before = offsetAt(zone, wall - DAY_MS);
  const after = offsetAt(zone, wall + DAY_MS);
  if (before === after) return wall - before;
  const readings = [before, after].filter((offset) => offsetAt(zone, wall - offset) === offset);
  if (readings.length > 0) return wall - Math.max(...readings);
  return changeBetween(zone, wall - Math.max(before, after), wall - Math.min(before, after));
}

/** The first instant after `from` with another offset than at `from`. The offset at `to` has to be another one. */
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
