/** All crons: what each did last, when it fires next, and what it costs. */
import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { CalendarClock, Plus, SearchX } from "lucide-react";
import { Link } from "wouter";
import { useLastSlots, useCronPage } from "../../api/crons";
import { useAssistantNames } from "../../api/assistants";
import { PageFrame } from "../../components/page";
import { Pager } from "../../components/pager";
import { Empty, Loaded } from "../../components/states";
import { counted } from "../../format/figures";
import { addressOf } from "../../routes";
import { CronCards } from "./cron-cards";
import { CronFilters } from "./cron-filters";
import { CronTable } from "./cron-table";
import { searchOf, useCronQuery } from "./cron-query";
import classes from "./crons-page.module.css";

/** So many are shown at a time: each takes a call of its object for its last slots. */
const PAGE_SIZE = 25;
const SLOTS = 20;
/** Narrower, a table would have to be scrolled sideways. */
const NARROW = "(max-width: 60rem)";

export default function CronsPage() {
  const { query, change } = useCronQuery();
  const isNarrow = useMediaQuery(NARROW);
  const page = useCronPage({ ...searchOf(query), limit: PAGE_SIZE });
  const crons = page.data?.items ?? [];
  const lastSlots = useLastSlots(
    crons.map((cron) => cron.cron_id),
    SLOTS,
  );
  const nameOf = useAssistantNames();
  const List = isNarrow ? CronCards : CronTable;
  return (
    <PageFrame
      title="Crons"
      below={page.data === undefined ? undefined : counted(page.data.total, "cron")}
      actions={
        <Button component={Link} href={addressOf.newCron()} leftSection={<Plus size={16} aria-hidden />}>
          New cron
        </Button>
      }
    >
      <section className={classes.list} aria-label="Crons">
        <CronFilters query={query} onChange={change} />
        <Loaded query={page} lines={10}>
          {(found) =>
            found.items.length === 0 ? (
              <NoCrons isFiltered={query.isFiltered} />
            ) : (
              <>
                <List crons={found.items} slotsOf={(cronId) => lastSlots.data?.get(cronId)} nameOf={nameOf} />
                <div className={classes.pager}>
                  <Pager
                    page={found}
                    offset={query.offset}
                    limit={PAGE_SIZE}
                    onOffset={(offset) => {
                      change({ offset });
                    }}
                  />
                </div>
              </>
            )
          }
        </Loaded>
      </section>
    </PageFrame>
  );
}

function NoCrons({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty Icon={SearchX} title="No cron matches">
        Try another text, or fewer filters.
      </Empty>
    );
  }
  return (
    <Empty Icon={CalendarClock} title="There are no crons yet">
      <Link href={addressOf.newCron()}>Make the first one</Link>, declare crons in langgraph.json, or create
      them with a LangGraph SDK.
    </Empty>
  );
}
