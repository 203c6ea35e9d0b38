/** The whole server at a glance: whether the crons run, what fails, what is late, and what it costs. */
import { lazy, Suspense } from "react";
import { useActivity } from "../../api/crons";
import { ApiError } from "../../api/http";
import { PageFrame, Section } from "../../components/page";
import { Failed, Loading } from "../../components/states";
import { FailingCrons, LateCrons, NextCrons, RecentFailures } from "./cron-lists";
import classes from "./overview-page.module.css";
import { StopSwitch } from "./stop-switch";
import { Tiles } from "./tiles";

/** The charts come after all that is text. */
const ActivityCharts = lazy(() => import("./activity-charts"));

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
        <Suspense
          fallback={
            <Section title="Runs by hour">
              <Loading lines={8} />
            </Section>
          }
        >
          <ActivityCharts hours={hours.data} days={days.data} />
        </Suspense>
      )}
    </div>
  );
}
