/** The page of all assistants: of which graph each is, what it is for, and how many crons use it. */
import { Table } from "@mantine/core";
import { Bot } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useAssistantPage } from "../../api/assistants";
import type { Assistant } from "../../api/types";
import { PagedListing } from "../../components/listing";
import { PageFrame, Section } from "../../components/page";
import { Empty } from "../../components/states";
import { shortName } from "../../format/figures";
import { addressOf } from "../../routes";
import classes from "./assistants-page.module.css";
import { CronCount } from "./cron-count";

const PAGE = 20;

export default function AssistantsPage() {
  const [offset, setOffset] = useState(0);
  const query = useAssistantPage({ limit: PAGE, offset });
  return (
    <PageFrame title="Assistants" below="A graph with a configuration. Each graph has a default one.">
      <Section title="All assistants">
        <PagedListing
          query={query}
          label="Assistants"
          head={
            <>
              <Table.Th>Assistant</Table.Th>
              <Table.Th>Graph</Table.Th>
              <Table.Th>Version</Table.Th>
              <Table.Th>Crons</Table.Th>
              <Table.Th>
                <span className="visually-hidden">Actions</span>
              </Table.Th>
            </>
          }
          row={(assistant) => <AssistantRow key={assistant.assistant_id} assistant={assistant} />}
          empty={
            <Empty Icon={Bot} title="There are no assistants">
              Name a graph in langgraph.json, and it has one.
            </Empty>
          }
          offset={offset}
          limit={PAGE}
          onOffset={setOffset}
        />
      </Section>
    </PageFrame>
  );
}

function AssistantRow({ assistant }: { assistant: Assistant }) {
  const { assistant_id: id, name, description, graph_id: graphId, version } = assistant;
  return (
    <Table.Tr>
      <Table.Td>
        <div className={classes.about}>
          <Link href={addressOf.assistant(id)} className={classes.name}>
            <bdi>{shortName(name)}</bdi>
          </Link>
          {description !== null && <p className={classes.description}>{description}</p>}
        </div>
      </Table.Td>
      <Table.Td className="mono">
        <bdi className={classes.graph}>{graphId}</bdi>
      </Table.Td>
      <Table.Td className="figures">{version}</Table.Td>
      <Table.Td className="figures">
        <CronCount assistantId={id} />
      </Table.Td>
      <Table.Td className="nowrap">
        <Link href={addressOf.newCronWith(id)} aria-label={`New cron with ${shortName(name)}`}>
          New cron
        </Link>
      </Table.Td>
    </Table.Tr>
  );
}
