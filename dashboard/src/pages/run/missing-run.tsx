/** There is no record of the run: where else something of it may be known. */
import { SearchX } from "lucide-react";
import { Link } from "wouter";
import { Empty } from "../../components/states";
import { addressOf } from "../../routes";

export function MissingRun() {
  return (
    <Empty Icon={SearchX} title="There is no record of this run">
      Records are removed some time after a run has ended (RUN_RECORD_DAYS, 30 days if it is not set), and
      with the thread that the run was on. How the runs of a cron ended stays in the ledger of the{" "}
      <Link href={addressOf.crons()}>cron</Link>.
    </Empty>
  );
}
