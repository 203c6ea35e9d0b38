/** The facts of a thread: of which cron it is, when it was made, and when it goes. */
import { Link } from "wouter";
import { useCronsOnThread, useNamedCron } from "../../api/crons";
import type { ThreadWithTtl } from "../../api/types";
import { Fact, Facts, Id } from "../../components/facts";
import { JsonView } from "../../components/json-view";
import { Section } from "../../components/page";
import { RelativeTime, Time } from "../../components/time";
import { cronTitle } from "../../format/cron-title";
import { counted, shortId } from "../../format/figures";
import { addressOf } from "../../routes";

const CRONS_SHOWN = 5;

export function ThreadFacts({ thread }: { thread: ThreadWithTtl }) {
  const { metadata, ttl } = thread;
  return (
    <Section title="Thread">
      <div className="stack">
        <Facts>
          {typeof metadata.cron_id === "string" ? (
            <CronFact cronId={metadata.cron_id} />
          ) : (
            <CronsOnThread threadId={thread.thread_id} />
          )}
          {typeof metadata.assistant_id === "string" && (
            <Fact name="Assistant">
              <Link href={addressOf.assistant(metadata.assistant_id)}>
                <bdi>
                  {typeof metadata.graph_id === "string" ? metadata.graph_id : shortId(metadata.assistant_id)}
                </bdi>
              </Link>
            </Fact>
          )}
          <Fact name="Made">
            <Time at={thread.created_at} detail="second" />
          </Fact>
          <Fact name="Changed">
            <Time at={thread.updated_at} detail="second" />
          </Fact>
          {ttl != null && (
            <Fact name={ttl.strategy === "delete" ? "Is deleted" : "Keeps its latest state only"}>
              {ttl.expires_at === null ? "after its run" : <RelativeTime at={ttl.expires_at} />}
            </Fact>
          )}
          {thread.error !== null && (
            <Fact name="Error">
              <span className="foreign">{thread.error}</span>
            </Fact>
          )}
          <Fact name="Id">
            <Id id={thread.thread_id} what="thread" />
          </Fact>
        </Facts>
        <JsonView label="Metadata" value={metadata} />
      </div>
    </Section>
  );
}

/** The crons that were made on the thread. Nothing for a thread that no cron runs on. */
function CronsOnThread({ threadId }: { threadId: string }) {
  const page = useCronsOnThread(threadId, CRONS_SHOWN).data;
  if (page === undefined || page.total === 0) return null;
  const others = page.total - page.items.length;
  return (
    <Fact name={page.total === 1 ? "Cron" : "Crons"}>
      {page.items.map((cron) => (
        <div key={cron.cron_id}>
          <Link href={addressOf.cron(cron.cron_id)}>
            <bdi>{cronTitle(cron, "Cron")}</bdi>
          </Link>
        </div>
      ))}
      {others > 0 && <span className="muted">and {counted(others, "other")}</span>}
    </Fact>
  );
}

function CronFact({ cronId }: { cronId: string }) {
  const { data: cron } = useNamedCron(cronId);
  return (
    <Fact name="Cron">
      <Link href={addressOf.cron(cronId)}>
        <bdi>{cron === undefined ? shortId(cronId) : cronTitle(cron, "Cron")}</bdi>
      </Link>
    </Fact>
  );
}
