/** The page of a thread: its state as a conversation and as JSON, how it came about, and its runs. */
import { Tabs } from "@mantine/core";
import { SearchX } from "lucide-react";
import { Link, useSearchParams } from "wouter";
import { isNotFound } from "../../api/http";
import { useRunsOfThread } from "../../api/runs";
import { useThread } from "../../api/threads";
import type { ThreadWithTtl } from "../../api/types";
import { Columns } from "../../components/columns";
import { Interrupts } from "../../components/interrupts/interrupts";
import { PageFrame, Section } from "../../components/page";
import { PendingPage } from "../../components/pending-page";
import { Empty } from "../../components/states";
import { StatusMark } from "../../components/status";
import { RelativeTime } from "../../components/time";
import { shortId, shortName } from "../../format/figures";
import { addressOf, type PageProps } from "../../routes";
import { HistoryTab } from "./history-tab";
import { RunsTab } from "./runs-tab";
import { StateTab } from "./state-tab";
import { ThreadFacts } from "./thread-facts";

const TABS = ["state", "history", "runs"] as const;

export default function ThreadPage({ params: { thread_id: threadId = "" } }: PageProps) {
  const query = useThread(threadId);
  const { data: thread, error } = query;
  // What was read before the thread was deleted is not shown as if it were still there.
  if (thread !== undefined && !isNotFound(error)) return <ShownThread key={threadId} thread={thread} />;
  return (
    <PendingPage
      title={`Thread ${shortId(threadId)}`}
      query={query}
      missing={
        <Empty Icon={SearchX} title="There is no such thread">
          It was deleted, or it went with its run, as the threads of most crons do. Its runs may still be
          found in the list of the runs of their <Link href={addressOf.crons()}>cron</Link>.
        </Empty>
      }
    />
  );
}

function ShownThread({ thread }: { thread: ThreadWithTtl }) {
  const { thread_id: threadId } = thread;
  const [address, setAddress] = useSearchParams();
  const tab = TABS.find((each) => each === address.get("tab")) ?? "state";
  return (
    <PageFrame
      title={titleOf(thread)}
      beside={<StatusMark status={thread.status} />}
      below={
        <>
          Changed <RelativeTime at={thread.updated_at} />
        </>
      }
    >
      <Columns aside={<ThreadFacts thread={thread} />}>
        <Questions thread={thread} />
        <Section title="Contents">
          <Tabs
            value={tab}
            keepMounted={false}
            onChange={(chosen) => {
              setAddress(chosen === null || chosen === "state" ? {} : { tab: chosen }, { replace: true });
            }}
          >
            <Tabs.List mb="md">
              <Tabs.Tab value="state">State</Tabs.Tab>
              <Tabs.Tab value="history">History</Tabs.Tab>
              <Tabs.Tab value="runs">Runs</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="state">
              <StateTab threadId={threadId} />
            </Tabs.Panel>
            <Tabs.Panel value="history">
              <HistoryTab threadId={threadId} />
            </Tabs.Panel>
            <Tabs.Panel value="runs">
              <RunsTab threadId={threadId} />
            </Tabs.Panel>
          </Tabs>
        </Section>
      </Columns>
    </PageFrame>
  );
}

function titleOf({ thread_id: threadId, metadata: { name, title } }: ThreadWithTtl): string {
  const given = [title, name].find((each) => typeof each === "string" && each !== "");
  return typeof given === "string" ? shortName(given) : `Thread ${shortId(threadId)}`;
}

const NEWEST = { limit: 1, offset: 0 };

/** The questions that the thread waits with, for the assistant of its newest run. */
function Questions({ thread }: { thread: ThreadWithTtl }) {
  const newest = useRunsOfThread(thread.thread_id, NEWEST).data?.items[0];
  const interrupts = Object.values(thread.interrupts).flat();
  if (thread.status !== "interrupted" || interrupts.length === 0 || newest === undefined) return null;
  return (
    <Section title="Waits for an answer">
      <Interrupts threadId={thread.thread_id} assistantId={newest.assistant_id} interrupts={interrupts} />
    </Section>
  );
}
