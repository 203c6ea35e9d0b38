/** The crons that one should look at now: what is late, what fails and why, and what missed a time. Where there is none, it says so. */
import { CircleCheck } from "lucide-react";
import { Link } from "wouter";
import { type ListedCron, useCronPage, useLastSlots, useMissedCrons } from "../../api/crons";
import type { ListPage } from "../../api/http";
import type { Slot } from "../../api/types";
import { useNow } from "../../components/clock";
import { Section } from "../../components/page";
import { SlotStrip } from "../../components/slot-strip";
import { outcomeOf } from "../../components/status";
import { RelativeTime, Time } from "../../components/time";
import { counted, totalText } from "../../format/figures";
import { formatSpan } from "../../format/time";
import { addressOf } from "../../routes";
import { CronItem } from "./cron-item";
import { isToCome, useNextCrons } from "./next-crons";
import { MISSED_SHOWN, MissedCrons } from "./missed-crons";
import classes from "./overview-page.module.css";

const SHOWN = 6;
const SLOTS = 12;
/** Alarms are some seconds late at most, unless one was lost. */
const LATE_MS = 60_000;

export function TroubledCrons() {
  const next = useNextCrons().data;
  const failing = useCronPage({ failing: true, limit: SHOWN, offset: 0 }).data;
  const { data: missed, isPending } = useMissedCrons(MISSED_SHOWN);
  const now = useNow(LATE_MS / 10);
  if (next === undefined || failing === undefined || isPending) return null;
  const late = next.items.filter(isToCome).filter((cron) => now - Date.parse(cron.next_run_date) > LATE_MS);
  const hasMissed = missed !== undefined && missed.total > 0;
  if (late.length === 0 && failing.total === 0 && !hasMissed) {
    if (next.total === 0) return <p className="muted">No cron is on.</p>;
    return <AllWell isMissedKnown={missed !== undefined} />;
  }
  return (
    <>
      {late.length > 0 && <LateCrons crons={late.slice(0, SHOWN)} now={now} />}
      {failing.total > 0 && <FailingCrons page={failing} />}
      {hasMissed && <MissedCrons page={missed} />}
    </>
  );
}

const AllWell = ({ isMissedKnown }: { isMissedKnown: boolean }) => (
  <p className={classes.well}>
    <CircleCheck size={18} aria-hidden />
    {isMissedKnown
      ? "No cron fails or is late, and none missed a time in the last 24 hours."
      : "No cron fails, and none is late."}
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
function FailingCrons({ page }: { page: ListPage<ListedCron> }) {
  const crons = page.items;
  const slotsOf = useLastSlots(
    crons.map((cron) => cron.cron_id),
    SLOTS,
  ).data;
  return (
    <Section
      title="Failing"
      actions={
        page.next !== null && <Link href={`${addressOf.crons()}?status=failing`}>All {totalText(page)}</Link>
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
