/** How many crons use an assistant. */
import { useCronsOfAssistant } from "../../api/crons";
import { formatCount } from "../../format/figures";

const NONE_SHOWN = { limit: 1, offset: 0 };

export function CronCount({ assistantId }: { assistantId: string }) {
  const { data } = useCronsOfAssistant(assistantId, NONE_SHOWN);
  if (data === undefined) return <span aria-label="not known yet">–</span>;
  return formatCount(data.total);
}
