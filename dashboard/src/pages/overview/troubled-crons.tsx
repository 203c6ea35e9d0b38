/** The crons that one should look at now: what is late, and what fails and why. Where there is none, it says so. */
import { CircleCheck } from "lucide-react";
import { Link } from "wouter";
import { type ListedCron, useCronPage, useLastSlots } from "../../api/crons";
import type { Slot } from "../../api/types";
import { useNow } from "../../components/clock";
import { Section } from "../../components/page";
import { SlotStrip } from "../../components/slot-strip";
import { outcomeOf } from "../../components/status";
import { RelativeTime, Time } from "../../components/time";
import { counted } from "../../format/figures";
import { formatSpan } from "../../format/time";
import { addressOf } from "../../routes";
import { CronItem } from "./cron-item";
import { isToCome, useNextCrons } from "./next-crons";
import classes from "./overview-page.module.css";

const SHOWN = 6;
const SLOTS = 12;
/** Alarms are some seconds late at most, unless one was lost. */
const LATE_MS = 60_000;

export function TroubledCrons() {
  const next = useNextCrons().data;
  const failing = useCronPage({ failing: true, limit: SHOWN, offset: 0 }).data;
  const now = useNow(LATE_MS / 10);
  if (next === undefined || failing === undefined) return null;
  const late = next.items.filter(isToCome).filter((cron) => now - Date.parse(cron.next_run_date) > LATE_MS);
  if (late.length === 0 && failing.total === 0)
    return next.total === 0 ? <p className="muted">No cron is on.</p> : <AllWell />;
  return (
    <>
      {late.length > 0 && <LateCrons crons={late.slice(0, SHOWN)} now={now} />}
      {failing.total > 0 && <FailingCrons crons={failing.items} total={failing.total} />}
    </>
  );
}

const AllWell = () => (
  <p className={classes.well}>
    <CircleCheck size={18} aria-hidden />
    No cron fails, and none is late.
  </p>
);

interface LateCronsProps {
  readonly crons: readonly (ListedCron & { next_run_date: string })[];
  readonly now: number;
}

/** What should have fired already. */
function LateCrons({ crons, now }: LateCronsProps) {
  return (
    <Section title="Late now">
      <ul className={classes.items}>
        {crons.map((cron) => (
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
function FailingCrons({ crons, total }: { crons: readonly ListedCron[]; total: number }) {
  const slotsOf = useLastSlots(
    crons.map((cron) => cron.cron_id),
    SLOTS,
  ).data;
  return (
    <Section
      title="Failing"
      actions={
        total > SHOWN ? <Link href={`${addressOf.crons()}?status=failing`}>All {total}</Link> : undefined
      }
    >
      <ul className={classes.items}>
        {crons.map((cron) => {
          const slots = slotsOf?.get(cron.cron_id) ?? [];
          return (
            <CronItem
              key={cron.cron_id}
              cron={cron}
              below={
                <>
                  <LastError slots={slots} />
                  {`${counted(cron.figures.failures_in_a_row, "failure")} in a row`}
                </>
              }
              beside={
                <div className={classes.last}>
                  {slots.length > 0 && <SlotStrip slots={slots} label="Last times" />}
                </div>
              }
            >
              {cron.next_run_date === null ? (
                <span className="muted">{cron.note ?? "does not fire"}</span>
              ) : (
                <>
                  again <RelativeTime at={cron.next_run_date} cronZone={cron.timezone} />
                </>
              )}
            </CronItem>
          );
        })}
      </ul>
    </Section>
  );
}

/** Why the last run failed, as a link to it. @param slots newest first */
function LastError({ slots }: { slots: readonly Slot[] }) {
  const failed = slots.find((slot) => ["error", "timeout"].includes(outcomeOf(slot)));
  if (failed?.run_id == null) return null;
  return (
    <Link className={classes.error} href={addressOf.run(failed.run_id)}>
      {failed.run?.error ?? "The last run failed"}
    </Link>
  );
}
