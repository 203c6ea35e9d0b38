/** Parts of a cron in the list, which the table and the cards have in common. */
import { Link } from "wouter";
import type { ListedCron } from "../../api/crons";
import type { Slot } from "../../api/types";
import { useNow } from "../../components/clock";
import { SlotStrip } from "../../components/slot-strip";
import { type Status, StatusMark } from "../../components/status";
import { RelativeTime, Time } from "../../components/time";
import { cronTitle } from "../../format/cron-title";
import { counted, formatShort } from "../../format/figures";
import { forecastInWords, forecastTokens } from "../../format/forecast";
import { shortDescription } from "../../format/schedule-words";
import { formatSpan } from "../../format/time";
import { addressOf } from "../../routes";
import classes from "./crons-page.module.css";

export interface CronListProps {
  readonly crons: readonly ListedCron[];
  /** The last slots of a cron; undefined until they are known. */
  readonly slotsOf: (cronId: string) => readonly Slot[] | undefined;
  /** The name of an assistant. */
  readonly nameOf: (assistantId: string) => string;
}

/** A slot that is so late may have been forgotten: its alarm is at most some seconds late otherwise. */
export const LATE_MS = 60_000;
const LATE_CHECK_MS = 5_000;

export function CronName({ cron, assistant }: { cron: ListedCron; assistant: string }) {
  const title = cronTitle(cron, assistant);
  return (
    <div className={classes.name}>
      <Link href={addressOf.cron(cron.cron_id)}>{title}</Link>
      <div className={classes.sub}>
        <bdi>{assistant}</bdi>
        {cron.thread_id !== null && " · on a thread"}
      </div>
    </div>
  );
}

export const CronSchedule = ({ cron }: { cron: ListedCron }) => (
  <>
    <div title={cron.schedule}>{shortDescription(cron.schedule_description)}</div>
    <div className={classes.sub}>{cron.timezone ?? "UTC"}</div>
  </>
);

/** When it fires next. What should have fired already says how late it is. */
export function NextTime({ cron }: { cron: ListedCron }) {
  const now = useNow(LATE_CHECK_MS);
  const { next_run_date: next, timezone } = cron;
  if (next === null) return <span className="muted">–</span>;
  const late = now - Date.parse(next);
  return (
    <>
      <div>
        {late > LATE_MS ? (
          <span className={classes.bad}>late by {formatSpan(late)}</span>
        ) : (
          <RelativeTime at={next} cronZone={timezone ?? "UTC"} />
        )}
      </div>
      <div className={classes.sub}>
        <Time at={next} cronZone={timezone ?? "UTC"} />
      </div>
    </>
  );
}

export function LastSlots({ slots, title }: { slots: readonly Slot[] | undefined; title: string }) {
  if (slots === undefined) return <span className="muted">…</span>;
  return <SlotStrip slots={slots} label={`Last times of ${title}`} />;
}

/** What it used today, and what its schedule will use. */
export function CronTokens({ cron }: { cron: ListedCron }) {
  const { figures, times_in_30_days: times } = cron;
  return (
    <>
      <div>{formatShort(figures.tokens.today)}</div>
      {cron.enabled && (
        <div className={classes.sub} title={forecastInWords(figures, times)}>
          {forecastTokens(figures, times)} in 30 d
        </div>
      )}
    </>
  );
}

const statusOf = (cron: ListedCron): Status => {
  if (!cron.enabled) return "paused";
  return cron.next_run_date === null ? "ended" : "enabled";
};

/** Whether it fires. */
export const CronState = ({ cron }: { cron: ListedCron }) => <StatusMark status={statusOf(cron)} />;

/** Why it does not fire, and how many of its last runs failed. */
export function CronTrouble({ cron }: { cron: ListedCron }) {
  const failures = cron.figures.failures_in_a_row;
  return (
    <>
      {!cron.enabled && cron.note !== null && <div className={classes.note}>{cron.note}</div>}
      {failures > 0 && <div className={`${classes.bad} nowrap`}>{counted(failures, "failure")} in a row</div>}
    </>
  );
}
