/** Crons below each other, for a narrow screen. */
import { cronTitle } from "../../format/cron-title";
import { formatDuration, formatRatio, formatShort } from "../../format/figures";
import { forecastTokens } from "../../format/forecast";
import {
  type CronListProps,
  CronName,
  CronSchedule,
  CronState,
  CronTrouble,
  LastSlots,
  NextTime,
} from "./cron-parts";
import classes from "./crons-page.module.css";

export function CronCards({ crons, slotsOf, nameOf }: CronListProps) {
  return (
    <ul className={classes.cards}>
      {crons.map((cron) => {
        const assistant = nameOf(cron.assistant_id);
        const { figures } = cron;
        return (
          <li key={cron.cron_id} className={classes.card}>
            <div className={classes.line}>
              <CronName cron={cron} assistant={assistant} />
              <div>
                <CronState cron={cron} />
              </div>
            </div>
            <div className={classes.line}>
              <div>
                <CronSchedule cron={cron} />
              </div>
              <div>
                <NextTime cron={cron} />
              </div>
            </div>
            <CronTrouble cron={cron} />
            <LastSlots slots={slotsOf(cron.cron_id)} title={cronTitle(cron, assistant)} />
            <dl className={classes.facts}>
              <div>
                <dt>Succeeded</dt>
                <dd>{formatRatio(figures.success_ratio)}</dd>
              </div>
              <div>
                <dt>Late (p95)</dt>
                <dd>{formatDuration(figures.start_lateness_ms?.p95)}</dd>
              </div>
              <div>
                <dt>Tokens today</dt>
                <dd>{formatShort(figures.tokens.today)}</dd>
              </div>
              {cron.enabled && (
                <div>
                  <dt>In 30 days</dt>
                  <dd>{forecastTokens(figures, cron.times_in_30_days)}</dd>
                </div>
              )}
            </dl>
          </li>
        );
      })}
    </ul>
  );
}
