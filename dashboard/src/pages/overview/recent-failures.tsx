/** The runs that failed last, whoever made them. */
import { CircleCheck } from "lucide-react";
import { Link } from "wouter";
import { useAssistantNames } from "../../api/assistants";
import { useRunPage } from "../../api/runs";
import type { Run } from "../../api/types";
import { Section } from "../../components/page";
import { Empty, Loaded } from "../../components/states";
import { RelativeTime } from "../../components/time";
import { runTitle } from "../../format/cron-title";
import { addressOf } from "../../routes";
import classes from "./overview-page.module.css";

const SHOWN = 6;

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
