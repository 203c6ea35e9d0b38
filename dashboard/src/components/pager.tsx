/** Which part of a list is shown, and the buttons to the parts before and after it. */
import { Button, Group } from "@mantine/core";
import type { ListPage } from "../api/http";
import { formatCount, totalText } from "../format/figures";

interface PagerProps {
  readonly page: ListPage<unknown>;
  readonly offset: number;
  readonly limit: number;
  readonly onOffset: (offset: number) => void;
}

/** Nothing where all fits on one page. */
export function Pager({ page, offset, limit, onOffset }: PagerProps) {
  const { items, total, next } = page;
  if (offset === 0 && next === null) return null;
  return (
    <Group component="nav" aria-label="Pages" justify="space-between" mt="sm">
      <span className="muted">
        {items.length > 0 && `${formatCount(offset + 1)}–${formatCount(offset + items.length)} of `}
        {totalText(page)}
      </span>
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          disabled={offset === 0}
          onClick={() => {
            onOffset(Math.max(0, offset - limit));
          }}
        >
          Previous
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={next === null}
          onClick={() => {
            // What is shown may still be the page before, and its end is not where the next one begins.
            if (offset + limit < total) onOffset(offset + limit);
          }}
        >
          Next
        </Button>
      </Group>
    </Group>
  );
}
