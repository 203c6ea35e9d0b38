/** How many crons use an assistant. */
import { useCronCountOf } from "../../api/crons";
import { formatCount } from "../../format/figures";

export function CronCount({ assistantId }: { assistantId: string }) {
  const { data } = useCronCountOf(assistantId);
  if (data === undefined) return <span aria-label="not known yet">–</span>;
  return formatCount(data);
}
