/** The runs of a cron, a page at a time. */
import { CirclePlay } from "lucide-react";
import { useState } from "react";
import { useCronRuns } from "../../api/crons";
import { PagedListing } from "../../components/listing";
import { RunHead, RunRow } from "../../components/run-table";
import { Empty } from "../../components/states";
import { wordOf } from "../../components/status";
import { StatusSelect } from "../../components/status-select";

const SHOWN = 20;

const STATUSES = [
  { value: "", label: "All runs" },
  ...(["pending", "running", "success", "error", "timeout", "interrupted"] as const).map((value) => ({
    value,
    label: `${wordOf(value).charAt(0).toUpperCase()}${wordOf(value).slice(1)}`,
  })),
];

export function Runs({ cronId }: { cronId: string }) {
  const [status, setStatus] = useState("");
  const [offset, setOffset] = useState(0);
  const query = useCronRuns(cronId, { limit: SHOWN, offset, ...(status !== "" && { status }) });
  return (
    <div className="stack">
      <StatusSelect
        label="Status of the runs"
        value={status}
        data={STATUSES}
        onChange={(chosen) => {
          setStatus(chosen);
          setOffset(0);
        }}
      />
      <PagedListing
        query={query}
        label="Runs"
        head={<RunHead />}
        row={(run) => <RunRow key={run.run_id} run={run} />}
        empty={
          <Empty Icon={CirclePlay} title={status === "" ? "It has not run yet." : "There is no such run."} />
        }
        offset={offset}
        limit={SHOWN}
        onOffset={setOffset}
      />
    </div>
  );
}
