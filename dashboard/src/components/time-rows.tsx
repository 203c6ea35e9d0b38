/** Rows of a table with times to come: as the clocks of the cron's zone show each, in UTC, and how far it is away. */
import { Table } from "@mantine/core";
import type { Preview } from "../api/types";
import { RelativeTime } from "./time";

interface TimeRowsProps {
  readonly times: Preview["next"];
  /** Then there is no column for the zone. */
  readonly isUtc: boolean;
}

export function TimeRows({ times, isUtc }: TimeRowsProps) {
  const hasSeconds = times.some(({ utc }) => utc.slice(17, 19) !== "00");
  const clock = (iso: string): string => iso.slice(11, hasSeconds ? 19 : 16);
  return times.map(({ utc, local }) => (
    <Table.Tr key={utc}>
      {!isUtc && (
        <Table.Td className="nowrap">
          {dayOf(local)} {clock(local)}
        </Table.Td>
      )}
      <Table.Td className="nowrap">
        {(isUtc || dayOf(local) !== dayOf(utc)) && `${dayOf(utc)} `}
        {clock(utc)}
      </Table.Td>
      <Table.Td className="muted">
        <RelativeTime at={utc} />
      </Table.Td>
    </Table.Tr>
  ));
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** The day of an instant as it was written, whatever its offset: `Thu 2026-11-26`. */
function dayOf(iso: string): string {
  const day = iso.slice(0, 10);
  return `${WEEKDAYS[new Date(`${day}T00:00:00Z`).getUTCDay()] ?? ""} ${day}`;
}
