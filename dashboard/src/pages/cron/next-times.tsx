/** The next times of a cron: in UTC and in its zone, with what its owner may not expect of them. */
import { Table } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { usePreview } from "../../api/crons";
import type { Cron, Preview } from "../../api/types";
import { DataTable } from "../../components/data-table";
import { Section } from "../../components/page";
import { ScheduleWarnings } from "../../components/schedule-warnings";
import { Loaded } from "../../components/states";
import { TimeRows } from "../../components/time-rows";

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
  const zone = cron.timezone ?? "UTC";
  return (
    <Section title="Next times">
      <Loaded query={query}>
        {({ next, warnings }) => (
          <div className="stack">
            {!cron.enabled && <p className="muted">While it is paused, none of these fires.</p>}
            <ScheduleWarnings warnings={warnings} />
            {next.length > 0 && (
              <DataTable
                label="Next times"
                head={
                  <>
                    {zone !== "UTC" && <Table.Th>{zone}</Table.Th>}
                    <Table.Th>UTC</Table.Th>
                    <Table.Th>In</Table.Th>
                  </>
                }
              >
                <TimeRows times={next} isUtc={zone === "UTC"} />
              </DataTable>
            )}
          </div>
        )}
      </Loaded>
    </Section>
  );
}
