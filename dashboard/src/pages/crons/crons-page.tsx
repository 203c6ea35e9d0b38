/** All crons: what each did last, when it fires next, and what it costs. */
import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { CalendarClock, Plus, SearchX } from "lucide-react";
import { Link } from "wouter";
import { useCronCount, useCronPage, useLastSlots } from "../../api/crons";
import { useAssistantNames } from "../../api/assistants";
import { PageFrame } from "../../components/page";
import { Pager } from "../../components/pager";
import { Empty, Loaded } from "../../components/states";
import type { ListPage } from "../../api/http";
import { counted, formatCount, totalText } from "../../format/figures";
import { addressOf } from "../../routes";
import { CronCards } from "./cron-cards";
import { CronFilters } from "./cron-filters";
import { CronTable } from "./cron-table";
import { type CronQuery, searchOf, useCronQuery } from "./cron-query";
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
  const total = useTotal(query, page.data);
  const nameOf = useAssistantNames();
  const List = isNarrow ? CronCards : CronTable;
  return (
    <PageFrame
      title="Crons"
      below={total}
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
              <NoCrons
                isFiltered={query.isFiltered}
                onFirstPage={
                  query.offset === 0
                    ? undefined
                    : () => {
                        change({ offset: 0 });
                      }
                }
              />
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

/** How many crons match, in words. A search counts no further than a thousand; without these filters, the server knows the number. */
function useTotal(query: CronQuery, page: ListPage<unknown> | undefined): string | undefined {
  const { text, metadata, status, assistant } = query;
  const isKnown = text + metadata === "" && status !== "missed";
  const isBound = page !== undefined && totalText(page) !== formatCount(page.total);
  const filters = {
    ...(assistant !== "" && { assistant_id: assistant }),
    ...(status === "failing" && { failing: true }),
    ...((status === "on" || status === "paused") && { enabled: status === "on" }),
  };
  const count = useCronCount(filters, isKnown && isBound).data;
  if (page === undefined) return undefined;
  return isBound && isKnown && count !== undefined
    ? counted(count, "cron")
    : `${totalText(page)} ${page.total === 1 ? "cron" : "crons"}`;
}

interface NoCronsProps {
  readonly isFiltered: boolean;
  /** Goes to the first page; undefined on the first page. */
  readonly onFirstPage: (() => void) | undefined;
}

function NoCrons({ isFiltered, onFirstPage }: NoCronsProps) {
  if (onFirstPage !== undefined) {
    return (
      <Empty Icon={SearchX} title="The list has no such page any more">
        <Button variant="default" size="xs" onClick={onFirstPage}>
          First page
        </Button>
      </Empty>
    );
  }
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
