/** A table of times to come: as the clocks of the cron's zone show each, in UTC, and how far it is away. */
import { Table } from "@mantine/core";
import type { Preview } from "../api/types";
import { DataTable } from "./data-table";
import { RelativeTime } from "./time";

/** Nothing where no time is to come. */
export function TimesTable({ preview: { next: times, timezone } }: { preview: Preview }) {
  if (times.length === 0) return null;
  const zone = timezone ?? "UTC";
  const isUtc = zone === "UTC";
  const hasSeconds = times.some(({ utc }) => utc.slice(17, 19) !== "00");
  const clock = (iso: string): string => iso.slice(11, hasSeconds ? 19 : 16);
  return (
    <DataTable
      label="Next times"
      head={
        <>
          {!isUtc && <Table.Th>{zone}</Table.Th>}
          <Table.Th>UTC</Table.Th>
          <Table.Th>In</Table.Th>
        </>
      }
    >
      {times.map(({ utc, local }) => (
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
      ))}
    </DataTable>
  );
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** The day of an instant as it was written, whatever its offset: `Thu 2026-11-26`. */
function dayOf(iso: string): string {
  const day = iso.slice(0, 10);
  return `${WEEKDAYS[new Date(`${day}T00:00:00Z`).getUTCDay()] ?? ""} ${day}`;
}
