/** The ledger of a cron: what became of each of its slots, and why, a page at a time. */
import { Table } from "@mantine/core";
import { CalendarClock } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useSlots } from "../../api/crons";
import type { Cron, Slot, SlotOrigin, SlotStatus } from "../../api/types";
import { SteppedListing } from "../../components/listing";
import { Empty } from "../../components/states";
import { outcomeOf, StatusMark } from "../../components/status";
import { StatusSelect } from "../../components/status-select";
import classes from "../../components/table-cells.module.css";
import { Time } from "../../components/time";
import { formatDuration, formatShort } from "../../format/figures";
import { latenessOf } from "../../format/lateness";
import { addressOf } from "../../routes";

const SHOWN = 20;

const STATUSES: readonly { value: SlotStatus | ""; label: string }[] = [
  { value: "", label: "All slots" },
  { value: "fired", label: "Fired" },
  { value: "skipped", label: "Skipped" },
  { value: "missed", label: "Missed" },
  { value: "pending", label: "Pending" },
  { value: "rolled_back", label: "Rolled back" },
];

const ORIGINS: Readonly<Record<SlotOrigin, string>> = {
  schedule: "schedule",
  catchup: "made up for",
  backfill: "backfill",
  manual: "by hand",
};

export function Ledger({ cron }: { cron: Cron }) {
  const [status, setStatus] = useState<SlotStatus | "">("");
  const [ends, setEnds] = useState<readonly string[]>([]);
  const before = ends.at(-1);
  const query = useSlots(cron.cron_id, {
    limit: SHOWN + 1,
    ...(before !== undefined && { before }),
    ...(status !== "" && { status }),
  });
  return (
    <div className="stack">
      <StatusSelect
        label="Status of the slots"
        value={status}
        data={STATUSES}
        onChange={(chosen) => {
          setStatus(chosen);
          setEnds([]);
        }}
      />
      <SteppedListing
        query={query}
        label="Ledger"
        head={
          <>
            <Table.Th>Time</Table.Th>
            <Table.Th>Outcome</Table.Th>
            <Table.Th>Why</Table.Th>
            <Table.Th className={classes.number}>Late by</Table.Th>
            <Table.Th className={classes.number}>Duration</Table.Th>
            <Table.Th className={classes.number}>Tokens</Table.Th>
          </>
        }
        row={(slot) => (
          <SlotRow key={`${slot.scheduled_for} ${slot.origin}`} slot={slot} zone={cron.timezone} />
        )}
        empty={
          <Empty
            Icon={CalendarClock}
            title={status === "" ? "No slot has come yet." : "There is no such slot."}
          />
        }
        limit={SHOWN}
        steps={{ ends, setEnds }}
        endOf={(slot) => slot.scheduled_for}
      />
    </div>
  );
}

function SlotRow({ slot, zone }: { slot: Slot; zone: string | null }) {
  const { run, reason } = slot;
  const explanation = reason ?? run?.error ?? null;
  return (
    <Table.Tr>
      <Table.Td>
        <Time at={slot.scheduled_for} detail="second" cronZone={zone} />
      </Table.Td>
      <Table.Td>
        <Outcome slot={slot} />
      </Table.Td>
      <Table.Td className={classes.reason}>
        <div>
          {slot.origin !== "schedule" && (
            <span className="muted">
              {ORIGINS[slot.origin]}
              {slot.requested_by !== null && (
                <span className="foreign">, asked for by {slot.requested_by}</span>
              )}
              {explanation !== null && ": "}
            </span>
          )}
          {explanation !== null && <span className="foreign">{explanation}</span>}
        </div>
      </Table.Td>
      <Table.Td className={classes.number}>{formatDuration(latenessOf(slot))}</Table.Td>
      <Table.Td className={classes.number}>{formatDuration(run?.duration_ms)}</Table.Td>
      <Table.Td className={classes.number}>
        {run === null ? "–" : formatShort(run.input_tokens + run.output_tokens)}
      </Table.Td>
    </Table.Tr>
  );
}

/** It opens the run, if there is one. */
function Outcome({ slot }: { slot: Slot }) {
  const mark = <StatusMark status={outcomeOf(slot)} />;
  if (slot.run_id === null) return mark;
  return (
    <Link href={addressOf.run(slot.run_id)} className={classes.outcome}>
      {mark}
      <span className="visually-hidden">, run of {slot.scheduled_for}</span>
    </Link>
  );
}
