/** The runs of a thread, the newest first. */
import { Table } from "@mantine/core";
import { CirclePlay } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { isUnderWay, useRunsOfThread } from "../../api/runs";
import type { Run } from "../../api/types";
import { DataTable } from "../../components/data-table";
import { Pager } from "../../components/pager";
import { Empty, Loaded } from "../../components/states";
import { StatusMark } from "../../components/status";
import { Time } from "../../components/time";
import { formatDuration, formatShort, shortId } from "../../format/figures";
import { addressOf } from "../../routes";

const PAGE = 25;

export function RunsTab({ threadId }: { threadId: string }) {
  const [offset, setOffset] = useState(0);
  return (
    <Loaded query={useRunsOfThread(threadId, { limit: PAGE, offset })}>
      {(page) => (
        <>
          {page.items.length === 0 ? (
            <Empty Icon={CirclePlay} title="There is no record of a run on this thread" />
          ) : (
            <RunTable runs={page.items} />
          )}
          <Pager page={page} offset={offset} limit={PAGE} onOffset={setOffset} />
        </>
      )}
    </Loaded>
  );
}

function RunTable({ runs }: { runs: readonly Run[] }) {
  return (
    <DataTable
      label="Runs"
      head={
        <>
          <Table.Th>Run</Table.Th>
          <Table.Th>Status</Table.Th>
          <Table.Th>Made</Table.Th>
          <Table.Th>Took</Table.Th>
          <Table.Th>Tokens</Table.Th>
          <Table.Th>Cron</Table.Th>
        </>
      }
    >
      {runs.map((run) => (
        <Table.Tr key={run.run_id}>
          <Table.Td className="mono">
            <Link href={addressOf.run(run.run_id)}>{shortId(run.run_id)}</Link>
          </Table.Td>
          <Table.Td>
            <StatusMark status={run.status} />
          </Table.Td>
          <Table.Td>
            <Time at={run.created_at} detail="second" />
          </Table.Td>
          <Table.Td className="nowrap">
            {isUnderWay(run) ? "–" : formatDuration(Date.parse(run.updated_at) - Date.parse(run.created_at))}
          </Table.Td>
          <Table.Td className="figures">
            {run.usage === undefined ? "–" : formatShort(run.usage.input_tokens + run.usage.output_tokens)}
          </Table.Td>
          <Table.Td className="mono">
            {typeof run.metadata.cron_id === "string" ? (
              <Link href={addressOf.cron(run.metadata.cron_id)}>{shortId(run.metadata.cron_id)}</Link>
            ) : (
              "–"
            )}
          </Table.Td>
        </Table.Tr>
      ))}
    </DataTable>
  );
}
