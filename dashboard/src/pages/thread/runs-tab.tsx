/** The runs of a thread, the newest first. */
import { CirclePlay } from "lucide-react";
import { useState } from "react";
import { useRunsOfThread } from "../../api/runs";
import { PagedListing } from "../../components/listing";
import { RunHead, RunRow } from "../../components/run-table";
import { Empty } from "../../components/states";

const PAGE = 25;

export function RunsTab({ threadId }: { threadId: string }) {
  const [offset, setOffset] = useState(0);
  return (
    <PagedListing
      query={useRunsOfThread(threadId, { limit: PAGE, offset })}
      label="Runs"
      head={<RunHead withCron />}
      row={(run) => <RunRow key={run.run_id} run={run} withCron />}
      empty={<Empty Icon={CirclePlay} title="There is no record of a run on this thread" />}
      offset={offset}
      limit={PAGE}
      onOffset={setOffset}
    />
  );
}
