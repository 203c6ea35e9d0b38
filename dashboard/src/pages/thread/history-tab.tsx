/** The states of a thread, the newest first: after which step each was written, and what came next. One of them can be opened. */
import { Button, Group, Table } from "@mantine/core";
import { History } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useHistory, useStateAt } from "../../api/threads";
import type { ThreadState } from "../../api/types";
import { DataTable } from "../../components/data-table";
import { Empty, Loaded } from "../../components/states";
import { Time } from "../../components/time";
import { shortId } from "../../format/figures";
import { addressOf } from "../../routes";
import { ShownState } from "./state-tab";

const PAGE = 25;

type Outline = Omit<ThreadState, "values">;

export function HistoryTab({ threadId }: { threadId: string }) {
  // The last checkpoint of each page before the one that is shown.
  const [before, setBefore] = useState<readonly string[]>([]);
  const [opened, setOpened] = useState<string | null>(null);
  const last = before.at(-1);
  const query = useHistory(threadId, { limit: PAGE, ...(last !== undefined && { before: last }) });
  return (
    <Loaded query={query} lines={8}>
      {(states) => {
        const end = states.at(-1)?.checkpoint.checkpoint_id ?? null;
        return (
          <>
            {states.length === 0 ? (
              <Empty
                Icon={History}
                title={before.length === 0 ? "There is no state yet" : "There are no older states"}
              />
            ) : (
              <StateTable states={states} opened={opened} onOpen={setOpened} />
            )}
            <Group justify="flex-end" gap="xs" mt="sm">
              <Button
                size="xs"
                variant="default"
                disabled={before.length === 0}
                onClick={() => {
                  setBefore(before.slice(0, -1));
                }}
              >
                Newer
              </Button>
              <Button
                size="xs"
                variant="default"
                disabled={states.length < PAGE || end === null}
                onClick={() => {
                  if (end !== null) setBefore([...before, end]);
                }}
              >
                Older
              </Button>
            </Group>
            {opened !== null && <OpenedState threadId={threadId} checkpointId={opened} />}
          </>
        );
      }}
    </Loaded>
  );
}

interface StateTableProps {
  readonly states: readonly Outline[];
  readonly opened: string | null;
  readonly onOpen: (checkpointId: string | null) => void;
}

function StateTable({ states, opened, onOpen }: StateTableProps) {
  return (
    <DataTable
      label="States"
      head={
        <>
          <Table.Th>Step</Table.Th>
          <Table.Th>Written</Table.Th>
          <Table.Th>From</Table.Th>
          <Table.Th>Next</Table.Th>
          <Table.Th>Run</Table.Th>
          <Table.Th>
            <span className="visually-hidden">State</span>
          </Table.Th>
        </>
      }
    >
      {states.map(({ checkpoint: { checkpoint_id: id }, metadata, created_at: at, next, interrupts }) => (
        <Table.Tr key={id}>
          <Table.Td className="figures">{typeof metadata.step === "number" ? metadata.step : "–"}</Table.Td>
          <Table.Td>
            <Time at={at} detail="second" />
          </Table.Td>
          <Table.Td>
            <bdi>{typeof metadata.source === "string" ? metadata.source : "–"}</bdi>
          </Table.Td>
          <Table.Td>
            {next.length === 0 ? (
              <span className="muted">end</span>
            ) : (
              <span className="mono foreign">{next.join(", ")}</span>
            )}
            {interrupts.length > 0 && <div className="muted">interrupted</div>}
          </Table.Td>
          <Table.Td className="mono">
            {typeof metadata.run_id === "string" ? (
              <Link href={addressOf.run(metadata.run_id)}>{shortId(metadata.run_id)}</Link>
            ) : (
              "–"
            )}
          </Table.Td>
          <Table.Td>
            <Button
              size="compact-xs"
              variant="subtle"
              aria-expanded={opened === id}
              onClick={() => {
                onOpen(opened === id ? null : id);
              }}
            >
              {opened === id ? "Hide state" : "Show state"}
            </Button>
          </Table.Td>
        </Table.Tr>
      ))}
    </DataTable>
  );
}

function OpenedState({ threadId, checkpointId }: { threadId: string; checkpointId: string }) {
  return (
    <section aria-label="The state that was opened" className="stack">
      <Loaded query={useStateAt(threadId, checkpointId)}>{(state) => <ShownState state={state} />}</Loaded>
    </section>
  );
}
