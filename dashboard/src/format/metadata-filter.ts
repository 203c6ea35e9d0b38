/** A filter by metadata as it is typed: pairs such as `team=ops, tier=2` or `team: ops`, or a JSON object. */

export const METADATA_EXAMPLE = "team=ops, tier=2";

export interface ReadFilter {
  /** Undefined: everything passes. */
  readonly filter: Readonly<Record<string, unknown>> | undefined;
  /** Why the text is no filter. */
  readonly error: string | null;
}

export function readMetadataFilter(text: string): ReadFilter {
  const typed = text.trim();
  if (typed === "") return { filter: undefined, error: null };
  if (typed.startsWith("{")) {
    const value = parsed(typed);
    if (typeof value === "object" && value !== null) return { filter: { ...value }, error: null };
    return { filter: undefined, error: "This is not a JSON object." };
  }
  const pairs = typed.split(",").map((pair) => /^([^=]+)=(.*)$/s.exec(pair) ?? /^([^:]+):(.*)$/s.exec(pair));
  const known = pairs.filter((pair) => pair !== null);
  if (known.length < pairs.length)
    return { filter: undefined, error: `Write pairs such as ${METADATA_EXAMPLE}.` };
  const entries = known.map(([, key = "", value = ""]) => [key.trim(), valueOf(value.trim())] as const);
  return { filter: Object.fromEntries<unknown>(entries), error: null };
}

/** A number, true, false, null and quoted text are JSON; everything else is text as it stands. */
const valueOf = (text: string): unknown => parsed(text) ?? (text === "null" ? null : text);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
