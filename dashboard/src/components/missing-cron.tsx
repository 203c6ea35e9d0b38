/** There is no such cron: where else something of it may be known. */
import { SearchX } from "lucide-react";
import { Link } from "wouter";
import { addressOf } from "../routes";
import { Empty } from "./states";

export function MissingCron() {
  return (
    <Empty Icon={SearchX} title="There is no such cron">
      It was deleted, or the address is wrong. What its runs wrote to threads that are kept is still on the
      page of <Link href={addressOf.threads()}>threads</Link>. Here are{" "}
      <Link href={addressOf.crons()}>all crons</Link>.
    </Empty>
  );
}
