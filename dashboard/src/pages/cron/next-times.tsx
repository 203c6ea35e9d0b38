/** The next times of a cron: in UTC and in its zone, with what its owner may not expect of them. */
import type { UseQueryResult } from "@tanstack/react-query";
import { usePreview } from "../../api/crons";
import type { Cron, Preview } from "../../api/types";
import { Section } from "../../components/page";
import { ScheduleWarnings } from "../../components/schedule-warnings";
import { Loaded } from "../../components/states";
import { TimesTable } from "../../components/times-table";

const SHOWN = 10;

/** They are read again when the next slot is another one. */
export const useNextTimes = ({ schedule, timezone, end_time, next_run_date }: Cron) =>
  usePreview(
    {
      schedule,
      ...(timezone !== null && { timezone }),
      ...(end_time !== null && { end_time }),
      count: SHOWN,
    },
    next_run_date,
  );

export function NextTimes({ cron, query }: { cron: Cron; query: UseQueryResult<Preview> }) {
  return (
    <Section title="Next times">
      <Loaded query={query}>
        {(preview) => (
          <div className="stack">
            {!cron.enabled && <p className="muted">While it is paused, none of these fires.</p>}
            <ScheduleWarnings warnings={preview.warnings} />
            <TimesTable preview={preview} />
          </div>
        )}
      </Loaded>
    </Section>
  );
}
