/** The runs of a cron, a page at a time. */
import { NativeSelect, Table } from "@mantine/core";
import { CirclePlay } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useCronRuns } from "../../api/crons";
import { isUnderWay } from "../../api/runs";
import type { Run } from "../../api/types";
import { DataTable } from "../../components/data-table";
import { Pager } from "../../components/pager";
import { Empty, Loaded } from "../../components/states";
import { StatusMark, wordOf } from "../../components/status";
import { Time } from "../../components/time";
import { formatDuration, formatShort, shortId } from "../../format/figures";
import { addressOf } from "../../routes";
import classes from "./history.module.css";

const SHOWN = 20;

const STATUSES = [
  { value: "", label: "All runs" },
  ...(["pending", "running", "success", "error", "timeout", "interrupted"] as const).map((value) => ({
    value,
    label: `${wordOf(value).charAt(0).toUpperCase()}${wordOf(value).slice(1)}`,
  })),
];

export function Runs({ cronId }: { cronId: string }) {
  const [status, setStatus] = useState("");
  const [offset, setOffset] = useState(0);
  const query = useCronRuns(cronId, { limit: SHOWN, offset, ...(status !== "" && { status }) });
  return (
    <div className="stack">
      <NativeSelect
        className={classes.filter}
        size="xs"
        aria-label="Status of the runs"
        value={status}
        data={STATUSES}
        onChange={({ currentTarget }) => {
          setStatus(currentTarget.value);
          setOffset(0);
        }}
      />
      <Loaded query={query}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty
              Icon={CirclePlay}
              title={status === "" ? "It has not run yet." : "There is no such run."}
            />
          ) : (
            <>
              <DataTable
                label="Runs"
                head={
                  <>
                    <Table.Th>Run</Table.Th>
                    <Table.Th>Status</Table.Th>
                    <Table.Th>Made at</Table.Th>
                    <Table.Th className={classes.number}>Until its end</Table.Th>
                    <Table.Th className={classes.number}>Attempts</Table.Th>
                    <Table.Th className={classes.number}>Tokens in</Table.Th>
                    <Table.Th className={classes.number}>Tokens out</Table.Th>
                    <Table.Th>Error</Table.Th>
                  </>
                }
              >
                {page.items.map((run) => (
                  <RunRow key={run.run_id} run={run} />
                ))}
              </DataTable>
              <Pager page={page} offset={offset} limit={SHOWN} onOffset={setOffset} />
            </>
          )
        }
      </Loaded>
    </div>
  );
}

function RunRow({ run }: { run: Run }) {
  const duration = isUnderWay(run) ? null : Date.parse(run.updated_at) - Date.parse(run.created_at);
  const tokens = (count: number | undefined): string => (count === undefined ? "–" : formatShort(count));
  return (
    <Table.Tr>
      <Table.Td>
        <Link href={addressOf.run(run.run_id)} className="mono nowrap">
          {shortId(run.run_id)}
        </Link>
      </Table.Td>
      <Table.Td>
        <StatusMark status={run.status} />
      </Table.Td>
      <Table.Td>
        <Time at={run.created_at} detail="second" />
      </Table.Td>
      <Table.Td className={classes.number}>{formatDuration(duration)}</Table.Td>
      <Table.Td className={classes.number}>{run.attempts ?? "–"}</Table.Td>
      <Table.Td className={classes.number}>{tokens(run.usage?.input_tokens)}</Table.Td>
      <Table.Td className={classes.number}>{tokens(run.usage?.output_tokens)}</Table.Td>
      <Table.Td className={classes.why}>
        {run.error !== undefined && (
          <span className="foreign">
            {run.error.error}: {run.error.message}
          </span>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
