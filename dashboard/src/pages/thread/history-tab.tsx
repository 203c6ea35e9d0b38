/** The states of a thread, the newest first: after which step each was written, and what came next. One of them can be opened. */
import { Button, Table } from "@mantine/core";
import { History } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useHistory, useStateAt } from "../../api/threads";
import type { ThreadState } from "../../api/types";
import { SteppedListing } from "../../components/listing";
import { Empty, Loaded } from "../../components/states";
import { Time } from "../../components/time";
import { shortId } from "../../format/figures";
import { addressOf } from "../../routes";
import { ShownState } from "./state-tab";

const PAGE = 25;

type Outline = Omit<ThreadState, "values">;

const idOf = (state: Outline): string => state.checkpoint.checkpoint_id ?? "";

export function HistoryTab({ threadId }: { threadId: string }) {
  const [ends, setEnds] = useState<readonly string[]>([]);
  const [opened, setOpened] = useState<string | null>(null);
  const before = ends.at(-1);
  const query = useHistory(threadId, { limit: PAGE + 1, ...(before !== undefined && { before }) });
  return (
    <>
      <SteppedListing
        query={query}
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
        row={(state) => (
          <StateRow
            key={idOf(state)}
            state={state}
            isOpen={opened === idOf(state)}
            onToggle={() => {
              setOpened(opened === idOf(state) ? null : idOf(state));
            }}
          />
        )}
        empty={<Empty Icon={History} title="There is no state yet" />}
        limit={PAGE}
        steps={{ ends, setEnds }}
        endOf={idOf}
      />
      {opened !== null && <OpenedState threadId={threadId} checkpointId={opened} />}
    </>
  );
}

interface StateRowProps {
  readonly state: Outline;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function StateRow({
  state: { metadata, created_at: at, next, interrupts },
  isOpen,
  onToggle,
}: StateRowProps) {
  return (
    <Table.Tr>
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
        <Button size="compact-xs" variant="subtle" aria-expanded={isOpen} onClick={onToggle}>
          {isOpen ? "Hide state" : "Show state"}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

function OpenedState({ threadId, checkpointId }: { threadId: string; checkpointId: string }) {
  return (
    <section aria-label="The state that was opened" className="stack">
      <Loaded query={useStateAt(threadId, checkpointId)}>{(state) => <ShownState state={state} />}</Loaded>
    </section>
  );
}
