/** The page of all threads: those that crons use, and the others, each in a list of its own. */
import { SegmentedControl, Select } from "@mantine/core";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { useThreadPage } from "../../api/threads";
import type { ThreadStatus } from "../../api/types";
import { PagedListing } from "../../components/listing";
import { MetadataFilter } from "../../components/metadata-filter";
import { PageFrame, Section } from "../../components/page";
import { NoThreads, ThreadHead, ThreadRow } from "./thread-table";
import classes from "./threads-page.module.css";

const PAGE = 25;

const KINDS = [
  { value: "crons", label: "Of crons" },
  { value: "others", label: "Others" },
];

const STATUSES: readonly { value: ThreadStatus; label: string }[] = [
  { value: "idle", label: "Idle" },
  { value: "busy", label: "Busy" },
  { value: "interrupted", label: "Interrupted" },
  { value: "error", label: "Failed" },
];

const BELOW = {
  crons: "Threads that crons made or run on. A cron that deletes the thread of each run leaves none here.",
  others: "Threads that no cron uses, such as chats.",
} as const;

/** What a row shows: not the values, which may be large. */
const SHOWN = ["thread_id", "status", "metadata", "created_at", "updated_at", "interrupts", "error"];

export default function ThreadsPage() {
  const [address, setAddress] = useSearchParams();
  const kind = address.get("kind") === "others" ? "others" : "crons";
  const status = STATUSES.find(({ value }) => value === address.get("status"))?.value;
  const [metadata, setMetadata] = useState<Readonly<Record<string, unknown>> | undefined>();
  const [offset, setOffset] = useState(0);
  const choose = (name: string, value: string | null): void => {
    setOffset(0);
    setAddress(
      (now) => {
        const next = new URLSearchParams(now);
        if (value === null) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  };
  const query = useThreadPage({
    used_by_crons: kind === "crons",
    ...(status && { status }),
    ...(metadata && { metadata }),
    sort_by: "created_at",
    select: SHOWN,
    limit: PAGE,
    offset,
  });
  return (
    <PageFrame title="Threads" below={BELOW[kind]}>
      <Section
        title={kind === "crons" ? "Threads of crons" : "Other threads"}
        actions={
          <SegmentedControl
            aria-label="Which threads"
            size="xs"
            data={KINDS}
            value={kind}
            onChange={(chosen) => {
              choose("kind", chosen === "crons" ? null : chosen);
            }}
          />
        }
      >
        <div className={classes.filters}>
          <Select
            label="Status"
            placeholder="Any"
            data={STATUSES}
            value={status ?? null}
            onChange={(chosen) => {
              choose("status", chosen);
            }}
            clearable
          />
          <MetadataFilter
            onFilter={(filter) => {
              setOffset(0);
              setMetadata(filter);
            }}
          />
        </div>
        <PagedListing
          query={query}
          label="Threads"
          head={<ThreadHead ofCrons={kind === "crons"} />}
          row={(thread) => <ThreadRow key={thread.thread_id} thread={thread} ofCrons={kind === "crons"} />}
          empty={
            <NoThreads
              ofCrons={kind === "crons"}
              isFiltered={status !== undefined || metadata !== undefined}
            />
          }
          offset={offset}
          limit={PAGE}
          onOffset={setOffset}
        />
      </Section>
    </PageFrame>
  );
}
