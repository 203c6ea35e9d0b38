/** The whole server at a glance: whether the crons run, what fails, what is late, and what it costs. */
import { useActivity } from "../../api/crons";
import { PageFrame, Section } from "../../components/page";
import { Failed } from "../../components/states";
import { ActivityCharts } from "./activity-charts";
import { NextCrons } from "./next-crons";
import classes from "./overview-page.module.css";
import { RecentFailures } from "./recent-failures";
import { StopSwitch } from "./stop-switch";
import { Tiles } from "./tiles";
import { TroubledCrons } from "./troubled-crons";

const HOURS = 24;
const DAYS = 14;

export default function OverviewPage() {
  return (
    <PageFrame title="Overview" actions={<StopSwitch />}>
      <Tiles />
      <TroubledCrons />
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
