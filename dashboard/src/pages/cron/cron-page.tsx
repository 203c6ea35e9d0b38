/** The page of a cron: whether it runs and when, what became of its slots, what its runs took, and what can be done to it. */
import { lazy, Suspense } from "react";
import { Link } from "wouter";
import { useAssistant } from "../../api/assistants";
import { useCron } from "../../api/crons";
import { isNotFound } from "../../api/http";
import type { Cron } from "../../api/types";
import { MissingCron } from "../../components/missing-cron";
import { PageFrame } from "../../components/page";
import { PendingPage } from "../../components/pending-page";
import { Loading } from "../../components/states";
import { StatusMark } from "../../components/status";
import { RelativeTime } from "../../components/time";
import { cronTitle } from "../../format/cron-title";
import { shortId, shortName } from "../../format/figures";
import { shortDescription } from "../../format/schedule-words";
import { addressOf, type PageProps } from "../../routes";
import { CronActions } from "./cron-actions";
import { cronStatus, Standstill } from "./standstill";
import { CronFigures } from "./cron-figures";
import classes from "./cron-page.module.css";
import { Definition } from "./definition";
import { History } from "./history";
import { NextTimes, useNextTimes } from "./next-times";

const CronCharts = lazy(() => import("./cron-charts"));

export default function CronPage({ params: { cron_id: cronId = "" } }: PageProps) {
  const query = useCron(cronId);
  // What was read before the cron was deleted is not shown as if it were still there.
  if (query.data !== undefined && !isNotFound(query.error)) return <CronView cron={query.data} />;
  return <PendingPage title={`Cron ${shortId(cronId)}`} query={query} missing={<MissingCron />} />;
}

function CronView({ cron }: { cron: Cron }) {
  const assistant = useAssistant(cron.assistant_id);
  const next = useNextTimes(cron);
  return (
    <PageFrame
      // The name is in the heading, and a page that is another cron's is another page.
      key={cron.cron_id}
      title={cronTitle(cron, shortName(assistant.data?.name ?? "Cron"))}
      beside={<StatusMark status={cronStatus(cron)} />}
      below={
        <>
          {next.data === undefined ? (
            <span className="mono">{cron.schedule}</span>
          ) : (
            shortDescription(next.data.description)
          )}
          {`, ${cron.timezone ?? "UTC"}`}
          {cron.next_run_date !== null && (
            <>
              {" · next "}
              <RelativeTime at={cron.next_run_date} cronZone={cron.timezone} />
            </>
          )}
          {assistant.data !== undefined && (
            <>
              {" · runs "}
              <Link href={addressOf.assistant(cron.assistant_id)}>{shortName(assistant.data.name)}</Link>
            </>
          )}
        </>
      }
      actions={<CronActions cron={cron} />}
    >
      <Standstill cron={cron} />
      <CronFigures cron={cron} timesInMonth={next.data?.times_in_30_days} />
      <div className={classes.columns}>
        <div className="stack">
          <History cron={cron} />
          <Suspense fallback={<Loading lines={6} />}>
            <CronCharts cronId={cron.cron_id} />
          </Suspense>
        </div>
        <div className="stack">
          <NextTimes cron={cron} query={next} />
          <Definition cron={cron} assistant={assistant.data} />
        </div>
      </div>
    </PageFrame>
  );
}
