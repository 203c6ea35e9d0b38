/** Crons and runs that one should look at now. A list that has nothing to say is not there, where that is good news. */
import { CircleCheck, CalendarClock } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useAssistantNames } from "../../api/assistants";
import { type ListedCron, useCronPage } from "../../api/crons";
import { useRunPage } from "../../api/runs";
import type { Run } from "../../api/types";
import { useNow } from "../../components/clock";
import { Section } from "../../components/page";
import { Empty, Loaded } from "../../components/states";
import { RelativeTime, Time } from "../../components/time";
import { cronTitle, runTitle } from "../../format/cron-title";
import { counted } from "../../format/figures";
import { shortDescription } from "../../format/schedule-words";
import { formatSpan } from "../../format/time";
import { addressOf } from "../../routes";
import classes from "./overview-page.module.css";

const SHOWN = 6;
/** Alarms are some seconds late at most, unless one was lost. */
const LATE_MS = 60_000;

const NEXT = {
  enabled: true,
  sort_by: "next_run_date",
  sort_order: "asc",
  limit: 2 * SHOWN,
  offset: 0,
} as const;

const isToCome = (cron: ListedCron): cron is ListedCron & { next_run_date: string } =>
  cron.next_run_date !== null;

/** What should have fired already. */
export function LateCrons() {
  const { data } = useCronPage(NEXT);
  const now = useNow(LATE_MS / 10);
  const late = (data?.items ?? [])
    .filter(isToCome)
    .filter((cron) => now - Date.parse(cron.next_run_date) > LATE_MS);
  if (late.length === 0) return null;
  return (
    <Section title="Late now">
      <ul className={classes.items}>
        {late.slice(0, SHOWN).map((cron) => (
          <CronItem
            key={cron.cron_id}
            cron={cron}
            below={`was due ${formatSpan(now - Date.parse(cron.next_run_date))} ago`}
          >
            <Time at={cron.next_run_date} cronZone={cron.timezone} detail="second" />
          </CronItem>
        ))}
      </ul>
    </Section>
  );
}

/** Whose last run failed. */
export function FailingCrons() {
  const { data } = useCronPage({ failing: true, limit: SHOWN, offset: 0 });
  if (data === undefined || data.items.length === 0) return null;
  return (
    <Section
      title="Failing"
      actions={
        data.total > SHOWN ? (
          <Link href={`${addressOf.crons()}?status=failing`}>All {data.total}</Link>
        ) : undefined
      }
    >
      <ul className={classes.items}>
        {data.items.map((cron) => (
          <CronItem
            key={cron.cron_id}
            cron={cron}
            below={`${counted(cron.figures.failures_in_a_row, "failure")} in a row${cron.enabled ? "" : "; paused"}`}
          >
            {cron.next_run_date === null ? (
              <span className="muted">{cron.note ?? "does not fire"}</span>
            ) : (
              <>
                again <RelativeTime at={cron.next_run_date} cronZone={cron.timezone} />
              </>
            )}
          </CronItem>
        ))}
      </ul>
    </Section>
  );
}

/** What fires next. */
export function NextCrons() {
  const page = useCronPage(NEXT);
  return (
    <Section
      title="Next"
      actions={<Link href={`${addressOf.crons()}?sort=next_run_date&order=asc`}>All crons</Link>}
    >
      <Loaded query={page}>
        {({ items }) => {
          const next = items.filter(isToCome).slice(0, SHOWN);
          if (next.length === 0) return <Empty Icon={CalendarClock} title="No cron is going to fire" />;
          return (
            <ul className={classes.items}>
              {next.map((cron) => (
                <CronItem key={cron.cron_id} cron={cron} below={shortDescription(cron.schedule_description)}>
                  <RelativeTime at={cron.next_run_date} cronZone={cron.timezone} />
                  <div className={classes.sub}>
                    <Time at={cron.next_run_date} cronZone={cron.timezone} />
                  </div>
                </CronItem>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Section>
  );
}

interface CronItemProps {
  readonly cron: ListedCron;
  readonly below: string;
  /** At the end of the line. */
  readonly children: ReactNode;
}

function CronItem({ cron, below, children }: CronItemProps) {
  const nameOf = useAssistantNames();
  return (
    <li className={classes.item}>
      <div className={classes.what}>
        <Link href={addressOf.cron(cron.cron_id)}>{cronTitle(cron, nameOf(cron.assistant_id))}</Link>
        <div className={classes.sub}>{below}</div>
      </div>
      <div className={classes.when}>{children}</div>
    </li>
  );
}

/** The runs that failed last, whoever made them. */
export function RecentFailures() {
  const runs = useRunPage({ status: "error", limit: SHOWN, offset: 0 });
  const nameOf = useAssistantNames();
  return (
    <Section title="Last failed runs">
      <Loaded query={runs}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty Icon={CircleCheck} title="No run has failed" />
          ) : (
            <ul className={classes.items}>
              {items.map((run) => (
                <li key={run.run_id} className={classes.item}>
                  <div className={classes.what}>
                    <Link href={addressOf.run(run.run_id)}>{runTitle(run, nameOf(run.assistant_id))}</Link>
                    <div className={classes.error}>{errorOf(run)}</div>
                  </div>
                  <div className={classes.when}>
                    <RelativeTime at={run.created_at} />
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

/** The first line. A run whose thread is gone keeps no error in its record. */
const errorOf = ({ error }: Run): string =>
  error?.message.split("\n")[0] ?? "its thread is deleted, and its error with it";
