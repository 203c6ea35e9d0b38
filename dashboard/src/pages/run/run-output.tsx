/** What a run has made: the values of its state, as far as they are still there. */
import { CloudOff, Hourglass } from "lucide-react";
import { useMemo } from "react";
import { isNotFound } from "../../api/http";
import { isUnderWay } from "../../api/runs";
import { useStateOfRun, useValueBeforeRun } from "../../api/threads";
import type { Run } from "../../api/types";
import { findMessages } from "../../components/conversation/read-messages";
import { Section } from "../../components/page";
import { Empty, Failed, Loading } from "../../components/states";
import { ValuesView } from "../../components/values-view";
import { useLiveValues } from "./use-live-values";

interface RunOutputProps {
  readonly run: Run;
  readonly isThreadGone: boolean;
}

export function RunOutput({ run, isThreadGone }: RunOutputProps) {
  const live = useLiveValues(run);
  const state = useStateOfRun(run.thread_id, run.run_id, isUnderWay(run));
  const values = state.data?.values ?? live;
  const key = useMemo(() => findMessages(values)?.key ?? null, [values]);
  const before = useValueBeforeRun(run.thread_id, run.run_id, isThreadGone ? null : key);
  const isKeptByPageOnly = isThreadGone && values !== undefined && values !== null;
  return (
    <Section title={key === null ? "Output" : "Conversation"}>
      {isKeptByPageOnly && (
        <p className="muted">
          The thread was removed when the run ended. This page still shows what it saw of it; a reload does
          not.
        </p>
      )}
      {values === undefined || values === null ? (
        <NoOutput run={run} isThreadGone={isThreadGone} error={state.error} isLoading={state.isPending} />
      ) : (
        <KnownOutput
          values={values}
          before={before.data}
          isComplete={key === null || isThreadGone || !before.isPending}
        />
      )}
    </Section>
  );
}

interface KnownOutputProps {
  readonly values: unknown;
  /** The messages before the run. */
  readonly before: unknown;
  readonly isComplete: boolean;
}

/** Which messages the run has added is known before any of them is shown, so that none vanishes again. */
function KnownOutput({ values, before, isComplete }: KnownOutputProps) {
  if (!isComplete) return <Loading />;
  return <ValuesView label="Output" values={values} earlier={Array.isArray(before) ? before.length : 0} />;
}

interface NoOutputProps extends RunOutputProps {
  readonly error: Error | null;
  readonly isLoading: boolean;
}

function NoOutput({ run, isThreadGone, error, isLoading }: NoOutputProps) {
  if (isThreadGone || isNotFound(error)) {
    return (
      <Empty Icon={CloudOff} title="The output is gone with its thread">
        {typeof run.metadata.cron_id === "string"
          ? "A cron removes the thread of each run when the run has ended, unless its on_run_completed is “keep”. What its record and the ledger still know is on this page."
          : "The thread of this run was removed. What its record still knows is on this page."}
      </Empty>
    );
  }
  if (error !== null) return <Failed error={error} />;
  if (isLoading) return <Loading />;
  return (
    <Empty
      Icon={Hourglass}
      title={isUnderWay(run) ? "Nothing has come of this run yet" : "This run has written no state"}
    />
  );
}
