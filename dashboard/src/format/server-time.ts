/** The present instant by the server's clock, where it tells it: a clock of the viewer's that is wrong would make every cron late. */

/** The header `Date` has whole seconds, and an answer takes a moment: less than this is no error of a clock. */
const NOTICEABLE_MS = 10_000;

/** By how much the server's clock is ahead of the viewer's. */
let aheadMs = 0;

/** @param date the header `Date` of an answer; null when it has none */
export function noteServerTime(date: string | null): void {
  const distance = Date.parse(date ?? "") - Date.now();
  if (!Number.isNaN(distance)) aheadMs = Math.abs(distance) < NOTICEABLE_MS ? 0 : distance;
}

/** In ms. */
export const serverNow = (): number => Date.now() + aheadMs;
