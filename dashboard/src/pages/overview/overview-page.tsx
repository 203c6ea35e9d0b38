/** The whole server at a glance: whether the crons run, what fails, what is late, and what it costs. */
import { useActivity } from "../../api/crons";
import { ApiError } from "../../api/http";
import { PageFrame, Section } from "../../components/page";
import { Failed } from "../../components/states";
import { ActivityCharts } from "./activity-charts";
import { FailingCrons, LateCrons, NextCrons, RecentFailures } from "./cron-lists";
import classes from "./overview-page.module.css";
import { StopSwitch } from "./stop-switch";
import { Tiles } from "./tiles";

const HOURS = 24;
const DAYS = 14;

export default function OverviewPage() {
  return (
    <PageFrame title="Overview" actions={<StopSwitch />}>
      <Tiles />
      <LateCrons />
      <FailingCrons />
      <Charts />
      <div className={classes.columns}>
        <NextCrons />
        <RecentFailures />
      </div>
    </PageFrame>
  );
}

function Charts() {
  const hours = useActivity("hour", HOURS);
  const days = useActivity("day", DAYS);
  const error = hours.error ?? days.error;
  // A caller who may see only some crons is not told what all of them do.
  if (error instanceof ApiError && error.status === 403) return null;
  return (
    <div className={classes.columns}>
      {error !== null && hours.data === undefined ? (
        <Section title="Runs and tokens">
          <Failed error={error} retry={() => void Promise.all([hours.refetch(), days.refetch()])} />
        </Section>
      ) : (
        <ActivityCharts hours={hours.data} days={days.data} />
      )}
    </div>
  );
}
