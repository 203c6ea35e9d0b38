/** A row for each thread: what it is of, how it stands, and when it changed. */
import { Table } from "@mantine/core";
import { MessagesSquare } from "lucide-react";
import { Link } from "wouter";
import type { Thread } from "../../api/types";
import { Empty } from "../../components/states";
import { StatusMark } from "../../components/status";
import cells from "../../components/table-cells.module.css";
import { RelativeTime, Time } from "../../components/time";
import { cronTitle } from "../../format/cron-title";
import { counted, shortId } from "../../format/figures";
import { addressOf } from "../../routes";
import classes from "./threads-page.module.css";

export function ThreadHead({ ofCrons }: { ofCrons: boolean }) {
  return (
    <>
      <Table.Th>Thread</Table.Th>
      <Table.Th>Status</Table.Th>
      {ofCrons && <Table.Th>Cron</Table.Th>}
      <Table.Th>Metadata</Table.Th>
      <Table.Th>Changed</Table.Th>
      <Table.Th>Made</Table.Th>
    </>
  );
}

export function ThreadRow({ thread, ofCrons }: { thread: Thread; ofCrons: boolean }) {
  return (
    <Table.Tr>
      <Table.Td className="mono">
        <Link href={addressOf.thread(thread.thread_id)}>{shortId(thread.thread_id)}</Link>
      </Table.Td>
      <Table.Td>
        <StatusMark status={thread.status} />
        <Waiting thread={thread} />
      </Table.Td>
      {ofCrons && (
        <Table.Td>
          <CronLink metadata={thread.metadata} />
        </Table.Td>
      )}
      <Table.Td>
        <div className={classes.metadata}>{metadataText(thread.metadata)}</div>
      </Table.Td>
      <Table.Td>
        <RelativeTime at={thread.updated_at} />
      </Table.Td>
      <Table.Td>
        <Time at={thread.created_at} />
      </Table.Td>
    </Table.Tr>
  );
}

function Waiting({ thread: { interrupts } }: { thread: Thread }) {
  const count = Object.values(interrupts).flat().length;
  return count === 0 ? null : <div className="muted">{counted(count, "question")}</div>;
}

function CronLink({ metadata }: Pick<Thread, "metadata">) {
  const { cron_id: cronId } = metadata;
  // A cron that was made on a thread which was there before is named on the page of the thread.
  if (typeof cronId !== "string") return <span className="muted">see the thread</span>;
  return (
    <Link href={addressOf.cron(cronId)} className={cells.cron}>
      <bdi>{cronTitle({ cron_id: cronId, metadata }, "Cron")}</bdi>
    </Link>
  );
}

const METADATA_CHARACTERS = 160;
/** What stands in columns of its own, or is the same on each line. */
const SHOWN_ELSEWHERE = new Set(["cron_id", "scheduled_for", "name", "assistant_id", "graph_id"]);

function metadataText(metadata: Thread["metadata"]): string {
  const pairs = Object.entries(metadata)
    .filter(([key]) => !SHOWN_ELSEWHERE.has(key))
    .map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  const text = pairs.join(", ");
  return text.length > METADATA_CHARACTERS ? `${text.slice(0, METADATA_CHARACTERS)}…` : text;
}

export function NoThreads({ ofCrons, isFiltered }: { ofCrons: boolean; isFiltered: boolean }) {
  if (isFiltered) return <Empty Icon={MessagesSquare} title="No thread passes these filters" />;
  if (!ofCrons) return <Empty Icon={MessagesSquare} title="There are no other threads" />;
  return (
    <Empty Icon={MessagesSquare} title="No cron keeps a thread">
      A cron keeps the thread of each run with <code>on_run_completed: keep</code>, or runs on a thread of
      yours.
    </Empty>
  );
}
