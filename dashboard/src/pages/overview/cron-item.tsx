/** A cron as an entry of a list of the overview. */
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useAssistantNames } from "../../api/assistants";
import type { ListedCron } from "../../api/crons";
import { cronTitle } from "../../format/cron-title";
import { addressOf } from "../../routes";
import classes from "./overview-page.module.css";

interface CronItemProps {
  readonly cron: ListedCron;
  /** Below its name. */
  readonly below: ReactNode;
  /** Between its name and the end of the line. */
  readonly beside?: ReactNode;
  /** At the end of the line. */
  readonly children: ReactNode;
}

export function CronItem({ cron, below, beside, children }: CronItemProps) {
  const nameOf = useAssistantNames();
  return (
    <li className={classes.item}>
      <div className={classes.what}>
        <Link href={addressOf.cron(cron.cron_id)}>{cronTitle(cron, nameOf(cron.assistant_id))}</Link>
        <div className={classes.sub}>{below}</div>
      </div>
      {beside}
      <div className={classes.when}>{children}</div>
    </li>
  );
}
