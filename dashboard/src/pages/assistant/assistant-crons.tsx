/** The crons that use an assistant. */
import { Table } from "@mantine/core";
import { CalendarClock } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { type CronOfAssistant, useCronsOfAssistant } from "../../api/crons";
import { PagedListing } from "../../components/listing";
import { Section } from "../../components/page";
import { Empty } from "../../components/states";
import { StatusMark } from "../../components/status";
import cells from "../../components/table-cells.module.css";
import { Time } from "../../components/time";
import { cronTitle } from "../../format/cron-title";
import { addressOf } from "../../routes";

const PAGE = 10;

export function AssistantCrons({ assistantId }: { assistantId: string }) {
  const [offset, setOffset] = useState(0);
  return (
    <Section title="Crons that use it">
      <PagedListing
        query={useCronsOfAssistant(assistantId, { limit: PAGE, offset })}
        label="Crons that use it"
        head={
          <>
            <Table.Th>Cron</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Schedule</Table.Th>
            <Table.Th>Next time</Table.Th>
          </>
        }
        row={(cron) => <CronRow key={cron.cron_id} cron={cron} />}
        empty={<Empty Icon={CalendarClock} title="No cron uses this assistant" />}
        offset={offset}
        limit={PAGE}
        onOffset={setOffset}
      />
    </Section>
  );
}

function CronRow({ cron }: { cron: CronOfAssistant }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Link href={addressOf.cron(cron.cron_id)} className={cells.cron}>
          <bdi>{cronTitle(cron, "Cron")}</bdi>
        </Link>
      </Table.Td>
      <Table.Td>
        <StatusMark status={cron.enabled ? "enabled" : "paused"} />
      </Table.Td>
      <Table.Td className="mono nowrap">{cron.schedule}</Table.Td>
      <Table.Td>
        <Time at={cron.next_run_date} cronZone={cron.timezone} />
      </Table.Td>
    </Table.Tr>
  );
}
