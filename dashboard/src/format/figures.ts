/** Figures as text: durations, counts, tokens, ratios, ids. */

/** A duration such as `0 ms`, `840 ms`, `3.2 s` or `2 min 5 s`; a dash when it is not known. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  const sign = ms < 0 ? "−" : "";
  const size = Math.abs(ms);
  if (size < 1_000) return `${sign}${Math.round(size)} ms`;
  if (size < 10_000) return `${sign}${(size / 1_000).toFixed(1)} s`;
  const seconds = Math.round(size / 1_000);
  if (seconds < 60) return `${sign}${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${sign}${withRest(minutes, "min", seconds % 60, "s")}`;
  return `${sign}${withRest(Math.floor(minutes / 60), "h", minutes % 60, "min")}`;
}

const withRest = (count: number, unit: string, rest: number, restUnit: string): string =>
  rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${restUnit}`;

const whole = new Intl.NumberFormat("en-US");
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** All digits, such as `12,345`. */
export const formatCount = (count: number): string => whole.format(count);

/** All digits below ten thousand, then such as `1.2M`. */
export const formatShort = (count: number): string =>
  count < 10_000 ? whole.format(count) : short.format(count);

/** Such as `98.5 %`, and never `100 %` when something failed; a dash when it is not known. */
export function formatRatio(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined) return "–";
  const percent = Math.floor(ratio * 1_000) / 10;
  return `${Number.isInteger(percent) ? percent : percent.toFixed(1)} %`;
}

/** The last digits of an id. The first ones are the time, which things that were made in the same minute share. */
export const shortId = (id: string): string => id.slice(-8);

const MAX_NAME = 200;

/** A name that others gave, which may have thousands of characters: as many of them as a heading has room for. */
export const shortName = (name: string): string =>
  // Half of a character, if the cut goes through one, is left out.
  name.length > MAX_NAME ? `${name.slice(0, MAX_NAME).replace(/[\uD800-\uDBFF]$/, "")}…` : name;

/** `1 run`, `2 runs`. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${formatCount(count)} ${count === 1 ? noun : plural}`;

/** The server counts at least so many entries of a list, and tells of more only that they are there. */
const COUNTED = 1_000;

/** How many entries a list has, such as `12` or `1,025 or more`. */
export const totalText = ({
  total,
  next,
}: {
  readonly total: number;
  readonly next: number | null;
}): string => (next !== null && total >= COUNTED ? `${formatCount(total)} or more` : formatCount(total));
