/** What became of a cron's slots, and its runs, each in a tab. */
import { Tabs } from "@mantine/core";
import type { Cron } from "../../api/types";
import { Section } from "../../components/page";
import { Ledger } from "./ledger";
import { Runs } from "./runs";

export function History({ cron }: { cron: Cron }) {
  return (
    <Section title="History">
      <Tabs defaultValue="ledger" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="ledger">Ledger</Tabs.Tab>
          <Tabs.Tab value="runs">Runs</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="ledger">
          <Ledger cron={cron} />
        </Tabs.Panel>
        <Tabs.Panel value="runs">
          <Runs cronId={cron.cron_id} />
        </Tabs.Panel>
      </Tabs>
    </Section>
  );
}
