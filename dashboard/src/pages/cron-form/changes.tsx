/** What a change of a cron will change: each field, as it is and as it will be. */
import { Table } from "@mantine/core";
import { DataTable } from "../../components/data-table";
import { Section } from "../../components/page";
import { POLICY_FIELDS, policyField, type PolicyField } from "../../format/cron-policy";
import classes from "./cron-form.module.css";
import type { Change } from "./cron-changes";

export function Changes({ changes }: { changes: readonly Change[] }) {
  return (
    <Section title="What will change">
      {changes.length === 0 ? (
        <p className="muted">Nothing yet.</p>
      ) : (
        <DataTable
          label="What will change"
          head={
            <>
              <Table.Th>Field</Table.Th>
              <Table.Th>Now</Table.Th>
              <Table.Th>Then</Table.Th>
            </>
          }
        >
          {changes.map(({ field, before, after }) => (
            <Table.Tr key={field}>
              <Table.Td>{labelOf(field)}</Table.Td>
              <Table.Td className={classes.changed}>{shown(field, before)}</Table.Td>
              <Table.Td className={classes.changed}>{shown(field, after)}</Table.Td>
            </Table.Tr>
          ))}
        </DataTable>
      )}
    </Section>
  );
}

const LABELS: Readonly<Record<string, string>> = {
  schedule: "Cron expression",
  timezone: "Time zone",
  end_time: "End (UTC)",
  on_run_completed: "Thread after the run",
  multitask_strategy: "While an earlier run goes on",
  interrupt_before: "Stop before nodes",
  interrupt_after: "Stop after nodes",
  durability: "The state is written",
};

const isPolicy = (field: string): field is PolicyField =>
  (POLICY_FIELDS as readonly string[]).includes(field);

const labelOf = (field: string): string =>
  isPolicy(field)
    ? policyField(field).label
    : (LABELS[field] ?? `${field.charAt(0).toUpperCase()}${field.slice(1)}`);

function shown(field: string, value: unknown): string {
  if (value === undefined) return field === "timezone" ? "UTC" : isPolicy(field) ? "default" : "none";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
