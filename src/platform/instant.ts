/** Instants as clients write them. */
import { z } from "zod";

const dateTime = z.iso.datetime({ offset: true, local: true });

/** The instant (ms) that an ISO 8601 date-time names. Without an offset, it is taken as UTC. NaN when the text is no date-time. */
export function parseInstant(text: string): number {
  if (!dateTime.safeParse(text).success) return NaN;
  const hasOffset = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text);
  return Date.parse(hasOffset ? text : `${text}Z`);
}
