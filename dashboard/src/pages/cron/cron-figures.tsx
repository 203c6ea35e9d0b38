/** What a cron's runs came to: how many succeeded, how late they were, how long they took, and what they used. */
import type { ReactNode } from "react";
import { useCronFigures } from "../../api/crons";
import type { Cron } from "../../api/types";
import { Loaded } from "../../components/states";
import { counted, formatDuration, formatRatio, formatShort } from "../../format/figures";
import { endedRuns, forecastInWords, forecastTokens } from "../../format/forecast";
import classes from "./cron-figures.module.css";

interface CronFiguresProps {
  readonly cron: Cron;
  /** How many times the schedule has in 30 days; undefined while that is not known. */
  readonly timesInMonth: number | undefined;
}

export function CronFigures({ cron, timesInMonth }: CronFiguresProps) {
  const query = useCronFigures(cron.cron_id);
  return (
    <section aria-label="Figures" className={classes.figures}>
      <Loaded query={query} lines={2}>
        {(figures) => (
          <dl className={classes.list}>
            <Figure name="Succeeded" value={formatRatio(figures.success_ratio)}>
              {counted(endedRuns(figures), "run")}
              {figures.failures_in_a_row > 0 && `, the last ${formatShort(figures.failures_in_a_row)} failed`}
            </Figure>
            <Figure name="Late by (p95)" value={formatDuration(figures.start_lateness_ms?.p95)}>
              {figures.start_lateness_ms === null
                ? "no run on schedule yet"
                : `median ${formatDuration(figures.start_lateness_ms.p50)}, most ${formatDuration(figures.start_lateness_ms.max)}`}
            </Figure>
            <Figure name="Duration (p95)" value={formatDuration(figures.duration_ms?.p95)}>
              {figures.duration_ms === null
                ? "no run yet"
                : `median ${formatDuration(figures.duration_ms.p50)}, most ${formatDuration(figures.duration_ms.max)}`}
            </Figure>
            <Figure name="Tokens today" value={formatShort(figures.tokens.today)}>
              {budget(cron.max_tokens_per_day, "a day")}
            </Figure>
            <Figure name="Tokens this month" value={formatShort(figures.tokens.this_month)}>
              {budget(cron.max_tokens_per_month, "a month")}
            </Figure>
            <Figure
              name="Tokens in 30 days"
              value={timesInMonth === undefined ? "–" : forecastTokens(figures, timesInMonth)}
            >
              {!cron.enabled && "If it is resumed: "}
              {timesInMonth !== undefined && forecastInWords(figures, timesInMonth)}
            </Figure>
          </dl>
        )}
      </Loaded>
    </section>
  );
}

function Figure({ name, value, children }: { name: string; value: string; children: ReactNode }) {
  return (
    <div>
      <dt className={classes.name}>{name}</dt>
      <dd className={classes.value}>{value}</dd>
      <dd className={classes.more}>{children}</dd>
    </div>
  );
}

const budget = (limit: number | null, period: string): string =>
  limit === null ? "no limit" : `of ${formatShort(limit)} ${period}`;
