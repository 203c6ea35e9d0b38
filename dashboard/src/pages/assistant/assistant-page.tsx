/** The page of an assistant: its configuration, its versions, the schemas of its graph, and the crons that use it. */
import { Button } from "@mantine/core";
import { CalendarPlus, SearchX } from "lucide-react";
import { Link } from "wouter";
import { useAssistant } from "../../api/assistants";
import type { Assistant } from "../../api/types";
import { Columns } from "../../components/columns";
import { Fact, Facts, Id } from "../../components/facts";
import { JsonView } from "../../components/json-view";
import { PageFrame, Section } from "../../components/page";
import { PendingPage } from "../../components/pending-page";
import { Empty } from "../../components/states";
import { Time } from "../../components/time";
import { shortId, shortName } from "../../format/figures";
import { addressOf, type PageProps } from "../../routes";
import { AssistantCrons } from "./assistant-crons";
import { Schemas } from "./schemas";
import { Versions } from "./versions";

export default function AssistantPage({ params: { assistant_id: id = "" } }: PageProps) {
  const query = useAssistant(id);
  if (query.data !== undefined) return <ShownAssistant key={id} assistant={query.data} />;
  return (
    <PendingPage
      title={`Assistant ${shortId(id)}`}
      query={query}
      missing={
        <Empty Icon={SearchX} title="There is no such assistant">
          <Link href={addressOf.assistants()}>All assistants</Link>
        </Empty>
      }
    />
  );
}

function ShownAssistant({ assistant }: { assistant: Assistant }) {
  return (
    <PageFrame
      title={shortName(assistant.name)}
      below={assistant.description !== null && <span className="foreign">{assistant.description}</span>}
      actions={
        <Button
          renderRoot={(props) => <Link href={addressOf.newCronWith(assistant.assistant_id)} {...props} />}
          leftSection={<CalendarPlus size={16} aria-hidden />}
        >
          New cron with it
        </Button>
      }
    >
      <Columns
        aside={
          <Section title="Assistant">
            <Facts>
              <Fact name="Graph">
                <bdi className="mono">{assistant.graph_id}</bdi>
              </Fact>
              <Fact name="Version">{assistant.version}</Fact>
              <Fact name="Made">
                <Time at={assistant.created_at} />
              </Fact>
              <Fact name="Changed">
                <Time at={assistant.updated_at} />
              </Fact>
              <Fact name="Id">
                <Id id={assistant.assistant_id} what="assistant" />
              </Fact>
            </Facts>
          </Section>
        }
      >
        <AssistantCrons assistantId={assistant.assistant_id} />
        <Section title="Configuration">
          <div className="stack">
            <JsonView label="Configuration" value={assistant.config} />
            {Object.keys(assistant.context).length > 0 && (
              <JsonView label="Context" value={assistant.context} />
            )}
            <JsonView label="Metadata" value={assistant.metadata} />
          </div>
        </Section>
        <Versions assistant={assistant} />
        <Schemas assistantId={assistant.assistant_id} />
      </Columns>
    </PageFrame>
  );
}
