/** Runs as rows of a table: those of a cron, and those of a thread. */
import { Table } from "@mantine/core";
import { Link } from "wouter";
import { isUnderWay } from "../api/runs";
import type { Run } from "../api/types";
import { formatDuration, formatShort, shortId } from "../format/figures";
import { addressOf } from "../routes";
import { StatusMark } from "./status";
import classes from "./table-cells.module.css";
import { Time } from "./time";

interface RunColumns {
  /** Where the runs of several crons may stand together. */
  readonly withCron?: boolean;
}

export function RunHead({ withCron = false }: RunColumns) {
  return (
    <>
      <Table.Th>Run</Table.Th>
      <Table.Th>Status</Table.Th>
      {withCron && <Table.Th>Cron</Table.Th>}
      <Table.Th>Error</Table.Th>
      <Table.Th>Made at</Table.Th>
      <Table.Th className={classes.number}>Until its end</Table.Th>
      <Table.Th className={classes.number}>Attempts</Table.Th>
      <Table.Th className={classes.number}>Tokens in</Table.Th>
      <Table.Th className={classes.number}>Tokens out</Table.Th>
    </>
  );
}

export function RunRow({ run, withCron = false }: RunColumns & { readonly run: Run }) {
  const duration = isUnderWay(run) ? null : Date.parse(run.updated_at) - Date.parse(run.created_at);
  const tokens = (count: number | undefined): string => (count === undefined ? "–" : formatShort(count));
  const { cron_id: cronId } = run.metadata;
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
      {withCron && (
        <Table.Td className="mono nowrap">
          {typeof cronId === "string" ? <Link href={addressOf.cron(cronId)}>{shortId(cronId)}</Link> : "–"}
        </Table.Td>
      )}
      <Table.Td className={classes.reason}>
        {run.error !== undefined && <span className="foreign">{textOf(run.error)}</span>}
      </Table.Td>
      <Table.Td>
        <Time at={run.created_at} detail="second" />
      </Table.Td>
      <Table.Td className={classes.number}>{formatDuration(duration)}</Table.Td>
      <Table.Td className={classes.number}>{run.attempts ?? "–"}</Table.Td>
      <Table.Td className={classes.number}>{tokens(run.usage?.input_tokens)}</Table.Td>
      <Table.Td className={classes.number}>{tokens(run.usage?.output_tokens)}</Table.Td>
    </Table.Tr>
  );
}

/** With the name of the error, where it says more than that it is one. */
const textOf = ({ error: name, message }: NonNullable<Run["error"]>): string =>
  name === "Error" ? message : `${name}: ${message}`;
