/** The crons that missed a slot in the last 24 hours: its time passed, and no run was made for it. */
import { Link } from "wouter";
import { type ListedCron, useLastSlots } from "../../api/crons";
import type { ListPage } from "../../api/http";
import { Section } from "../../components/page";
import { SlotStrip } from "../../components/slot-strip";
import { Time } from "../../components/time";
import { counted, totalText } from "../../format/figures";
import { addressOf } from "../../routes";
import { CronItem } from "./cron-item";
import classes from "./overview-page.module.css";

export const MISSED_SHOWN = 6;
const SLOTS = 12;

export function MissedCrons({ page }: { page: ListPage<ListedCron> }) {
  const slotsOf = useLastSlots(
    page.items.map((cron) => cron.cron_id),
    SLOTS,
  ).data;
  return (
    <Section
      title="Missed in the last 24 hours"
      actions={
        page.next !== null && <Link href={`${addressOf.crons()}?status=missed`}>All {totalText(page)}</Link>
      }
    >
      <ul className={classes.items}>
        {page.items.map((cron) => {
          const slots = slotsOf?.get(cron.cron_id) ?? [];
          const reason = slots.find(({ status }) => status === "missed")?.reason;
          return (
            <CronItem
              key={cron.cron_id}
              cron={cron}
              below={
                <>
                  {reason != null && <div className={classes.error}>{reason}</div>}
                  {counted(cron.figures.slots.missed, "time")} missed since it was made
                </>
              }
              beside={
                <div className={classes.last}>
                  {slots.length > 0 && <SlotStrip slots={slots} label="Last times" />}
                </div>
              }
            >
              last <Time at={cron.figures.last_missed_slot} cronZone={cron.timezone} />
            </CronItem>
          );
        })}
      </ul>
    </Section>
  );
}
