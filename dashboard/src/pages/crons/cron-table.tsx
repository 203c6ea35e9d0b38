/** Crons as rows. */
import { Table } from "@mantine/core";
import { DataTable } from "../../components/data-table";
import { cronTitle } from "../../format/cron-title";
import { formatDuration, formatRatio } from "../../format/figures";
import {
  type CronListProps,
  CronName,
  CronSchedule,
  CronState,
  CronTokens,
  CronTrouble,
  LastSlots,
  NextTime,
} from "./cron-parts";
import classes from "./crons-page.module.css";

export function CronTable({ crons, slotsOf, nameOf }: CronListProps) {
  const head = (
    <>
      <Table.Th>Cron</Table.Th>
      <Table.Th>Schedule</Table.Th>
      <Table.Th>Next</Table.Th>
      <Table.Th>Last times</Table.Th>
      <Table.Th className={classes.number}>Succeeded</Table.Th>
      <Table.Th className={classes.number} title="19 of 20 runs began at most so long after their time">
        Late (p95)
      </Table.Th>
      <Table.Th
        className={classes.number}
        title="Of this day in UTC. Below: how often the cron fires in the next 30 days, times what a run used on average so far"
      >
        Tokens today
      </Table.Th>
      <Table.Th>Status</Table.Th>
    </>
  );
  return (
    <DataTable label="Table of crons" head={head}>
      {crons.map((cron) => {
        const assistant = nameOf(cron.assistant_id);
        const { figures } = cron;
        return (
          <Table.Tr key={cron.cron_id}>
            <Table.Td className={classes.cell}>
              <CronName cron={cron} assistant={assistant} />
            </Table.Td>
            <Table.Td className={classes.cell}>
              <CronSchedule cron={cron} />
            </Table.Td>
            <Table.Td className="nowrap">
              <NextTime cron={cron} />
            </Table.Td>
            <Table.Td>
              <LastSlots slots={slotsOf(cron.cron_id)} title={cronTitle(cron, assistant)} />
            </Table.Td>
            <Table.Td className={classes.number}>{formatRatio(figures.success_ratio)}</Table.Td>
            <Table.Td className={classes.number}>{formatDuration(figures.start_lateness_ms?.p95)}</Table.Td>
            <Table.Td className={classes.number}>
              <CronTokens cron={cron} />
            </Table.Td>
            <Table.Td>
              <CronState cron={cron} />
              <CronTrouble cron={cron} />
            </Table.Td>
          </Table.Tr>
        );
      })}
    </DataTable>
  );
}
