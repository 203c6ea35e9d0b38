/** Which crons the list shows. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { Search } from "lucide-react";
import { useState } from "react";
import { useAssistantPage } from "../../api/assistants";
import { METADATA_EXAMPLE, readMetadataFilter } from "../../format/metadata-filter";
import { type CronQuery, type CronQueryChange, SORTS, STATUSES } from "./cron-query";
import classes from "./crons-page.module.css";

const TYPING_MS = 300;
const ASSISTANTS = 200;

const STATUS_NAMES = {
  all: "All",
  on: "On",
  paused: "Paused",
  failing: "Failing",
  missed: "Missed, 24 hours",
} as const;
const SORT_NAMES = {
  "created_at desc": "Newest first",
  "created_at asc": "Oldest first",
  "next_run_date asc": "Next to fire first",
  "updated_at desc": "Changed last first",
} as const;

interface CronFiltersProps {
  readonly query: CronQuery;
  readonly onChange: (change: CronQueryChange) => void;
}

export function CronFilters({ query, onChange }: CronFiltersProps) {
  const { data: assistants } = useAssistantPage({ limit: ASSISTANTS, offset: 0 });
  const known = (assistants?.items ?? []).map(({ assistant_id: value, name }) => ({ value, label: name }));
  const isUnknown = query.assistant !== "" && !known.some(({ value }) => value === query.assistant);
  return (
    <div className={classes.filters} role="search" aria-label="Crons">
      <TypedInput
        className={classes.search}
        label="Search"
        placeholder="Name, id, schedule, note"
        leftSection={<Search size={16} aria-hidden />}
        value={query.text}
        onTyped={(text) => {
          onChange({ text });
        }}
      />
      <NativeSelect
        className={classes.filter}
        label="Status"
        data={STATUSES.map((value) => ({ value, label: STATUS_NAMES[value] }))}
        value={query.status}
        onChange={({ currentTarget }) => {
          onChange({ status: currentTarget.value as CronQuery["status"] });
        }}
      />
      <NativeSelect
        className={classes.filter}
        label="Assistant"
        data={[
          { value: "", label: "All" },
          ...known,
          ...(isUnknown ? [{ value: query.assistant, label: query.assistant }] : []),
        ]}
        value={query.assistant}
        onChange={({ currentTarget }) => {
          onChange({ assistant: currentTarget.value });
        }}
      />
      <TypedInput
        className={classes.filter}
        label="Metadata"
        placeholder={METADATA_EXAMPLE}
        error={readMetadataFilter(query.metadata).error}
        value={query.metadata}
        onTyped={(metadata) => {
          onChange({ metadata });
        }}
      />
      <NativeSelect
        className={classes.filter}
        label="Order"
        data={Object.entries(SORT_NAMES).map(([value, label]) => ({ value, label }))}
        value={`${query.sort} ${query.order}`}
        onChange={({ currentTarget }) => {
          const [sort, order] = currentTarget.value.split(" ");
          const known = SORTS.find((each) => each === sort);
          if (known !== undefined) onChange({ sort: known, order: order === "asc" ? "asc" : "desc" });
        }}
      />
    </div>
  );
}

interface TypedInputProps {
  readonly label: string;
  readonly placeholder: string;
  readonly className: string | undefined;
  readonly leftSection?: React.ReactNode;
  readonly value: string;
  readonly error?: string | null;
  /** Called when nothing has been typed for a moment. */
  readonly onTyped: (value: string) => void;
}

/** A field that does not ask the server at every key. */
function TypedInput({ value, onTyped, ...props }: TypedInputProps) {
  const [typed, setTyped] = useState({ text: value, from: value });
  // The address has changed otherwise than by typing: the browser's "back".
  if (typed.from !== value) setTyped({ text: value, from: value });
  const tell = useDebouncedCallback((text: string) => {
    setTyped({ text, from: text });
    onTyped(text);
  }, TYPING_MS);
  return (
    <TextInput
      {...props}
      type="search"
      value={typed.text}
      onChange={({ currentTarget }) => {
        setTyped({ ...typed, text: currentTarget.value });
        tell(currentTarget.value);
      }}
    />
  );
}
