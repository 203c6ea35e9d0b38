/** A table of a list that is read a part at a time: the rows, what stands there when there are none, and the buttons to the other parts. */
import { Button, Group } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { SearchX } from "lucide-react";
import type { ReactNode } from "react";
import type { ListPage } from "../api/http";
import { DataTable } from "./data-table";
import { Pager } from "./pager";
import { Empty, Loaded } from "./states";

interface ListingProps<Item> {
  /** What the table lists, for screen readers. */
  readonly label: string;
  /** A row of `Table.Th`. */
  readonly head: ReactNode;
  /** What stands in the place of the table when there is nothing. */
  readonly empty: ReactNode;
  /** A row of `Table.Td`. It has a key. */
  readonly row: (item: Item) => ReactNode;
}

interface PagedListingProps<Item> extends ListingProps<Item> {
  readonly query: UseQueryResult<ListPage<Item>>;
  readonly offset: number;
  readonly limit: number;
  readonly onOffset: (offset: number) => void;
}

/** The list knows how many there are. */
export function PagedListing<Item>(props: PagedListingProps<Item>) {
  const { query, offset, limit, onOffset } = props;
  return (
    <Loaded query={query} lines={8}>
      {(page) => (
        <>
          <Rows {...props} items={page.items} {...(offset > 0 && { empty: NO_SUCH_PAGE })} />
          <Pager page={page} offset={offset} limit={limit} onOffset={onOffset} />
        </>
      )}
    </Loaded>
  );
}

/** The list has become shorter since the page before was read. */
const NO_SUCH_PAGE = <Empty Icon={SearchX} title="The list has no such page any more" />;

interface SteppedListingProps<Item> extends ListingProps<Item> {
  /** The entries of this part, newest first, and one more if there is an older part. */
  readonly query: UseQueryResult<readonly Item[]>;
  readonly limit: number;
  readonly steps: Steps;
  /** Where the part after this entry begins. */
  readonly endOf: (item: Item) => string;
}

/** The parts of a list that is read from a certain entry on. */
export interface Steps {
  /** The last entry of each part before the one that is shown. */
  readonly ends: readonly string[];
  readonly setEnds: (ends: readonly string[]) => void;
}

/** The list knows only what is older than an entry. */
export function SteppedListing<Item>(props: SteppedListingProps<Item>) {
  const { query, limit, steps, endOf } = props;
  return (
    <Loaded query={query} lines={8}>
      {(found) => {
        const items = found.slice(0, limit);
        const last = items.at(-1);
        return (
          <>
            <Rows {...props} items={items} />
            <StepButtons
              {...steps}
              isOld={query.isPlaceholderData}
              next={found.length > limit && last !== undefined ? endOf(last) : undefined}
            />
          </>
        );
      }}
    </Loaded>
  );
}

function Rows<Item>({
  items,
  label,
  head,
  empty,
  row,
}: ListingProps<Item> & { readonly items: readonly Item[] }) {
  if (items.length === 0) return empty;
  return (
    <DataTable label={label} head={head}>
      {items.map(row)}
    </DataTable>
  );
}

interface StepButtonsProps extends Steps {
  /** Where the older part begins; undefined where there is none. */
  readonly next: string | undefined;
  /** What is shown is still the part before this one, so nobody knows yet where the older part begins. */
  readonly isOld: boolean;
}

/** Nothing where all fits on one page. */
function StepButtons({ ends, setEnds, next, isOld }: StepButtonsProps) {
  if (ends.length === 0 && next === undefined) return null;
  return (
    <Group component="nav" aria-label="Pages" justify="flex-end" gap="xs" mt="sm">
      <Button
        size="xs"
        variant="default"
        disabled={ends.length === 0}
        onClick={() => {
          setEnds(ends.slice(0, -1));
        }}
      >
        Newer
      </Button>
      <Button
        size="xs"
        variant="default"
        disabled={next === undefined}
        // It keeps the focus of the keyboard, which a disabled button does not.
        aria-disabled={isOld}
        onClick={() => {
          if (next !== undefined && !isOld) setEnds([...ends, next]);
        }}
      >
        Older
      </Button>
    </Group>
  );
}
