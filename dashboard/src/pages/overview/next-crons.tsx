/** What fires next. */
import { CalendarClock } from "lucide-react";
import { Link } from "wouter";
import { type ListedCron, useCronPage } from "../../api/crons";
import { Section } from "../../components/page";
import { Empty, Loaded } from "../../components/states";
import { RelativeTime, Time } from "../../components/time";
import { shortDescription } from "../../format/schedule-words";
import { addressOf } from "../../routes";
import { CronItem } from "./cron-item";
import classes from "./overview-page.module.css";

const SHOWN = 6;

/** The crons that are on, those that fire first or should have fired already at the beginning. */
export const useNextCrons = () =>
  useCronPage({
    enabled: true,
    sort_by: "next_run_date",
    sort_order: "asc",
    limit: 2 * SHOWN,
    offset: 0,
  });

export const isToCome = (cron: ListedCron): cron is ListedCron & { next_run_date: string } =>
  cron.next_run_date !== null;

export function NextCrons() {
  const page = useNextCrons();
  return (
    <Section
      title="Next"
      actions={<Link href={`${addressOf.crons()}?sort=next_run_date&order=asc`}>All crons</Link>}
    >
      <Loaded query={page}>
        {({ items }) => {
          const next = items.filter(isToCome).slice(0, SHOWN);
          if (next.length === 0)
            return (
              <Empty Icon={CalendarClock} title="No cron is going to fire">
                <Link href={addressOf.newCron()}>New cron</Link>
              </Empty>
            );
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
