/** Each attempt at a run, with how it ended. */
import { isUnderWay } from "../../api/runs";
import type { Run } from "../../api/types";
import { LongText } from "../../components/long-text";
import { Section } from "../../components/page";
import { type Status, StatusMark } from "../../components/status";
import { Time } from "../../components/time";
import classes from "./run-page.module.css";

interface Attempt {
  readonly number: number;
  readonly status: Status;
  readonly endedAt: string | null;
  readonly message: string | null;
}

/** Nothing for a run with one attempt, which is the run. */
export function AttemptsSection({ run }: { run: Run }) {
  const attempts = attemptsOf(run);
  if (attempts.length < 2) return null;
  return (
    <Section title="Attempts">
      <ol className={classes.attempts}>
        {attempts.map(({ number, status, endedAt, message }) => (
          <li key={number} className={classes.attempt}>
            <span>{number}</span>
            <StatusMark status={status} />
            {endedAt === null ? null : (
              <span className="muted">
                <Time at={endedAt} detail="second" />
              </span>
            )}
            {message !== null && (
              <div className={classes.message}>
                <LongText isCode text={message} />
              </div>
            )}
          </li>
        ))}
      </ol>
    </Section>
  );
}

function attemptsOf(run: Run): readonly Attempt[] {
  const earlier = (run.earlier_attempts ?? []).map(({ attempt, ended_at: endedAt, error }) => ({
    number: attempt,
    status: error === null && endedAt === null ? ("lost" as const) : ("error" as const),
    endedAt,
    message: error?.message ?? (endedAt === null ? "Its host died." : null),
  }));
  // While the run waits for its next attempt, the last one is among the earlier ones.
  const hasLast = (run.attempts ?? 0) > (earlier.at(-1)?.number ?? 0);
  if (!hasLast) return earlier;
  const endedAt = isUnderWay(run) ? null : run.updated_at;
  const last = {
    number: run.attempts ?? 1,
    status: run.status,
    endedAt,
    message: run.error?.message ?? null,
  };
  return [...earlier, last];
}
