/** A field for a filter by metadata: pairs such as `team: sales`, or JSON. */
import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";

const WAIT_MS = 300;

interface MetadataFilterProps {
  /** Undefined: everything passes. */
  readonly onFilter: (filter: Readonly<Record<string, unknown>> | undefined) => void;
}

export function MetadataFilter({ onFilter }: MetadataFilterProps) {
  const [text, setText] = useState("");
  const [error, setError] = useState<string | null>(null);
  const apply = useDebouncedCallback((typed: string) => {
    const read = readFilter(typed);
    setError(read.error);
    if (read.error === null) onFilter(read.filter);
  }, WAIT_MS);
  return (
    <TextInput
      label="Metadata"
      placeholder="team: sales, owner: ann"
      value={text}
      error={error}
      onChange={(event) => {
        setText(event.currentTarget.value);
        apply(event.currentTarget.value);
      }}
      autoComplete="off"
      spellCheck={false}
    />
  );
}

interface ReadFilter {
  readonly filter: Readonly<Record<string, unknown>> | undefined;
  readonly error: string | null;
}

function readFilter(text: string): ReadFilter {
  const typed = text.trim();
  if (typed === "") return { filter: undefined, error: null };
  if (typed.startsWith("{")) {
    const value = parsed(typed);
    if (typeof value === "object" && value !== null) return { filter: { ...value }, error: null };
    return { filter: undefined, error: "This is not a JSON object." };
  }
  const pairs = typed.split(",").map((pair) => /^([^:=]+)[:=](.*)$/.exec(pair));
  if (pairs.some((pair) => pair === null)) {
    return { filter: undefined, error: "Write pairs such as team: sales." };
  }
  return {
    filter: Object.fromEntries<unknown>(
      pairs.map((pair) => [pair?.[1]?.trim() ?? "", valueOf(pair?.[2]?.trim() ?? "")]),
    ),
    error: null,
  };
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
