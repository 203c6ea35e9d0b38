/** How kept events are put into rows: many in one, because each row is billed and its size is not, and a large one in several. */
import type { SentEvent } from "./sent-event";

/** Characters in one row. A row holds 2 MB, and a character may take three bytes. */
const MAX_ROW_LENGTH = 500_000;

/** The text, cut into pieces that fit a row. */
export function pieces(text: string): string[] {
  const count = Math.ceil(text.length / MAX_ROW_LENGTH);
  return Array.from({ length: count }, (_, i) => text.slice(i * MAX_ROW_LENGTH, (i + 1) * MAX_ROW_LENGTH));
}

/** The events in batches: consecutive events of one run that fit a row together. */
export function batches(events: SentEvent[]): SentEvent[][] {
  const all: SentEvent[][] = [];
  let length = 0;
  for (const event of events) {
    const current = all.at(-1);
    length += event.data.length;
    if (current === undefined || current[0]?.runId !== event.runId || length > MAX_ROW_LENGTH) {
      all.push([event]);
      length = event.data.length;
    } else {
      current.push(event);
    }
  }
  return all;
}
