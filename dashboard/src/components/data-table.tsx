/** A table that scrolls sideways inside of itself where the screen is narrow, so that the page does not. */
import { Table } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./data-table.module.css";

interface DataTableProps {
  /** What the table lists, for screen readers. */
  readonly label: string;
  /** A row of `Table.Th`. */
  readonly head: ReactNode;
  /** Rows of `Table.Td`. */
  readonly children: ReactNode;
}

export function DataTable({ label, head, children }: DataTableProps) {
  return (
    // It scrolls, so the keyboard has to reach it.
    <div className={classes.scroll} tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing="xs" horizontalSpacing="sm" highlightOnHover className={classes.table}>
        <Table.Thead>
          <Table.Tr>{head}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}
