/** The page of a run: how it goes or went, what it was given, and what came of it. */
import { OctagonX } from "lucide-react";
import { useAssistantNames } from "../../api/assistants";
import { isNotFound } from "../../api/http";
import { isUnderWay, useCancelRun, useRun, useRunsOfThread, useSlotOfRun } from "../../api/runs";
import { useThread } from "../../api/threads";
import type { Cron, Run, Thread } from "../../api/types";
import { Columns } from "../../components/columns";
import { ConfirmButton } from "../../components/confirm";
import { Disclosure } from "../../components/disclosure";
import { JsonView } from "../../components/json-view";
import { useNotice } from "../../components/notices";
import { PageFrame, Section } from "../../components/page";
import { PendingPage } from "../../components/pending-page";
import { StatusMark } from "../../components/status";
import { RelativeTime, Time } from "../../components/time";
import { formatDuration, shortId } from "../../format/figures";
import { latenessOf } from "../../format/lateness";
import type { PageProps } from "../../routes";
import { AttemptsSection } from "./attempts-section";
import { cronTitleOf, useCronOfRun } from "./cron-of-run";
import { MissingRun } from "./missing-run";
import { RunError } from "./run-error";
import { RunFacts } from "./run-facts";
import { RunOutput } from "./run-output";
import { WaitingSection } from "./waiting-section";
import { WebhookSection } from "./webhook-section";

export default function RunPage({ params: { run_id: runId = "" } }: PageProps) {
  const query = useRun(runId);
  if (query.data !== undefined) return <ShownRun key={query.data.run_id} run={query.data} />;
  return <PendingPage title={`Run ${shortId(runId)}`} query={query} missing={<MissingRun />} />;
}

function ShownRun({ run }: { run: Run }) {
  const cron = useCronOfRun(run);
  const slot = useSlotOfRun(run).data;
  const lateness = slot == null ? null : latenessOf(slot);
  const thread = useThread(run.thread_id);
  const isThreadGone = isNotFound(thread.error);
  const isOfCron = typeof run.metadata.cron_id === "string";
  const newest = useNewestRun(run, thread.data !== undefined && !isThreadGone);
  const isNewest = newest?.run_id === run.run_id;
  // A run that stops at a question has succeeded. It is its thread that waits.
  const isAsking =
    isNewest && !isThreadGone && thread.data?.status === "interrupted" && hasQuestions(thread.data);
  return (
    <PageFrame
      title={useTitle(run, cron)}
      beside={<StatusMark status={isAsking ? "asking" : run.status} />}
      below={
        slot == null || slot.origin === "manual" ? (
          <>
            {isOfCron ? "Asked for" : "Made"} <RelativeTime at={run.created_at} />
          </>
        ) : (
          <>
            For <Time at={slot.scheduled_for} cronZone={cron?.timezone ?? null} />
            {lateness !== null && `, ${formatDuration(lateness)} late`}
          </>
        )
      }
      actions={isUnderWay(run) && <CancelButton run={run} />}
    >
      <Columns
        aside={
          <>
            <RunFacts
              run={run}
              cron={cron}
              slot={slot}
              thread={thread.data}
              isThreadGone={isThreadGone}
              later={isNewest || isThreadGone ? undefined : newest}
            />
            <WebhookSection run={run} />
          </>
        }
      >
        {isAsking && thread.data !== undefined && <WaitingSection run={run} thread={thread.data} />}
        <RunError run={run} />
        <AttemptsSection run={run} />
        <RunOutput run={run} isThreadGone={isThreadGone} />
        <RunInput run={run} />
      </Columns>
    </PageFrame>
  );
}

const NEWEST = { limit: 1, offset: 0 };

function useNewestRun(run: Run, isThreadThere: boolean): Run | undefined {
  return useRunsOfThread(run.thread_id, NEWEST, isThreadThere).data?.items[0];
}

const hasQuestions = ({ interrupts }: Thread): boolean => Object.values(interrupts).flat().length > 0;

function useTitle(run: Run, cron: Cron | undefined): string {
  const assistant = useAssistantNames()(run.assistant_id);
  return typeof run.metadata.cron_id === "string"
    ? `Run of ${cronTitleOf(cron, run, assistant)}`
    : `Run of ${assistant}`;
}

function RunInput({ run: { kwargs, metadata } }: { run: Run }) {
  const { input, command, ...others } = kwargs;
  if (Object.keys(kwargs).length === 0) {
    return (
      <Section title="Input">
        <p className="muted">
          The record has no input: its thread was deleted, or only the ledger of the cron still knows of the
          run.
        </p>
      </Section>
    );
  }
  const isCommand = command !== undefined && command !== null;
  return (
    <Section title="Input">
      <div className="stack">
        <JsonView label={isCommand ? "Command" : "Input"} value={isCommand ? command : (input ?? null)} />
        <Disclosure summary="Metadata and configuration">
          <JsonView label="Metadata" value={metadata} />
          <JsonView label="Configuration" value={others} />
        </Disclosure>
      </div>
    </Section>
  );
}

function CancelButton({ run }: { run: Run }) {
  const cancel = useCancelRun(run);
  const notify = useNotice();
  return (
    <ConfirmButton
      label="Cancel run"
      title="Cancel this run?"
      confirmLabel="Cancel the run"
      dismissLabel="Keep it"
      isDangerous
      buttonProps={{ leftSection: <OctagonX size={16} aria-hidden /> }}
      onConfirm={async () => {
        await cancel.mutateAsync(undefined);
        notify("The run is being cancelled.");
      }}
    >
      It stops where it is. What its steps have done already stays done, and its thread keeps their state.
    </ConfirmButton>
  );
}
