/** A field for a filter by metadata. */
import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";
import { METADATA_EXAMPLE, readMetadataFilter } from "../format/metadata-filter";

const WAIT_MS = 300;

interface MetadataFilterProps {
  /** Undefined: everything passes. */
  readonly onFilter: (filter: Readonly<Record<string, unknown>> | undefined) => void;
}

export function MetadataFilter({ onFilter }: MetadataFilterProps) {
  const [text, setText] = useState("");
  const [error, setError] = useState<string | null>(null);
  const apply = useDebouncedCallback((typed: string) => {
    const read = readMetadataFilter(typed);
    setError(read.error);
    if (read.error === null) onFilter(read.filter);
  }, WAIT_MS);
  return (
    <TextInput
      label="Metadata"
      placeholder={METADATA_EXAMPLE}
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
