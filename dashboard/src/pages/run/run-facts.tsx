/** The facts of a run: what made it, when it ran, what it used, and where its thread is. */
import { Link } from "wouter";
import { useAssistantNames } from "../../api/assistants";
import { isUnderWay } from "../../api/runs";
import type { Cron, Run, Slot, Thread } from "../../api/types";
import { useNow } from "../../components/clock";
import { Fact, Facts, Id } from "../../components/facts";
import { Section } from "../../components/page";
import { StatusMark } from "../../components/status";
import { Time } from "../../components/time";
import { formatCount, formatDuration, shortId } from "../../format/figures";
import { latenessOf } from "../../format/lateness";
import { addressOf } from "../../routes";
import { cronTitleOf } from "./cron-of-run";

const ORIGINS: Readonly<Record<Slot["origin"], string>> = {
  schedule: "On schedule",
  catchup: "Made up for after downtime",
  backfill: "Backfilled",
  manual: "By hand",
};

interface RunFactsProps {
  readonly run: Run;
  readonly cron: Cron | undefined;
  readonly slot: Slot | null | undefined;
  readonly thread: Thread | undefined;
  readonly isThreadGone: boolean;
  /** The newest run of the thread, if it is another one. */
  readonly later: Run | undefined;
}

export function RunFacts({ run, cron, slot, thread, isThreadGone, later }: RunFactsProps) {
  const assistant = useAssistantNames()(run.assistant_id);
  const { cron_id: cronId } = run.metadata;
  return (
    <Section title="Run">
      <Facts>
        <Fact name="Assistant">
          <Link href={addressOf.assistant(run.assistant_id)}>
            <bdi>{assistant}</bdi>
          </Link>
        </Fact>
        {typeof cronId === "string" && (
          <Fact name="Cron">
            <Link href={addressOf.cron(cronId)}>
              <bdi>{cronTitleOf(cron, run, assistant)}</bdi>
            </Link>
          </Fact>
        )}
        {slot != null && <SlotFacts slot={slot} cron={cron} />}
        <Fact name="Thread">
          {isThreadGone ? (
            <span className="muted">gone</span>
          ) : (
            <>
              <Link href={addressOf.thread(run.thread_id)}>{shortId(run.thread_id)}</Link>{" "}
              {thread !== undefined && <StatusMark status={thread.status} />}
            </>
          )}
        </Fact>
        {later !== undefined && (
          <Fact name="Newest run">
            <Link href={addressOf.run(later.run_id)}>{shortId(later.run_id)}</Link>{" "}
            <StatusMark status={later.status} />
          </Fact>
        )}
        <Fact name="Made">
          <Time at={run.created_at} detail="second" />
        </Fact>
        {!isUnderWay(run) && (
          <Fact name="Ended">
            <Time at={run.updated_at} detail="second" />
          </Fact>
        )}
        <Fact name="Took">
          <Duration run={run} slot={slot ?? null} />
        </Fact>
        <Fact name="Attempts">{run.attempts ?? "not counted"}</Fact>
        <Fact name="Tokens">
          {run.usage === undefined
            ? "none"
            : `${formatCount(run.usage.input_tokens)} in, ${formatCount(run.usage.output_tokens)} out`}
        </Fact>
        <Fact name="Id">
          <Id id={run.run_id} what="run" />
        </Fact>
      </Facts>
    </Section>
  );
}

function SlotFacts({ slot, cron }: { slot: Slot; cron: Cron | undefined }) {
  const isByHand = slot.origin === "manual";
  const lateness = latenessOf(slot);
  return (
    <>
      <Fact name={isByHand ? "Asked for" : "Slot"}>
        <Time at={slot.scheduled_for} detail="second" cronZone={cron?.timezone ?? null} />
      </Fact>
      <Fact name="Why">
        {ORIGINS[slot.origin]}
        {slot.requested_by !== null && (
          <>
            , by <bdi>{slot.requested_by}</bdi>
          </>
        )}
      </Fact>
      {lateness !== null && <Fact name="Lateness">{formatDuration(lateness)}</Fact>}
    </>
  );
}

/** From the start of its first attempt, where the ledger knows it; otherwise from when the run was made. */
function Duration({ run, slot }: { run: Run; slot: Slot | null }) {
  const now = useNow();
  if (slot?.run?.duration_ms != null) return formatDuration(slot.run.duration_ms);
  const end = isUnderWay(run) ? now : Date.parse(run.updated_at);
  return (
    <span className="figures" title="From when it was made: with the time for which it waited to start">
      {formatDuration(Math.max(0, end - Date.parse(run.created_at)))}
    </span>
  );
}
