/** The ledger of a cron: what became of each of its slots, and why, a page at a time. */
import { NativeSelect, Table } from "@mantine/core";
import { CalendarClock } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useSlots } from "../../api/crons";
import type { Cron, Slot, SlotOrigin, SlotStatus } from "../../api/types";
import { DataTable } from "../../components/data-table";
import { Empty, Loaded } from "../../components/states";
import { outcomeOf, StatusMark } from "../../components/status";
import { Time } from "../../components/time";
import { formatDuration, formatShort } from "../../format/figures";
import { addressOf } from "../../routes";
import classes from "./history.module.css";
import { Steps } from "./steps";

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
  /** The slots after which each page after the first begins, up to the page that is shown. */
  const [ends, setEnds] = useState<readonly string[]>([]);
  const before = ends.at(-1);
  // One more is asked for than is shown, to know whether there is another page.
  const query = useSlots(cron.cron_id, {
    limit: SHOWN + 1,
    ...(before !== undefined && { before }),
    ...(status !== "" && { status }),
  });
  return (
    <div className="stack">
      <NativeSelect
        className={classes.filter}
        size="xs"
        aria-label="Status of the slots"
        value={status}
        data={STATUSES}
        onChange={({ currentTarget }) => {
          setStatus(currentTarget.value as SlotStatus | "");
          setEnds([]);
        }}
      />
      <Loaded query={query}>
        {(slots) =>
          slots.length === 0 ? (
            <Empty
              Icon={CalendarClock}
              title={status === "" ? "No slot has come yet." : "There is no such slot."}
            />
          ) : (
            <>
              <DataTable
                label="Ledger"
                head={
                  <>
                    <Table.Th>Time</Table.Th>
                    <Table.Th>Outcome</Table.Th>
                    <Table.Th>Why</Table.Th>
                    <Table.Th className={classes.number}>Late by</Table.Th>
                    <Table.Th className={classes.number}>Duration</Table.Th>
                    <Table.Th className={classes.number}>Tokens</Table.Th>
                    <Table.Th>Run</Table.Th>
                  </>
                }
              >
                {slots.slice(0, SHOWN).map((slot) => (
                  <SlotRow key={`${slot.scheduled_for} ${slot.origin}`} slot={slot} zone={cron.timezone} />
                ))}
              </DataTable>
              <Steps
                isFirst={ends.length === 0}
                isLast={slots.length <= SHOWN}
                onNewer={() => {
                  setEnds(ends.slice(0, -1));
                }}
                onOlder={() => {
                  const last = slots[SHOWN - 1]?.scheduled_for;
                  if (last !== undefined) setEnds([...ends, last]);
                }}
              />
            </>
          )
        }
      </Loaded>
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
        <StatusMark status={outcomeOf(slot)} />
      </Table.Td>
      <Table.Td className={classes.why}>
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
      </Table.Td>
      <Table.Td className={classes.number}>{formatDuration(slot.lateness_ms)}</Table.Td>
      <Table.Td className={classes.number}>{formatDuration(run?.duration_ms)}</Table.Td>
      <Table.Td className={classes.number}>
        {run === null ? "–" : formatShort(run.input_tokens + run.output_tokens)}
      </Table.Td>
      <Table.Td>
        {slot.run_id === null ? (
          <span aria-label="none">–</span>
        ) : (
          <Link
            href={addressOf.run(slot.run_id)}
            aria-label={`Run of ${slot.scheduled_for}`}
            className="nowrap"
          >
            Open
          </Link>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
