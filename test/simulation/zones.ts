/**
 * The clocks of time zones, for the oracle: on purpose by another way than the server's own, from the names of offsets that
 * the engine prints, tabulated by scanning the years.
 */
const FIRST_YEAR = Date.UTC(2005, 0, 1);
const LAST_YEAR = Date.UTC(2060, 0, 1);
const DAY_MS = 86_400_000;

/** The offset from UTC from an instant on; both in ms. */
interface Stretch {
  from: number;
  offset: number;
}

const tables = new Map<string, Stretch[]>();

/** The stretches with one offset each, oldest first. */
export function stretchesOf(zone: string): Stretch[] {
  let table = tables.get(zone);
  if (table === undefined) {
    table = tabulate(zone);
    tables.set(zone, table);
  }
  return table;
}

export function offsetOf(zone: string, at: number): number {
  const table = stretchesOf(zone);
  let low = 0;
  let high = table.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((table[middle]?.from ?? Infinity) <= at) low = middle;
    else high = middle;
  }
  return table[low]?.offset ?? 0;
}

/** All instants at which the zone's clocks show the wall time: none in a gap, two in what is shown twice. */
export function instantsOf(zone: string, wall: number): number[] {
  const offsets = new Set([-2, -1, 0, 1, 2].map((days) => offsetOf(zone, wall + days * DAY_MS)));
  return [...offsets]
    .map((offset) => ({ at: wall - offset, offset }))
    .filter(({ at, offset }) => offsetOf(zone, at) === offset)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
}

/** The end of the gap that the wall time lies in. */
export function endOfGap(zone: string, wall: number): number {
  const table = stretchesOf(zone);
  const after = table.find(({ from, offset }, index) => {
    const before = table[index - 1]?.offset ?? offset;
    return from + before <= wall && wall < from + offset;
  });
  if (after === undefined) throw new Error(`${zone} shows ${new Date(wall).toISOString()}`);
  return after.from;
}

function tabulate(zone: string): Stretch[] {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  const read = (at: number): number => {
    const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
    const match = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name);
    if (match === null) throw new Error(`what offset is ${name}?`);
    const [, sign, hours, minutes] = match;
    return (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  };
  const table: Stretch[] = [{ from: -Infinity, offset: read(FIRST_YEAR) }];
  let offset = read(FIRST_YEAR);
  for (let at = FIRST_YEAR; at < LAST_YEAR; at += DAY_MS) {
    const next = read(at + DAY_MS);
    if (next === offset) continue;
    let low = at;
    let high = at + DAY_MS;
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (read(middle) === offset) low = middle;
      else high = middle;
    }
    table.push({ from: high, offset: next });
    offset = next;
  }
  return table;
}
