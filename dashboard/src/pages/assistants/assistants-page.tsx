/** The page of all assistants: of which graph each is, what it is for, and how many crons use it. */
import { Table } from "@mantine/core";
import { Bot } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useAssistantPage } from "../../api/assistants";
import type { Assistant } from "../../api/types";
import { DataTable } from "../../components/data-table";
import { PageFrame, Section } from "../../components/page";
import { Pager } from "../../components/pager";
import { Empty, Loaded } from "../../components/states";
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
        <Loaded query={query} lines={6}>
          {(page) => (
            <>
              {page.items.length === 0 ? (
                <Empty Icon={Bot} title="There are no assistants">
                  Name a graph in langgraph.json, and it has one.
                </Empty>
              ) : (
                <AssistantTable assistants={page.items} />
              )}
              <Pager page={page} offset={offset} limit={PAGE} onOffset={setOffset} />
            </>
          )}
        </Loaded>
      </Section>
    </PageFrame>
  );
}

function AssistantTable({ assistants }: { assistants: readonly Assistant[] }) {
  return (
    <DataTable
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
    >
      {assistants.map((assistant) => (
        <Table.Tr key={assistant.assistant_id}>
          <Table.Td>
            <div className={classes.about}>
              <Link href={addressOf.assistant(assistant.assistant_id)} className={classes.name}>
                <bdi>{assistant.name}</bdi>
              </Link>
              {assistant.description !== null && (
                <p className={classes.description}>{assistant.description}</p>
              )}
            </div>
          </Table.Td>
          <Table.Td className="mono">
            <bdi className={classes.graph}>{assistant.graph_id}</bdi>
          </Table.Td>
          <Table.Td className="figures">{assistant.version}</Table.Td>
          <Table.Td className="figures">
            <CronCount assistantId={assistant.assistant_id} />
          </Table.Td>
          <Table.Td className="nowrap">
            <Link
              href={addressOf.newCronWith(assistant.assistant_id)}
              aria-label={`New cron with ${assistant.name}`}
            >
              New cron
            </Link>
          </Table.Td>
        </Table.Tr>
      ))}
    </DataTable>
  );
}
